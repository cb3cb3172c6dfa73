"""Labelled rows, checked at the door: every problem names its row and the way out."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from stance.codebook import SENTIMENT, STANCE, TASKS, Codebook, suggest
from stance.corpus.exchange import single
from stance.corpus.tables import Row, as_text, read_rows
from stance.errors import InputError
from stance.files import resolve
from stance.schema import Example, Quote, Span

FIELDS = (
    "id", "doc_id", "text", "actor", "target", "stance", "sentiment", "quote", "split",
    "actor_span", "target_span",
)  # fmt: skip
SPLITS = ("train", "validation", "test")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one row."""

    row: int
    message: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.message}"


@dataclass(frozen=True, slots=True)
class Mapped:
    """How a table's columns and labels map onto ours.

    ``columns`` gives for our field the table's column; a field not named keeps its own name
    where the table has it. ``labels`` gives for a task a map from the table's label to ours;
    a label mapped to an empty string is dropped from the row, and one that is not in the map has
    to be ours already.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.columns:
            if name not in FIELDS:
                raise InputError(f"columns: {name!r} is not a field; {suggest(name, FIELDS)}")
        for task in self.labels:
            if task not in TASKS:
                raise InputError(f"labels: {task!r} is not a task; {suggest(task, TASKS)}")

    def column(self, name: str) -> str:
        return self.columns.get(name, name)

    def label(self, task: str, cell: Any, names: Sequence[str]) -> str | None:
        """Return the label of ours (one of ``names``) that a cell stands for; None for no label.

        A cell may hold a list of one label or none (see ``exchange.single``).

        Raises:
            InputError: not a label; names the nearest one.
        """
        raw = as_text(single(cell))
        given = raw.strip()
        known = self.labels.get(task, {})
        label = known.get(raw, known.get(given, given))
        if not label:
            return None
        if label not in names:
            meant = [*known, *names] if label == given else names
            raise InputError(f"{label!r} is not a {task} label; {suggest(label, meant)}")
        return label


def load_examples(
    source: str | Path,
    codebook: Codebook,
    *,
    mapped: Mapped | None = None,
    split: str | None = None,
    download: bool = False,
) -> list[Example]:
    """Read and check a labelled table.

    Raises:
        InputError: any row is wrong; the line names the first ones and says how many more.
    """
    examples, problems = check_rows(
        read_rows(source, split=split, download=download), codebook, mapped or Mapped()
    )
    if problems:
        shown = "; ".join(str(problem) for problem in problems[:_SHOWN])
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise InputError(f"{source}: {shown}{more}")
    if not examples:
        raise InputError(f"{source}: no rows")
    return examples


def contradictions(examples: Sequence[Example]) -> list[str]:
    """Say which rows give one text and holder two labels of a task."""
    first: dict[tuple[str, str, str, str], Example] = {}
    found = []
    for row in examples:
        for task in TASKS:
            label = getattr(row, task)
            if label is None:
                continue
            text, actor, target = (" ".join(c.split()) for c in (row.text, row.actor, row.target))
            key = (task, text, actor, target)
            other = first.setdefault(key, row)
            if getattr(other, task) != label:
                found.append(
                    f"{row.id!r} and {other.id!r} are one text and holder, labelled {label} and "
                    f"{getattr(other, task)}"
                )
    return found


def check_rows(
    rows: Iterable[tuple[int, Row]], codebook: Codebook, mapped: Mapped
) -> tuple[list[Example], list[Problem]]:
    """Turn raw rows into examples, and say what is wrong with those that are not."""
    examples: list[Example] = []
    problems: list[Problem] = []
    first_row: dict[str, int] = {}
    splits: dict[str, set[str]] = defaultdict(set)
    columns: dict[str, None] = {}
    for number, row in rows:
        columns |= dict.fromkeys(row)
        try:
            example = _example(number, row, codebook, mapped)
        except InputError as error:
            problems.append(Problem(number, str(error)))
            continue
        if example.id in first_row:
            other = splits[example.id] - {example.split}
            where = f" (splits {', '.join(sorted({*other, example.split}))})" if other else ""
            problems.append(
                Problem(
                    number,
                    f"id {example.id!r} already stands in row {first_row[example.id]}{where}",
                )
            )
        first_row.setdefault(example.id, number)
        splits[example.id].add(example.split)
        examples.append(example)
    if columns:
        _check_columns(columns, mapped)
    return examples, problems


def _check_columns(columns: Iterable[str], mapped: Mapped) -> None:
    """Refuse a table none of whose rows has a column: one row of JSON may lack it."""
    there = list(columns)
    for name, column in mapped.columns.items():
        if column not in there:
            raise InputError(f"columns.{name}: no column {column!r}; {suggest(column, there)}")
    if mapped.column("text") not in there:
        raise InputError(
            f"no column 'text'; map it with columns.text=NAME (columns: {', '.join(there)})"
        )


def _example(number: int, row: Row, codebook: Codebook, mapped: Mapped) -> Example:
    cells = {name: row.get(mapped.column(name)) for name in FIELDS}
    text = as_text(cells["text"])
    if not text.strip():
        raise InputError("text is empty")
    broken = next((at for at, char in enumerate(text) if "\ud800" <= char <= "\udfff"), None)
    if broken is not None:
        raise InputError(f"text has a lone surrogate (half a character) at offset {broken}")
    quote = as_text(cells["quote"])
    if quote and quote not in tuple(Quote):
        raise InputError(f"quote {quote!r} is not known; {suggest(quote, list(Quote))}")
    used = {mapped.column(name) for name in FIELDS}
    return Example(
        id=as_text(cells["id"]) or f"row{number}",
        doc_id=as_text(cells["doc_id"]),
        text=text,
        actor=as_text(cells["actor"]),
        target=as_text(cells["target"]),
        stance=_label(STANCE, cells["stance"], codebook, mapped),
        sentiment=_label(SENTIMENT, cells["sentiment"], codebook, mapped),
        quote=quote,
        split=_split(as_text(cells["split"])),
        actor_span=_span("actor_span", cells["actor_span"], text),
        target_span=_span("target_span", cells["target_span"], text),
        extra={key: value for key, value in row.items() if key not in used},
    )


def _label(task: str, cell: Any, codebook: Codebook, mapped: Mapped) -> str | None:
    if task not in codebook.tasks:
        return None
    return mapped.label(task, cell, codebook.tasks[task].names)


def _split(value: str) -> str:
    value = {"dev": "validation", "val": "validation", "valid": "validation"}.get(value, value)
    if value and value not in SPLITS:
        raise InputError(f"split {value!r} is not known; {suggest(value, SPLITS)}")
    return value


def _span(name: str, cell: Any, text: str) -> Span | None:
    if cell is None or cell == "" or (isinstance(cell, float) and math.isnan(cell)):
        return None
    try:
        start, end = json.loads(cell) if isinstance(cell, str) else cell
        start, end = int(start), int(end)
    except (TypeError, ValueError):
        raise InputError(f"{name} {cell!r} is not a pair of offsets [start, end]") from None
    if start == end:
        return None
    if not 0 <= start < end <= len(text):
        raise InputError(f"{name} {[start, end]} lies outside the text of {len(text)} characters")
    return start, end


def unlabelled(rows: Iterable[tuple[int, Row]], mapped: Mapped) -> list[Example]:
    """Read rows for labelling: only text and holder matter, and blank or broken text is kept.

    Raises:
        InputError: there is no text column.
    """
    examples = []
    columns: dict[str, None] = {}
    for number, row in rows:
        columns |= dict.fromkeys(row)
        cells = {name: row.get(mapped.column(name)) for name in FIELDS}
        text = as_text(cells["text"])
        examples.append(
            Example(
                id=as_text(cells["id"]) or f"row{number}",
                text=text,
                actor=as_text(cells["actor"]),
                target=as_text(cells["target"]),
                doc_id=as_text(cells["doc_id"]),
                actor_span=_span("actor_span", cells["actor_span"], text),
                target_span=_span("target_span", cells["target_span"], text),
            )
        )
    if columns:
        _check_columns(columns, mapped)
    return examples


def to_rows(examples: Sequence[Example]) -> Iterator[dict[str, Any]]:
    """Yield examples as rows of the project's own format, extra columns last."""
    for item in examples:
        row: dict[str, Any] = {
            "id": item.id, "doc_id": item.doc_id, "text": item.text, "actor": item.actor,
            "target": item.target, "stance": item.stance, "sentiment": item.sentiment,
            "quote": item.quote, "split": item.split,
            "actor_span": list(item.actor_span) if item.actor_span else None,
            "target_span": list(item.target_span) if item.target_span else None,
        }  # fmt: skip
        yield {**row, **{key: value for key, value in item.extra.items() if key not in row}}


