"""A finished run's folder in; its tables, figures and report out."""

from __future__ import annotations

from pathlib import Path

from stance.codebook import STANCE
from stance.corpus.audit import find_leaks
from stance.files import atomic_folder, write_text
from stance.reporting import figures, run_tables
from stance.reporting.behaviour_tables import behaviour_of
from stance.reporting.checklist import checklist, to_markdown
from stance.reporting.checklist_answers import answers_of
from stance.reporting.codebook_tables import codebook_tables
from stance.reporting.curve_tables import training_tables
from stance.reporting.model_card import model_card
from stance.reporting.page import provenance_table, render
from stance.reporting.sections import section_of, training_figures
from stance.reporting.tables import FORMATS, Table
from stance.runs.read import RunData, read_run

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
