"""`stance runs`: what was run, when, on what, and how good it was."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stance.cli.runs import AsJson

_WIDE = 110  # columns of a terminal that has room for everything


def runs(
    root: Annotated[Path, typer.Option("--runs", "--root", help="Folder that holds the runs.")] = (
        Path("runs")
    ),
    as_json: AsJson = False,
) -> None:
    """List the runs, the latest first: status, data, best model and its macro-F1, seeds, commit.

    Reads run folders and nothing else. A commit with a + had uncommitted changes.
    """
    from stance.cli import console
    from stance.report.tables import ABSENT, bounds_of
    from stance.runs.listing import RunStatus, list_runs

    entries = list_runs(root)
    if as_json:
        console.print_json([entry.to_json() for entry in entries])
        return
    if not entries:
        console.out.print(f"no runs in {root}", markup=False, highlight=False)
        return
    wide = console.out.width >= _WIDE
    rows = []
    for entry in entries:
        score = entry.macro_f1
        cells = [entry.name, entry.started[:10] or ABSENT, entry.status.value]
        cells += [Path(entry.data).name or ABSENT] if wide else []
        cells += [ABSENT if entry.rows is None else str(entry.rows), entry.best or ABSENT]
        cells += [f"{score.estimate:.3f} {bounds_of(score, 'score')}" if score else ABSENT]
        if wide:
            commit = f"{entry.commit[:7]}{'+' if entry.dirty else ''}"
            cells += [str(len(entry.seeds)) if entry.seeds else ABSENT, commit or ABSENT]
        rows.append(cells)
    columns = ["run", "started", "status", *(["data"] if wide else []), "rows", "best"]
    columns += ["macro-F1, 95 %", *(["seeds", "commit"] if wide else [])]
    right = [at for at, name in enumerate(columns) if name in ("rows", "macro-F1, 95 %", "seeds")]
    console.print_table("", columns, rows, right=right)
    if not wide:
        text = f"data, seeds and commit: --json, or a terminal of {_WIDE} columns"
        console.out.print(text, markup=False, highlight=False)
    for entry in entries:
        if entry.status is RunStatus.BROKEN:
            console.out.print(f"{entry.name}: {entry.reason}", markup=False, highlight=False)
    stopped = [entry.name for entry in entries if entry.status is RunStatus.STOPPED]
    if stopped:
        text = f"stopped: {', '.join(stopped)}; `stance run CONFIG --resume` goes on with one"
        console.out.print(text, markup=False, highlight=False)