@dataclass(frozen=True, slots=True)
class Source:
    """A table, and how its columns and labels map onto ours (``labels`` is the crosswalk).

    ``parts`` are the splits whose rows are taken, all where it is empty. ``also`` holds further
    tables, by the names of these fields, whose rows join those of this one.
    """

    path: str
    split: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    parts: Sequence[str] = ()
    also: Sequence[Mapping[str, Any]] = ()

    @property
    def file(self) -> Path:
        """Where it is: a path of its own, or a bundled file."""
        return resolve(self.path)


def load_source(source: Source, codebook: Codebook, *, download: bool = False) -> list[Example]:
    """Read and check a table and those that join it.

    Raises:
        InputError: a table is wrong, or an id stands in two.
    """
    rows = load_examples(
        source.file,
        codebook,
        mapped=Mapped(source.columns, source.labels),
        split=source.split,
        download=download,
    )
    if source.parts:
        rows = [row for row in rows if row.split in source.parts]
    for more in (Source(**fields) for fields in source.also):
        joined = load_source(more, codebook, download=download)
        _require_apart(rows, joined, source.path, more.path)
        rows = [*rows, *joined]
    return rows


def _require_apart(rows: list[Example], others: list[Example], path: str, other: str) -> None:
    both = {row.id for row in rows} & {row.id for row in others}
    if both:
        raise InputError(f"{other}: id {min(both)!r} stands in {path} too; rename it")


def load_sources(
    source: Source, test: Source | None, codebook: Codebook, *, download: bool = False
) -> list[Example]:
    """Read a corpus, or two under one codebook.

    All rows of ``test`` are for testing, whatever their split column says; the training
    corpus's own test rows are dropped, so that its model is the one that its own run trains.
    Ids and articles of ``test`` get the file's name in front: two tables may both have a row 1.

    Raises:
        InputError: a table is wrong, or an id stands in both.
    """
    rows = load_source(source, codebook, download=download)
    if test is None:
        return rows
    rows = [row for row in rows if row.split != "test"]
    name = test.file.stem
    tested = [
        replace(
            row,
            id=f"{name}:{row.id}",
            doc_id=f"{name}:{row.doc_id}" if row.doc_id else "",
            split="test",
        )
        for row in load_source(test, codebook, download=download)
    ]
    _require_apart(rows, tested, source.path, test.path)
    return [*rows, *tested]
