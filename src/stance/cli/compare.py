"""`stance compare`: whether one model is better than another, how surely, and on which rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stance.cli.runs import AsJson, Root

if TYPE_CHECKING:
    from stance.evaluation.compare import PairComparison
    from stance.runs.comparison import RunComparison


def compare(
    names: Annotated[
        list[str], typer.Argument(help="Run folders, or names of runs.", metavar="RUN")
    ],
    models: Annotated[
        str | None,
        typer.Option(help="Which models, A,B: the first is what the others are set against."),
    ] = None,
    task: Annotated[str, typer.Option(help="Which label: stance or sentiment.")] = "stance",
    metric: Annotated[
        str, typer.Option(help="Which score decides: macro_f1, accuracy, relation_macro_f1, mcc…")
    ] = "macro_f1",
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the tables (md, tex, csv, json) and a page (html)."),
    ] = None,
    root: Root = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Compare models of one run, or the same models of several, on the rows all were tested on.

    One run: its best model against each other one. Several: each model of the first run against
    the same model in the later ones. Differences are B minus A, with intervals and p-values over
    whole articles, and the rows that B fixes and breaks.
    """
    from stance.cli import console
    from stance.report.comparison import to_json, write_comparison
    from stance.runs.comparison import compare_runs
    from stance.runs.find import find_run

    chosen = [name.strip() for name in (models or "").split(",") if name.strip()]
    with console.reporting() as reporter:
        reporter.stage("comparing")
        found = compare_runs(
            [find_run(name, root) for name in names], models=chosen, task=task, metric=metric
        )
        page = write_comparison(found, out) if out else None
    if as_json:
        console.print_json(to_json(found))
        return
    print_comparison(found)
    if page:
        console.err.print(f"tables and page: {page}", markup=False, highlight=False)


def print_comparison(found: RunComparison) -> None:
    """Print differences by each score, what flips, and for a single pair which gold labels do."""
    from stance.cli import console
    from stance.evaluation.compare import flips_by_label
    from stance.report.comparison import title_of
    from stance.report.tables import text_of

    for line in (*_dropped(found), *(f"note: {note}" for note in found.notes)):
        console.out.print(line, markup=False, highlight=False)
    one = len(found.pairs) == 1
    corrected = [] if one else ["p (Holm)"]
    for score in found.scores:
        rows = []
        for pair in found.pairs:
            gap = pair.gaps[score]
            cells = [_names(pair), f"{gap.base:.3f} → {gap.new:.3f}"]
            cells += [text_of(gap.difference, "signed"), text_of(gap.p_value, "p")]
            rows.append(cells if one else [*cells, text_of(gap.p_holm, "p")])
        title = f"{title_of(score)} on {found.task}"
        if score == found.metric:
            level = text_of(found.level, "share")
            title += f": {found.n_rows} rows of {found.n_groups} articles, intervals {level}"
        columns = ["A → B", "scores", "B minus A", "p", *corrected]
        console.print_table(title, columns, rows, right=range(1, 5 if one else 6))

    several = any(pair.order for pair in found.pairs)
    rows = []
    for pair in found.pairs:
        flips = pair.flips
        cells = [_names(pair), *(str(len(at)) for at in (flips.fixed, flips.broken, flips.moved))]
        cells += [text_of(pair.mcnemar.p_value, "p")]
        cells += [] if one else [text_of(pair.mcnemar_holm, "p")]
        cells += [text_of(pair.order.upper if pair.order else None, "score")] if several else []
        rows.append(cells)
    columns = ["A → B", "fixed", "broken", "both wrong", "McNemar p", *corrected]
    columns += ["order"] if several else []
    console.print_table("rows whose label differs", columns, rows, right=range(1, len(columns)))
    if several:
        console.out.print(
            f"order: over seeds, B is almost stochastically better in {title_of(found.metric)} "
            "where this is under 0.5, strongly under 0.2",
            markup=False, highlight=False,
        )  # fmt: skip
    if one:
        counts = flips_by_label(found.pairs[0].flips, found.truth, len(found.labels))
        rows = [
            [name, str(every), str(fixed), str(broken), f"{fixed - broken:+d}"]
            for name, (every, fixed, broken, _) in zip(found.labels, counts, strict=True)
        ]
        columns = [f"gold {found.task}", "rows", "fixed", "broken", "net"]
        console.print_table("", columns, rows, right=range(1, 5))


def _names(pair: PairComparison) -> str:
    """Name a pair; a model that two runs share is named once."""
    (run, _, model), (other, _, same) = pair.base.rpartition(":"), pair.new.rpartition(":")
    if run and other and model == same:
        return f"{model}: {run} → {other}"
    return f"{pair.base} → {pair.new}"


def _dropped(found: RunComparison) -> list[str]:
    return [
        f"{run}: {count} of {count + found.n_rows} tested rows left out, they are not in every run"
        for run, count in found.dropped.items()
        if count
    ]
