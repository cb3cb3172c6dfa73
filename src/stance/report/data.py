"""A run's results as tables: of the data, of the models, and of the best model's behaviour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stance.codebook import Codebook
from stance.corpus.divide import left_out
from stance.corpus.load import Source
from stance.errors import StanceError
from stance.files import parse_yaml
from stance.report.tables import Column, Table
from stance.runs.read import RunData
from stance.schema import Example

PARTS = ("train", "validation", "test")


def data_table(run: RunData) -> Table | None:
    """Count rows, articles and holders by part of the split; None without the rows."""
    if not run.corpus.splits:
        return None
    folds = len(run.corpus.splits)
    repeats = len({split.repeat for split in run.corpus.splits})
    rows = []
    for part in PARTS:
        examples = _part(run, part)
        rows.append(
            [
                part,
                len(examples),
                len({example.group for example in examples}),
                len({example.actor for example in examples if example.actor}),
                _mean([not example.actor for example in examples]),
                _mean([len(item.text.split()) for item in examples]),
            ]
        )
    columns = [
        Column("part"), Column("rows", "count"), Column("articles", "count"),
        Column("holders", "count"), Column("rows of the writer", "share"),
        Column("words a row", "number"),
    ]  # fmt: skip
    often = "once" if repeats == 1 else f"{repeats} times"
    note = f"{folds} folds: every row is tested {often}; the parts are those of all folds together."
    if absent := left_out(run.corpus.examples, run.corpus.splits):
        where = "on average each keeps" if folds > 1 else "the split keeps"
        note = f"{note if folds > 1 else ''} So that nothing crosses, {where} {absent} rows out."
    return Table("data-parts", "Rows by part of the split", columns, rows,
                 note.strip() if folds > 1 or absent else "")  # fmt: skip


def label_table(run: RunData, task: str) -> Table | None:
    """Count labels by part of the split; None without the rows."""
    if not run.corpus.splits:
        return None
    counts = {part: Counter(getattr(item, task) for item in _part(run, part)) for part in PARTS}
    labelled = {part: sum(counts[part].values()) - counts[part][None] for part in PARTS}
    rows = []
    for name in run.codebook.classes[task]:
        cells: list[object] = [name]
        for part in PARTS:
            share = counts[part][name] / labelled[part] if labelled[part] else None
            cells += [counts[part][name], share]
        rows.append(cells)
    columns = [Column(task, "label")]
    for part in PARTS:
        columns += [Column(part, "count"), Column(f"{part} %", "share")]
    return Table(f"{task}-data", f"Rows by {task} label", columns, rows)


def _part(run: RunData, part: str) -> list[Example]:
    """Return a part's rows; with folds, each row that is in that part of some fold, once."""
    places = {int(at) for split in run.corpus.splits for at in getattr(split, part)}
    return [run.corpus.examples[at] for at in sorted(places)]


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def codebook_tables(codebook: Codebook) -> list[Table]:
    """One table a task; columns that the codebook leaves empty are left out."""
    tables = []
    for task, found in codebook.tasks.items():
        columns = {
            "relation": [label.relation for label in found.labels],
            "definition": [label.definition for label in found.labels],
            "example": [label.example for label in found.labels],
            "near miss": [label.near_miss for label in found.labels],
        }
        used = {title: cells for title, cells in columns.items() if any(cells)}
        tables.append(
            Table(
                f"{task}-codebook",
                f"{codebook.name}, version {codebook.version}: what each {task} label means",
                [Column(task, "label"), *(Column(title) for title in used)],
                [[name, *(cells[at] for cells in used.values())]
                 for at, name in enumerate(found.names)],
            )
        )  # fmt: skip
    return tables


OPEN = "To be filled in by the authors."
"""Stands for what no run can know."""
_NAME = "README.md"
_MOST = 200_000  # characters; a card is a page, not a corpus
_FENCE = "---\n"


@dataclass(frozen=True, slots=True)
class DataCard:
    """What a dataset card's header says; empty where it does not."""

    name: str
    license: str
    languages: Sequence[str]


def read_data_card(run: RunData) -> DataCard | None:
    """Read ``README.md`` beside the run's rows, if it opens with a dataset card's header.

    None where there is none, and where the rows are gone or changed: the card is then of others.
    """
    if not run.corpus.examples:
        return None
    data = {key: value for key, value in run.config["data"].items() if key != "test"}
    path = Source(**data).file.parent / _NAME
    try:
        return _parse(path)
    except (StanceError, OSError, UnicodeDecodeError):
        return None


def _parse(path: Path) -> DataCard | None:
    with path.open(encoding="utf-8") as handle:
        text = handle.read(_MOST)
    head, fence, _ = text.removeprefix(_FENCE).partition(f"\n{_FENCE}")
    if not text.startswith(_FENCE) or not fence:
        return None
    found = parse_yaml(head, source=str(path))
    if not isinstance(found, dict) or not {"license", "pretty_name"} & set(found):
        return None
    languages = found.get("language") or []
    return DataCard(
        name=str(found.get("pretty_name") or ""),
        license=str(found.get("license") or ""),
        languages=[languages] if isinstance(languages, str) else [str(one) for one in languages],
    )
