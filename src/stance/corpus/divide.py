"""One plan, one way to divide: what a run does, a report of it does again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stance.corpus import splits
from stance.corpus.splits import Split, groups_of, stratified_parts, with_validation
from stance.corpus.tables import as_text
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
    """How rows are divided; see the methods' functions here and in ``splits``.

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
        return [by_time(examples, groups, plan.by or BY["time"], **shares)]
    if plan.method == "cross":
        return [by_corpus(examples, groups, validation=plan.validation, salt=plan.salt)]
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
        return splits.by_folds(examples, groups, plan.folds, validation=plan.validation, salt=salt)
    if plan.method == "actors":
        return by_actors(examples, groups, plan.folds, validation=plan.validation, salt=salt)
    if plan.method == "values":
        column = plan.by or BY["values"]
        return by_values(
            examples, groups, column, plan.folds, validation=plan.validation, salt=salt
        )
    raise InputError(f"split.method {plan.method!r} is not one of {', '.join(DIVIDED)}")


def left_out(examples: Sequence[Example], found: Sequence[Split]) -> int:
    """Count the rows that a split keeps out of all three parts, on average over the splits."""
    used = [len(one.train) + len(one.validation) + len(one.test) for one in found]
    return round(len(examples) - sum(used) / len(used))


_SHOWN = 5


def actor_key(name: str) -> str:
    """Return a holder's name as it is compared: case and spacing do not tell holders apart."""
    return " ".join(name.casefold().split())


def new_actors(examples: Sequence[Example], split: Split) -> NDArray[np.int64]:
    """Say of each tested row whether its holder is new to the model.

    Returns:
        (tested rows,): 1 where no training row has the holder, 0 where one has, -1 where the
        row has no holder but the writer, who is neither.
    """
    trained = {actor_key(examples[int(at)].actor) for at in split.train}
    keys = [actor_key(examples[int(at)].actor) for at in split.test]
    return np.array([int(key not in trained) if key else -1 for key in keys], dtype=np.int64)


def by_actors(
    examples: Sequence[Example],
    groups: Sequence[str],
    folds: int,
    *,
    validation: float = 0.1,
    salt: str = "",
) -> Iterator[Split]:
    """Yield folds of whole articles whose holders do not occur in training; all rows tested once.

    Rows of other articles are left out of training where their holder speaks in a tested
    article. In news, where most holders speak in one article or two, this keeps far more
    training rows than folds of holders do (see ``by_values``), since those lose every row of
    every article in which a tested holder speaks. The writer, who is no name, is in all parts.
    """
    keys = [actor_key(example.actor) for example in examples]
    parts = stratified_parts(examples, groups, folds, salt)
    for fold in range(folds):
        test = parts == fold
        yield _fold(examples, groups, fold, test, _holds(keys, test), salt, validation)


def by_values(
    examples: Sequence[Example],
    groups: Sequence[str],
    column: str,
    folds: int,
    *,
    validation: float = 0.1,
    salt: str = "",
) -> Iterator[Split]:
    """Yield folds of a column's values (topics, holders, outlets); all rows tested once.

    No value and no article of a tested row occurs in training: the other rows of tested
    articles are left out. With at most ``folds`` values each is a fold of its own; a row
    without a value goes with its article's other such rows.

    Raises:
        InputError: the rows lack the column, it has one value only, or too little is left to
            train on.
    """
    values = [
        actor_key(value) or f"\0{group}"
        for value, group in zip(column_of(examples, column), groups, strict=True)
    ]
    distinct = sorted(set(values))
    if len(distinct) < 2:
        raise InputError(f"column {column!r} has one value only: there is nothing to leave out")
    if len(distinct) <= folds:
        number = {value: at for at, value in enumerate(distinct)}
        parts = np.array([number[value] for value in values])
    else:
        parts = stratified_parts(examples, values, folds, salt)
    for fold in range(int(parts.max()) + 1):
        test = parts == fold
        yield _fold(examples, groups, fold, test, _holds(groups, test), salt, validation)


