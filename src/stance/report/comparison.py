"""A comparison of runs or models as tables, and as one page without script or network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stance.evaluation.compare import RELATION_SCORE, flips_by_label
from stance.evaluation.resampling import Interval
from stance.files import write_json, write_text
from stance.report.colors import variables
from stance.report.markup import environment
from stance.report.tables import FORMATS, Column, Table, bounds_of, text_of
from stance.runs.comparison import Flip, RunComparison

SHOWN_FLIPS = 40
"""How many rows of each pair and kind of change the page quotes; the CSV has them all."""
_TITLES = {
    "macro_f1": "macro-F1", "accuracy": "accuracy", RELATION_SCORE: "macro-F1 of relations",
    "weighted_f1": "weighted F1", "micro_f1": "micro-F1", "mcc": "MCC",
    "balanced_accuracy": "balanced accuracy",
}  # fmt: skip


def title_of(score: str) -> str:
    """Name a score as people do."""
    return _TITLES.get(score, score)


def difference_table(found: RunComparison, score: str) -> Table:
    """Every pair by one score: both values, the difference, its interval and p-values."""
    rows = []
    for pair in found.pairs:
        gap = pair.gaps[score]
        rows.append(
            [pair.base, pair.new, gap.base, gap.new, gap.difference, gap.p_value, gap.p_holm]
        )
    columns = [
        Column("A"), Column("B"), Column("A's score", "score"), Column("B's score", "score"),
        Column("B minus A", "signed"), Column("p", "p"), Column("p (Holm)", "p"),
    ]  # fmt: skip
    level = text_of(found.level, "share")
    return Table(
        f"{found.task}-{score.replace('_', '-')}",
        f"{title_of(score)} on {found.task}: {found.n_rows} rows of {found.n_groups} articles",
        columns,
        rows,
        f"In brackets {level} intervals from resampling whole articles, both models on the same "
        "ones; p from swapping whole articles between the two, corrected by Holm over this table. "
        "Scores are means over seeds.",
        heads=2,
    )


def rows_table(found: RunComparison) -> Table:
    """Every pair by the rows that flip, with McNemar's test, and by the order of its seeds."""
    several = any(pair.order for pair in found.pairs)
    rows: list[list[Any]] = []
    for pair in found.pairs:
        flips = pair.flips
        cells: list[Any] = [
            pair.base, pair.new, len(flips.fixed), len(flips.broken), len(flips.moved),
            pair.mcnemar.p_value, pair.mcnemar_holm,
        ]  # fmt: skip
        if several:
            cells += [pair.order.ratio if pair.order else None]
            cells += [pair.order.upper if pair.order else None]
        rows.append(cells)
    columns = [
        Column("A"), Column("B"), Column("fixed by B", "count"), Column("broken by B", "count"),
        Column("both wrong", "count"), Column("McNemar p", "p"), Column("p (Holm)", "p"),
    ]  # fmt: skip
    note = (
        "Fixed: only B is right; broken: only A is; both wrong: two different wrong labels. "
        "McNemar takes rows as independent and is too sure where articles have several. "
        "A model of several seeds answers with the mean of their probabilities."
    )
    if several:
        columns += [Column("violation", "score"), Column("its upper bound", "score")]
        note += (
            f" Violation: how much speaks against B's seeds having the higher {found.metric} "
            "(almost stochastic order); an upper bound under 0.5 favours B, under 0.2 strongly."
        )
    return Table(f"{found.task}-rows", f"Rows whose {found.task} label differs", columns, rows,
                 note, heads=2)  # fmt: skip


def labels_table(found: RunComparison) -> Table:
    """Fixed and broken rows by gold label."""
    rows = []
    for pair in found.pairs:
        counts = flips_by_label(pair.flips, found.truth, len(found.labels))
        for name, (every, fixed, broken, moved) in zip(found.labels, counts, strict=True):
            rows.append([pair.base, pair.new, name, every, fixed, broken, moved, fixed - broken])
    columns = [
        Column("A"), Column("B"), Column("gold label", "label"), Column("rows", "count"),
        Column("fixed by B", "count"), Column("broken by B", "count"),
        Column("both wrong", "count"), Column("net", "count"),
    ]  # fmt: skip
    return Table(f"{found.task}-flips-by-label", f"Flips by gold {found.task}", columns, rows,
                 heads=3)  # fmt: skip


