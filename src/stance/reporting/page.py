"""The report as one HTML page: no script, no network, its figures inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stance.corpus.divide import DIVIDED
from stance.evaluation.resampling import Interval
from stance.reporting.behaviour_tables import Behaviour
from stance.reporting.checklist import SOURCE, Module, counts, left_open
from stance.reporting.codebook_tables import codebook_tables
from stance.reporting.colors import variables
from stance.reporting.curve_tables import training_tables
from stance.reporting.figures import Figure, inline
from stance.reporting.markup import environment
from stance.reporting.sections import Section
from stance.reporting.tables import Column, Table, bounds_of, text_of
from stance.runs.folder import command_line
from stance.runs.read import RunData


def render(
    run: RunData,
    sections: Sequence[Section],
    data: Sequence[Table],
    leaks: Sequence[str],
    training: Sequence[Figure],
    behaviour: Behaviour | None = None,
    checklist: Sequence[Module] = (),
) -> str:
    """Return the page.

    Args:
        data: tables of the data by part of the split; empty where the rows are gone.
        leaks: what crosses the split.
        training: training curves.
        behaviour: behaviour tests; None where the run has none.
        checklist: the reporting checklist, filled in.
    """
    labels = {task: found.labels for task, found in run.codebook.tasks.items()}
    template = environment().get_template("report.html.jinja")
    return template.render(
        run=run,
        sections=sections,
        data=data,
        leaks=leaks,
        divided=DIVIDED[run.config["split"]["method"]],
        training=training,
        behaviour=behaviour,
        checklist=checklist,
        checklist_source=SOURCE,
        checklist_counts=counts(checklist),
        left_open=left_open,
        codebook=codebook_tables(run.codebook),
        training_tables=training_tables(run.histories),
        settings=(run.folder / "config.yaml").read_text(encoding="utf-8"),
        provenance=provenance_table(run.facts),
        facts=run.facts,
        command=command_line(run.facts),
        swatches={task: _swatches(task, run) for task in labels},
        light=variables(labels, "light"),
        dark=variables(labels, "dark"),
        inline=inline,
        is_interval=lambda value: isinstance(value, Interval),
        text_of=text_of,
        bounds_of=bounds_of,
    )


def _swatches(task: str, run: RunData) -> dict[str, str]:
    return {name: f"--{task}-{at}" for at, name in enumerate(run.codebook.classes[task])}


def provenance_table(facts: Mapping[str, Any]) -> Table:
    """List everything that ``run.json`` says of how the results came about."""
    git = facts.get("git") or {}
    rows: list[tuple[str, object]] = [
        ("command", command_line(facts)),
        ("started", facts.get("started")),
        ("commit", commit_of(git)),
        ("seeds", ", ".join(str(seed) for seed in facts.get("seeds", []))),
        ("threads", facts.get("threads")),
        ("device", facts.get("device")),
        ("processor", f"{facts.get('processor', '')}, {facts.get('cores', '?')} cores"),
        ("platform", facts.get("platform")),
        ("python", facts.get("python")),
        *((name, version) for name, version in facts.get("packages", {}).items() if version),
        *((f"SHA-256 of {name}", value) for name, value in facts.get("sha256", {}).items()),
    ]
    cells = [[name, "" if value is None else str(value)] for name, value in rows]
    return Table("provenance", "What produced these results", [Column("fact"), Column("value")],
                 cells)  # fmt: skip


def commit_of(git: Mapping[str, Any]) -> str:
    """Name the commit, and say where the sources differed from it."""
    commit = git.get("commit")
    if not commit:
        return "not under version control, or no commit yet"
    dirty = git.get("dirty")
    return f"{commit}{' with uncommitted changes' if dirty else ''}"