def by_time(
    examples: Sequence[Example],
    groups: Sequence[str],
    column: str = "date",
    *,
    validation: float = 0.1,
    test: float = 0.2,
) -> Split:
    """Train on the past, test on the future: every training row is older than every other.

    The cuts fall between two moments, so rows of one moment stay together, as near to the
    wanted shares of rows as that allows. A group with rows on both sides of a cut (an article
    that was updated, a report reprinted later) is left out.

    Args:
        column: ISO 8601 dates or times; times with an offset are compared in UTC.

    Raises:
        InputError: rows lack a date, or too few moments to cut between; names the rows.
    """
    moments = _moments(examples, column)
    order = np.unique(moments)
    if len(order) < 3:
        raise InputError(f"column {column!r} has {len(order)} distinct moments; three are needed")
    before = np.searchsorted(np.sort(moments), order)  # rows older than each moment
    cut = 2 + int(np.abs(before[2:] - (1 - test) * len(moments)).argmin())
    first_cut = 1 + int(np.abs(before[1:cut] - (1 - validation - test) * len(moments)).argmin())
    first, second = order[first_cut], order[cut]
    parts = (moments >= first).astype(np.int64) + (moments >= second)
    straddling = _straddling(groups, parts)
    train, held, tested = (np.flatnonzero((parts == part) & ~straddling) for part in range(3))
    for name, rows in (("training", train), ("validation", held), ("testing", tested)):
        if not len(rows):
            raise InputError(
                f"column {column!r} leaves no row for {name}, since articles stand on both sides "
                "of the cuts; change split.validation and split.test"
            )
    return Split(0, train, held, tested)


def by_corpus(
    examples: Sequence[Example],
    groups: Sequence[str],
    *,
    validation: float = 0.1,
    salt: str = "",
) -> Split:
    """Train on one corpus and test on another, whose rows have the split ``test``.

    The training corpus is divided by its own split column, or, where it has none, by hash. A
    training row is left out where it is a near-duplicate of a tested one, with its article.

    Raises:
        InputError: one of the two corpora is absent, or only part of the rows have a split.
    """
    test = np.array([example.split == "test" for example in examples])
    rest = np.flatnonzero(~test & ~_holds(groups, test))
    if not test.any() or not len(rest):
        raise InputError(
            "split.method=cross needs rows of two corpora: set data.path and data.test.path"
        )
    given = [examples[at].split for at in rest.tolist()]
    if any(given) and not all(given):
        without = examples[int(rest[given.index("")])].id
        raise InputError(f"row {without!r} has no split while others have; give all or none")
    if not all(given):
        return with_validation(
            examples, groups, 0, rest, np.flatnonzero(test), salt, validation=validation
        )
    held = np.array([value == "validation" for value in given])
    return Split(0, rest[~held], rest[held], np.flatnonzero(test))


def column_of(examples: Sequence[Example], column: str) -> list[str]:
    """Return a field or extra column of every row as text, empty where a row has no value.

    Raises:
        InputError: no row has such a column; names those that there are.
    """
    if column in Example.__dataclass_fields__:
        found = [getattr(example, column) for example in examples]
    else:
        if not any(column in example.extra for example in examples):
            there = ", ".join(sorted({name for example in examples for name in example.extra}))
            raise InputError(f"column {column!r} is not in the data (extra columns: {there})")
        found = [example.extra.get(column) for example in examples]
    return [as_text(value) for value in found]


def _holds(values: Sequence[str], test: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which rows have a value that a tested row has; an empty value is none."""
    tested = {value for value, within in zip(values, test.tolist(), strict=True) if within} - {""}
    return np.array([value in tested for value in values])


def _fold(
    examples: Sequence[Example],
    groups: Sequence[str],
    fold: int,
    test: NDArray[np.bool_],
    barred: NDArray[np.bool_],
    salt: str,
    validation: float,
) -> Split:
    rest = np.flatnonzero(~test & ~barred)
    try:
        return with_validation(
            examples, groups, fold, rest, np.flatnonzero(test), f"{salt}/{fold}",
            validation=validation,
        )  # fmt: skip
    except InputError:
        left = len({groups[at] for at in rest.tolist()})
        raise InputError(
            f"fold {fold + 1} tests {test.sum()} rows and leaves {left} articles to train on, "
            "which is too few; take more folds, or another column"
        ) from None


def _moments(examples: Sequence[Example], column: str) -> NDArray[np.float64]:
    found, wrong = [], []
    for example, value in zip(examples, column_of(examples, column), strict=True):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            wrong.append(example.id)
            continue
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        found.append(aware.timestamp())
    if wrong:
        shown = ", ".join(repr(name) for name in wrong[:_SHOWN])
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise InputError(
            f"column {column!r}: no date such as 2031-05-02 in {len(wrong)} rows ({shown}{more})"
        )
    return np.array(found)


def _straddling(groups: Sequence[str], parts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rows belong to a group that has rows in several parts."""
    seen: dict[str, set[int]] = {}
    for group, part in zip(groups, parts.tolist(), strict=True):
        seen.setdefault(group, set()).add(part)
    return np.array([len(seen[group]) > 1 for group in groups])