def flips_table(found: RunComparison) -> Table:
    """Every row that flips, with its sentence where the rows are at hand."""
    columns = [
        Column("A"), Column("B"), Column("change"), Column("row"), Column("gold", "label"),
        Column("A's label", "label"), Column("A's probability", "score"),
        Column("B's label", "label"), Column("B's probability", "score"),
    ]  # fmt: skip
    texts = any(flip.text for flip in found.flips)
    if texts:
        columns += [Column("holder"), Column("sentence")]
    rows = [
        [
            flip.base, flip.new, flip.change, flip.id, flip.gold, flip.base_label,
            flip.base_probability, flip.new_label, flip.new_probability,
            *([flip.actor, flip.text] if texts else []),
        ]
        for flip in found.flips
    ]  # fmt: skip
    return Table(f"{found.task}-flips", f"Rows whose {found.task} label differs, one by one",
                 columns, rows, heads=4)  # fmt: skip


def tables_of(found: RunComparison) -> list[Table]:
    """Return every table, the one of the wanted score first."""
    differences = [difference_table(found, score) for score in found.scores]
    return [*differences, rows_table(found), labels_table(found), flips_table(found)]


def to_json(found: RunComparison) -> dict[str, Any]:
    """Return the comparison as JSON types; not-a-number becomes null."""
    pairs = []
    for pair in found.pairs:
        entry: dict[str, Any] = {
            "base": pair.base,
            "new": pair.new,
            "scores": {name: asdict(gap) for name, gap in pair.gaps.items()},
            "mcnemar": {**asdict(pair.mcnemar), "p_holm": pair.mcnemar_holm},
            "stochastic_order": asdict(pair.order) if pair.order else None,
            "by_label": {
                name: dict(zip(("rows", "fixed", "broken", "moved"), counts, strict=True))
                for name, counts in zip(
                    found.labels,
                    flips_by_label(pair.flips, found.truth, len(found.labels)),
                    strict=True,
                )
            },
        }
        pairs.append(entry)
    made = {
        "task": found.task, "metric": found.metric, "level": found.level, "rows": found.n_rows,
        "articles": found.n_groups, "dropped": dict(found.dropped), "notes": list(found.notes),
        "pairs": pairs, "flips": [asdict(flip) for flip in found.flips],
    }  # fmt: skip
    return dict(_without_nan(made))


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and value != value else value


def render(found: RunComparison) -> str:
    """Return the page: differences, flips by label, and the surest flips with their sentences."""
    labels = {found.task: found.label_set.labels}
    return (
        environment()
        .get_template("comparison.html.jinja")
        .render(
            found=found,
            differences=[difference_table(found, score) for score in found.scores],
            rows=rows_table(found),
            by_label=labels_table(found),
            quoted=_quoted(found.flips),
            counts=Counter((flip.base, flip.new, flip.change) for flip in found.flips),
            swatches={
                name: f"--{found.task}-{at}" for at, name in enumerate(found.label_set.names)
            },
            light=variables(labels, "light"),
            dark=variables(labels, "dark"),
            is_interval=lambda value: isinstance(value, Interval),
            text_of=text_of,
            bounds_of=bounds_of,
        )
    )


def _quoted(flips: Sequence[Flip]) -> dict[tuple[str, str, str], list[Flip]]:
    """The first flips of each pair and kind, those where both are wrong left out."""
    found: dict[tuple[str, str, str], list[Flip]] = {}
    for flip in flips:
        group = found.setdefault((flip.base, flip.new, flip.change), [])
        if flip.change != "moved" and len(group) < SHOWN_FLIPS:
            group.append(flip)
    return {key: group for key, group in found.items() if group}


def write_comparison(found: RunComparison, folder: Path) -> Path:
    """Write the tables as Markdown, LaTeX and CSV, the JSON and the page; return the page."""
    for table in tables_of(found):
        for ending, write in FORMATS.items():
            write_text(folder / f"{table.name}.{ending}", write(table))
    write_json(folder / f"{found.task}-comparison.json", to_json(found))
    page = folder / f"{found.task}-comparison.html"
    write_text(page, render(found))
    return page
