"""Rows out of annotation tools: Label Studio's JSON, one row a task, one column an annotator."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import ascii_lowercase
from typing import Any

from stance.errors import InputError

Row = dict[str, Any]


def read_label_studio(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield ``(row number, row)`` of a Label Studio export: the task's data and its choices.

    A control named ``stance`` gives the columns ``stance_a``, ``stance_b`` and so on, a letter for
    every annotator (``completed_by``) of the file, and, where all who answered chose alike,
    ``stance`` itself. Skipped annotations (``was_cancelled``) give none.

    Raises:
        InputError: not JSON, or not a list of tasks; names the task.
    """
    try:
        tasks = json.loads(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path}: not valid JSON ({error})") from None
    if not isinstance(tasks, list):
        raise InputError(f"{path}: expected a list of Label Studio tasks; JSON rows go in .jsonl")
    for number, task in enumerate(tasks, start=1):
        if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
            raise InputError(f"{path}: task {number} has no 'data'; export JSON from Label Studio")
    people = sorted({name for task in tasks for name, _ in _annotations(task)})
    if len(people) > len(ascii_lowercase):
        raise InputError(f"{path}: {len(people)} annotators; {len(ascii_lowercase)} at most")
    letters = dict(zip(people, ascii_lowercase, strict=False))
    for number, task in enumerate(tasks, start=1):
        row: Row = {"id": str(task.get("id", number)), **task["data"]}
        chosen: dict[str, set[str]] = {}
        for name, results in _annotations(task):
            for result in results:
                choices = result.get("value", {}).get("choices")
                if not choices:
                    continue
                control = str(result.get("from_name"))
                if len(choices) > 1:
                    raise InputError(f"{path}: task {number} has several choices for {control!r}")
                row[f"{control}_{letters[name]}"] = choices[0]
                chosen.setdefault(control, set()).add(choices[0])
        row |= {control: min(found) for control, found in chosen.items() if len(found) == 1}
        yield number, row


def _annotations(task: Mapping[str, Any]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    for item in task.get("annotations") or ():
        if not item.get("was_cancelled"):
            by = item.get("completed_by", "")
            name = by.get("email") or by.get("id") if isinstance(by, Mapping) else by
            yield str(name), item.get("result") or []
