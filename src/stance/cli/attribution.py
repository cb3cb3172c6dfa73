"""Attribution at the command line: train a tagger, score rules and tagger on annotated articles."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stance.evaluation.attribution.scoring import Scored

RULES = "rules"
"""What `stance evaluate` takes in place of a tagger to score the rules alone."""


def train(
    raw: Mapping[str, Any], source: str, root: Path, resume: bool, download: bool, as_json: bool
) -> None:
    """Train a tagger from parsed settings and print what it is worth."""
    from stance.cli import console
    from stance.files import read_json, write_text
    from stance.report.attribution import attribution_page
    from stance.runs.attribution import parse_attribution_config, train_attribution
    from stance.runs.folder import RUN_FILE

    config = parse_attribution_config(raw, source=source)
    with console.reporting() as reporter:
        done = train_attribution(
            config, root=root, resume=resume, download=download, argv=sys.argv, reporter=reporter
        )
    page = done.folder / "report.html"
    data = Path(config.data.test or config.data.path).name
    facts = read_json(done.folder / RUN_FILE)
    write_text(page, attribution_page(done.scores, data=data, facts=facts))
    show(done.scores, as_json)
    console.err.print(f"run: {done.folder}   report: {page}", markup=False, highlight=False)


def evaluate(
    model: str, data: str, root: Path, split: str | None, html: Path | None, as_json: bool
) -> None:
    """Score a tagger with and without the rules, or the rules alone, on annotated articles."""
    from stance.cli import console
    from stance.corpus.annotated import read_annotated
    from stance.errors import InputError
    from stance.files import write_text
    from stance.models.tagger.store import find_tagger, load_tagger
    from stance.report.attribution import attribution_page
    from stance.runs.attribution import score_all

    tagger = None if model == RULES else load_tagger(find_tagger(model, root))
    given = list(read_annotated(data))
    articles = [item for part, item in given if split is None or part == split]
    if not articles:
        raise InputError(
            f"{data}: no annotated articles" + (f" in split {split!r}" if split else "")
        )
    with console.reporting() as reporter:
        scores = score_all(articles, tagger, reporter)
    if html is not None:
        write_text(html, attribution_page(scores, data=Path(data).name))
        console.err.print(f"error browser: {html}", markup=False, highlight=False)
    show(scores, as_json)


def show(scores: Mapping[str, Scored], as_json: bool) -> None:
    """Print scores as tables, or as JSON."""
    from stance.cli import console
    from stance.report.attribution import quote_table, rule_table, scores_table
    from stance.report.tables import text_of

    if as_json:
        console.print_json({name: item.to_json() for name, item in scores.items()})
        return
    last = list(scores.values())[-1]
    for table in (scores_table(scores), quote_table(scores), rule_table(last)):
        # Three intervals do not fit into eighty columns; --json and the page have them.
        rows = [
            [
                text_of(getattr(value, "estimate", value), column.kind)
                for value, column in zip(row, table.columns, strict=True)
            ]
            for row in table.rows
        ]
        titles = [column.title for column in table.columns]
        console.print_table(table.caption, titles, rows, right=range(1, len(titles)))
