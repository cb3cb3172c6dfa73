"""`stance attribution`: train a tagger of who says what, score it and the rules."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stance.cli.runs import AsJson, Download, Overrides, Resume, Root

if TYPE_CHECKING:
    from stance.evaluation.attribution.scoring import Scored

RULES = "rules"
"""What `stance attribution score` takes in place of a tagger to score the rules alone."""

app = typer.Typer(no_args_is_help=True, help="Who says what: train a tagger, score it, the rules.")


@app.command()
def train(
    config: Annotated[
        str, typer.Argument(help="Configuration file, such as configs/attribution.yaml.")
    ],
    overrides: Overrides = None,
    root: Root = Path("runs"),
    resume: Resume = False,
    download: Download = False,
    as_json: AsJson = False,
) -> None:
    """Train a tagger of who says what, and score it with and without the rules."""
    from stance.cli import console
    from stance.config import read_settings
    from stance.files import read_json, write_text
    from stance.report.attribution import attribution_page
    from stance.runs.attribution import parse_attribution_config, train_attribution
    from stance.runs.folder import RUN_FILE

    settings = parse_attribution_config(read_settings(config, overrides or ()), source=config)
    with console.reporting() as reporter:
        done = train_attribution(
            settings, root=root, resume=resume, download=download, argv=sys.argv, reporter=reporter
        )
    page = done.folder / "report.html"
    data = Path(settings.data.test or settings.data.path).name
    facts = read_json(done.folder / RUN_FILE)
    write_text(page, attribution_page(done.scores, data=data, facts=facts))
    show(done.scores, as_json)
    console.err.print(f"run: {done.folder}   report: {page}", markup=False, highlight=False)


@app.command()
def score(
    scorer: Annotated[str, typer.Argument(help="A tagger's run, or `rules`.")],
    data: Annotated[
        str, typer.Argument(help="Annotated articles: a folder such as data/, or PolNeAR.")
    ],
    split: Annotated[str | None, typer.Option(help="Only articles of this split.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write an error browser here.")] = None,
    root: Root = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Score a tagger with and without the rules, or the rules alone, on annotated articles."""
    from stance.cli import console
    from stance.corpus.annotated import read_annotated
    from stance.errors import InputError
    from stance.files import require_apart, write_text
    from stance.models.tagger.store import load_tagger
    from stance.report.attribution import attribution_page
    from stance.runs.attribution import score_all
    from stance.runs.find import find_tagger

    if html is not None:
        require_apart(html, [data])
    tagger = None if scorer == RULES else load_tagger(find_tagger(scorer, root))
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
