"""A finished run's folder in; its tables, figures and report out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stance.codebook import STANCE
from stance.corpus.audit import find_leaks
from stance.corpus.divide import DIVIDED
from stance.evaluation.resampling import Interval
from stance.files import atomic_folder, write_text
from stance.report import data as run_tables
from stance.report import drawing as figures
from stance.report.behaviour import Behaviour, behaviour_of
from stance.report.checklist import SOURCE, Module, checklist, counts, left_open, to_markdown
from stance.report.checklist_answers import answers_of
from stance.report.colors import variables
from stance.report.data import codebook_tables
from stance.report.drawing import Figure, inline
from stance.report.markup import environment
from stance.report.model_card import model_card
from stance.report.sections import Section, section_of, training_figures
from stance.report.tables import FORMATS, Column, Table, bounds_of, text_of
from stance.report.training import training_tables
from stance.runs.folder import command_line
from stance.runs.read import RunData, read_run


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


CARD_FILE = "model-card.md"
CHECKLIST_FILE = "checklist.md"
_MOST_LEAKS = 5


def write_report(folder: Path) -> Path:
    """Write tables, figures, model card, checklist and page into a run folder; return the page.

    Reads nothing but the run folder and, for slices and sentences, the rows that its
    configuration names; where those are gone or have changed since, the parts that need them
    say so. The same run folder gives the same bytes. The first time, the stored models are
    asked which words their surest errors hang on.

    Raises:
        InputError: the folder holds no finished run.
    """
    run = read_run(folder)
    sections = [section_of(run, task) for task in run.codebook.tasks if run.results.of(task)]
    data = _data_tables(run)
    training = training_figures(run)
    behaviour = behaviour_of(run.behaviour, [model.model for model in run.results.of(STANCE)])
    leaks = _leaks(run)
    modules = checklist(answers_of(run, leaks))
    page = render(run, sections, data, leaks, training, behaviour, modules)

    tables = [provenance_table(run.facts), *data]
    tables += [table for section in sections for table in section.tables]
    tables += behaviour.tables if behaviour else []
    tables += codebook_tables(run.codebook) + training_tables(run.histories)
    drawn = [figure for section in sections for figure in section.figures] + training
    with atomic_folder(folder / "tables") as place:
        for table in tables:
            for ending, write in FORMATS.items():
                write_text(place / f"{table.name}.{ending}", write(table))
    with atomic_folder(folder / "figures") as place:
        for figure in drawn:
            figures.save(figure, place)
    write_text(folder / CARD_FILE, model_card(run, sections, data, leaks, behaviour))
    write_text(folder / CHECKLIST_FILE, to_markdown(run.config["name"], modules))
    path = folder / "report.html"
    write_text(path, page)
    return path


def _data_tables(run: RunData) -> list[Table]:
    found = [run_tables.data_table(run)]
    found += [run_tables.label_table(run, task) for task in run.codebook.tasks]
    return [table for table in found if table is not None]


def _leaks(run: RunData) -> list[str]:
    """Say what crosses the split. A run refuses leaks, but its rows are checked as they are."""
    found = [
        str(leak) for split in run.corpus.splits for leak in find_leaks(run.corpus.examples, split)
    ]
    more = len(found) - _MOST_LEAKS
    return found[:_MOST_LEAKS] + ([f"and {more} more"] if more > 0 else [])
