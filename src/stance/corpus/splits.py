"""Splits that do not leak: whole groups, near-duplicates together, labels balanced.

A group is an article (or what the configuration names); groups that share a near-duplicate
sentence or the two sides of a contrast pair are merged first. Which part a group falls into
depends on the hash of its id and a salt, never on the order of the file. ``leave_out`` has the
splits that keep holders, topics, times or corpora apart.
"""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stance.corpus.duplicates import clusters
from stance.corpus.load import SPLITS
from stance.corpus.tables import as_text
from stance.errors import InputError
from stance.schema import Example

Indices = NDArray[np.int64]
CONTRAST = "contrast_of"
"""The column that names the row which a row is a minimal edit of."""
_PARTS = 10


@dataclass(frozen=True, slots=True)
class Split:
    """Row numbers of one way to divide a corpus.

    ``fold`` counts from 0 over all repeats; the folds of one ``repeat`` test every row once.
    """

    fold: int
    train: Indices
    validation: Indices
    test: Indices
    repeat: int = 0


def groups_of(examples: Sequence[Example], column: str = "doc_id") -> list[str]:
    """Return each row's group after merging near-duplicates and contrast pairs.

    Args:
        column: ``doc_id``, any other field or any extra column of the rows.
    """
    if column == "doc_id":
        raw = [example.group for example in examples]
    else:
        raw = [_value(example, column) for example in examples]
    links = [(raw[first], raw[second]) for first, second in contrast_pairs(examples)]
    return clusters(raw, [example.text for example in examples], links=links)


def contrast_pairs(examples: Sequence[Example]) -> Iterator[tuple[int, int]]:
    """Yield the numbers of two rows, one of which was written as a contrast to the other."""
    place = {example.id: at for at, example in enumerate(examples)}
    for at, example in enumerate(examples):
        other = place.get(str(example.extra.get(CONTRAST) or ""))
        if other is not None and other != at:
            yield other, at


def _value(example: Example, column: str) -> str:
    if column in Example.__dataclass_fields__:
        value = getattr(example, column)
    elif column in example.extra:
        value = example.extra[column]
    else:
        raise InputError(f"group column {column!r} is not in the data (row {example.id!r})")
    return as_text(value) or example.id


def by_column(examples: Sequence[Example]) -> Split:
    """Divide by the rows' own ``split`` column.

    Raises:
        InputError: a row has none, or no row is for training or for testing.
    """
    without = [example.id for example in examples if example.split not in SPLITS]
    if without:
        raise InputError(
            f"{len(without)} rows have no split (first: {without[0]!r}); "
            "set split.method=hash or split.method=folds"
        )
    split = as_given(examples)
    for name in ("train", "test"):
        if not len(getattr(split, name)):
            raise InputError(f"no row has split {name!r}")
    return split


def as_given(examples: Sequence[Example]) -> Split:
    """Return the rows' own splits as they are, rows without one in no part."""
    train, validation, test = (
        np.array([at for at, item in enumerate(examples) if item.split == name], dtype=np.int64)
        for name in SPLITS
    )
    return Split(0, train, validation, test)


def by_hash(
    examples: Sequence[Example],
    groups: Sequence[str],
    *,
    validation: float = 0.1,
    test: float = 0.2,
    salt: str = "",
) -> Split:
    """Divide into train, validation and test by tenths of the groups, or finer where asked.

    Where there are fewer groups than parts to make, the shares are met as nearly as they allow.

    Raises:
        InputError: the shares are no shares, too fine, or leave nothing to train on.
    """
    if not (validation >= 0 < test and validation + test < 1 - 1e-9):
        raise InputError(
            f"split: validation {validation:g} and test {test:g} leave nothing to train on, or "
            "are no shares"
        )
    distinct = len(set(groups))
    needed = 3 if validation else 2
    if distinct < needed:
        raise InputError(
            f"{distinct} groups cannot be divided into {needed} parts; name another column as the "
            "group"
        )
    count = min(_fineness(validation, test), distinct)
    tested = min(max(1, round(test * count)), count - needed + 1)
    held = min(max(1, round(validation * count)), count - tested - 1) if validation else 0
    parts = stratified_parts(examples, groups, count, salt)
    is_test = parts < tested
    is_validation = ~is_test & (parts < tested + held)
    return Split(
        0,
        np.flatnonzero(~is_test & ~is_validation),
        np.flatnonzero(is_validation),
        np.flatnonzero(is_test),
    )


def _fineness(*shares: float) -> int:
    """Return into how many parts to divide so that each share is a whole number of them.

    Raises:
        InputError: no number up to a hundred does; names the share.
    """
    for count in (_PARTS, 20, 25, 40, 50, 100):
        if all(abs(share * count - round(share * count)) < 1e-9 for share in shares):
            return count
    raise InputError(
        f"split: shares {', '.join(f'{share:g}' for share in shares)}: give hundredths"
    )


def by_folds(
    examples: Sequence[Example],
    groups: Sequence[str],
    folds: int,
    *,
    validation: float = 0.1,
    salt: str = "",
) -> Iterator[Split]:
    """Yield ``folds`` splits; every row is tested once, a share of the rest validates."""
    parts = stratified_parts(examples, groups, folds, salt)
    if len(set(groups)) < 3:
        raise InputError(
            "2 groups are too few to train, to validate and to test on; name another column as the "
            "group"
        )
    for fold in range(folds):
        rest = np.flatnonzero(parts != fold)
        yield with_validation(
            examples, groups, fold, rest, np.flatnonzero(parts == fold), f"{salt}/{fold}",
            validation=validation,
        )  # fmt: skip


def with_validation(
    examples: Sequence[Example],
    groups: Sequence[str],
    fold: int,
    rest: Indices,
    test: Indices,
    salt: str,
    *,
    validation: float = 0.1,
) -> Split:
    """Take a share of the ``rest``, whole groups of it, for validation.

    Where there are fewer groups than parts to make, the share is met as nearly as they allow.

    Raises:
        InputError: not two groups are left, one to train and one to validate on.
    """
    own = [groups[int(at)] for at in rest]
    count = min(_fineness(validation), len(set(own)))
    if count < 2:
        raise InputError(
            f"fold {fold + 1} leaves {count} groups to train and to validate on, where two are "
            "needed; take more folds, or name another column as the group"
        )
    inner = stratified_parts([examples[int(at)] for at in rest], own, count, salt)
    held = inner < min(max(1, round(validation * count)), count - 1)
    return Split(fold, rest[~held], rest[held], test)


def stratified_parts(
    examples: Sequence[Example], groups: Sequence[str], parts: int, salt: str
) -> NDArray[np.int64]:
    """Return each row's part in ``range(parts)``; groups whole, labels balanced."""
    from sklearn.model_selection import StratifiedGroupKFold

    distinct = len(set(groups))
    if distinct < parts:
        raise InputError(
            f"{distinct} groups cannot be divided into {parts} parts; take fewer folds, or name "
            "another column as the group"
        )
    keys = [hashlib.sha256(f"{salt}\0{group}".encode()).hexdigest() for group in groups]
    labels = [example.stance or example.sentiment or "" for example in examples]
    if max(Counter(labels).values()) < parts:
        labels = [""] * len(labels)  # every label is too rare to stand in each part
    result = np.zeros(len(examples), dtype=np.int64)
    splitter = StratifiedGroupKFold(n_splits=parts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class rarer than the parts is no error
        for part, (_, rows) in enumerate(splitter.split(keys, labels, keys)):
            result[rows] = part
    return result
