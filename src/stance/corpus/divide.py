"""One plan, one way to divide: what a run does, a report of it does again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from stance.corpus import leave_out, splits
from stance.corpus.splits import Split, groups_of
from stance.errors import InputError
from stance.schema import Example

Method = Literal["column", "hash", "folds", "actors", "values", "time", "cross"]
DIVIDED: Mapping[str, str] = MappingProxyType(
    {
        "column": "their own split column",
        "hash": "a hash of their group",
        "folds": "folds of whole groups",
        "actors": "folds of whole groups whose holders do not occur in training",
        "values": "folds of a column's values, none of which occurs in training",
        "time": "date: trained on the past, tested on the future",
        "cross": "corpus: trained on one, tested on another",
    }
)
"""How each method divides rows, to follow "divided by"."""
BY: Mapping[str, str] = MappingProxyType({"values": "topic", "time": "date"})
"""Methods that go by a column, and which one where none is named."""
FOLDED: tuple[Method, ...] = ("folds", "actors", "values")
"""Methods that draw folds, and so may draw them again."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How rows are divided; see the methods' functions in ``splits`` and ``leave_out``.

    ``by`` is the column of ``values`` and ``time`` (``topic`` and ``date`` where empty),
    ``repeats`` the number of times that folds are drawn anew.
    """

    method: Method = "column"
    group: str = "doc_id"
    by: str = ""
    folds: int = 5
    repeats: int = 1
    validation: float = 0.1
    test: float = 0.2
    salt: str = ""


def divide(examples: Sequence[Example], plan: Plan) -> list[Split]:
    """Divide rows as planned.

    Raises:
        InputError: the rows cannot be divided so; names what stands in the way.
    """
    if plan.method == "column":
        return [splits.by_column(examples)]
    groups = groups_of(examples, plan.group)
    shares = {"validation": plan.validation, "test": plan.test}
    if plan.method == "hash":
        return [splits.by_hash(examples, groups, **shares, salt=plan.salt)]
    if plan.method == "time":
        return [leave_out.by_time(examples, groups, plan.by or BY["time"], **shares)]
    if plan.method == "cross":
        return [leave_out.by_corpus(examples, groups, validation=plan.validation, salt=plan.salt)]
    found: list[Split] = []
    for repeat in range(plan.repeats):
        # The first repeat keeps the plan's salt, so that a run of one repeat is part of it.
        salt = f"{plan.salt}/repeat {repeat}" if repeat else plan.salt
        found += [
            replace(split, fold=len(found) + at, repeat=repeat)
            for at, split in enumerate(_folds(examples, groups, plan, salt))
        ]
    return found


def _folds(
    examples: Sequence[Example], groups: Sequence[str], plan: Plan, salt: str
) -> Iterator[Split]:
    if plan.method == "folds":
        return splits.by_folds(examples, groups, plan.folds, salt=salt)
    if plan.method == "actors":
        return leave_out.by_actors(examples, groups, plan.folds, salt=salt)
    if plan.method == "values":
        column = plan.by or BY["values"]
        return leave_out.by_values(examples, groups, column, plan.folds, salt=salt)
    raise InputError(f"split.method {plan.method!r} is not one of {', '.join(DIVIDED)}")


def left_out(examples: Sequence[Example], found: Sequence[Split]) -> int:
    """Count the rows that a split keeps out of all three parts, on average over the splits."""
    used = [len(one.train) + len(one.validation) + len(one.test) for one in found]
    return round(len(examples) - sum(used) / len(used))
