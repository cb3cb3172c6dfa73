"""Rows out of annotation tools: JSON of doccano and Label Studio, one row a text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import ascii_lowercase
from typing import Any

from stance.errors import InputError

Row = dict[str, Any]


def parse_json(text: str | bytes) -> Any:
    """Parse JSON as tables need it: NaN is no value, and a key that stands twice is refused.

    Raises:
        ValueError: not JSON, or not UTF-8.
        InputError: a key stands twice, so that one of its values would be lost.
    """
    try:
        return json.loads(text, parse_constant=_CONSTANTS.get, object_pairs_hook=_object)
    except RecursionError:
        raise InputError("lists or objects within each other, too many to read") from None


_CONSTANTS = {"Infinity": float("inf"), "-Infinity": float("-inf")}


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"key {twice!r} stands twice")
    return found


def single(cell: Any) -> Any:
    """Return the one label of a cell, None where it holds none.

    doccano gives a list (``label``), other tools a number for every label (``cats``) of which one
    is not 0.

    Raises:
        InputError: there are several labels.
    """
    if isinstance(cell, Mapping):
        cell = [name for name, score in cell.items() if score]
    if not isinstance(cell, (list, tuple)):
        return cell
    if len(cell) > 1:
        raise InputError(f"{len(cell)} labels ({', '.join(map(str, cell))}); keep one")
    return cell[0] if cell else None


def read_json_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield ``(row number, row)`` of a list of rows, or of a Label Studio export.

    An export is told by its tasks' ``data``. Of it come the task's data and its choices: a control
    named ``stance`` gives the columns ``stance_a``, ``stance_b`` and so on, one for every annotator
    (``completed_by``) of the file, and, where all who answered chose alike, ``stance`` itself.
    Skipped annotations (``was_cancelled``) give none.

    Raises:
        InputError: not JSON, or not a list of rows or tasks; names the task.
    """
    try:
        rows = parse_json(path.read_text(encoding="utf-8-sig"))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except ValueError as error:
        raise InputError(f"{path}: not valid JSON ({error})") from None
    if not isinstance(rows, list):
        raise InputError(f"{path}: expected a list of Label Studio tasks, or of rows")
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise InputError(f"{path}: row {number}: expected an object, got {str(row)[:40]!r}")
    if any(isinstance(row.get("data"), dict) for row in rows):
        rows = list(_label_studio(path, rows))
    yield from enumerate(rows, start=1)


def _label_studio(path: Path, tasks: list[Row]) -> Iterator[Row]:
    answers = []
    for number, task in enumerate(tasks, start=1):
        if not isinstance(task.get("data"), dict):
            raise InputError(f"{path}: task {number} has no 'data'; export JSON from Label Studio")
        try:
            answers.append(_answers(task))
        except InputError as error:
            raise InputError(f"{path}: task {number}: {error}") from None
    names = sorted({name for found in answers for name, _ in found}, key=_in_order)
    # Letters as people write them; a crowd of more than the alphabet is numbered.
    marks = ascii_lowercase if len(names) <= len(ascii_lowercase) else range(1, len(names) + 1)
    mark = {name: str(own) for name, own in zip(names, marks, strict=False)}
    controls = sorted({control for found in answers for _, control in found})
    for number, (task, found) in enumerate(zip(tasks, answers, strict=True), start=1):
        row: Row = {"id": str(task.get("id", number)), **task["data"]}
        for control in controls:
            chosen = {name: label for (name, own), label in found.items() if own == control}
            row |= {f"{control}_{mark[name]}": chosen.get(name) for name in names}
            alike = set(chosen.values())
            row[control] = min(alike) if len(alike) == 1 else None
        yield row


def _answers(task: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Return what each annotator chose at each control of a task."""
    found: dict[tuple[str, str], str] = {}
    for place, item in enumerate(task.get("annotations") or (), start=1):
        if not isinstance(item, Mapping) or item.get("was_cancelled"):
            continue
        by = item.get("completed_by")
        if isinstance(by, Mapping):
            by = by.get("email") or by.get("id")
        # Without a name the first annotation of every task stands for one annotator.
        name = str(by) if by not in (None, "") else f"annotation {place}"
        for result in item.get("result") or ():
            choices = (result.get("value") or {}).get("choices")
            if not choices:
                continue
            control = str(result.get("from_name"))
            label = str(single(choices))
            if found.setdefault((name, control), label) != label:
                raise InputError(
                    f"{name} chose {found[name, control]!r} and {label!r} for {control!r}; keep one"
                )
    return found


def _in_order(name: str) -> tuple[int, str]:
    """Sort numbers by what they are worth, before names."""
    return (int(name), "") if name.isdecimal() else (1 << 62, name)
