"""How far annotators agree, which is how far the labels can be trusted.

Ratings are label numbers ``(n_annotators, n_rows)`` with ``MISSING`` (-1) where an
annotator did not label a row; nobody has to label everything. Krippendorff's alpha (2011,
"Computing Krippendorff's alpha-reliability") corrects for chance and takes any number of
annotators with gaps; Cohen's kappa is for two. Rows of a document are not independent, so
intervals come from resampling documents: both coefficients are functions of counts that
add up over documents.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stance.codebook import suggest
from stance.corpus.load import Mapped
from stance.corpus.tables import as_text
from stance.errors import InputError
from stance.evaluation.resampling import (
    FloatArray,
    IntArray,
    Interval,
    Method,
    count_tables,
    number_groups,
    resample_tables,
)

MISSING = -1


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two annotators, the rows that both labelled, and their confusion matrix.

    ``confusion[i, j]`` counts rows that ``first`` labelled ``i`` and ``second`` ``j``.
    """

    first: int
    second: int
    n_rows: int
    kappa: Interval
    confusion: IntArray


@dataclass(frozen=True, slots=True)
class Ratings:
    """What annotators said: label numbers ``(n_annotators, n_rows)``, gaps ``MISSING``.

    ``unread`` are columns whose name begins as annotators' do and that were not taken for one.
    """

    annotators: tuple[str, ...]
    labels: IntArray
    documents: tuple[Hashable, ...]
    unread: tuple[str, ...] = ()


def read_ratings(
    rows: Sequence[Mapping[str, Any]],
    task: str,
    names: Sequence[str],
    *,
    columns: Sequence[str] = (),
    annotator: str = "",
    mapped: Mapped | None = None,
) -> Ratings:
    """Read the labels of any number of annotators.

    Args:
        names: the labels that there are.
        columns: one column an annotator; ``stance_a``, ``stance_b``, ``stance_c`` and so on (or
            ``stance_1``, ``stance_2``), as many as the rows have, where none is named.
        annotator: in long tables, the column that names the annotator; rows of one ``id`` are
            one row labelled again, by the column named as the task.
        mapped: what the rows' columns and labels are in ours.

    Raises:
        InputError: fewer than two annotators, or a label that is not known; names the row.
    """
    mapped = mapped or Mapped()
    there = dict.fromkeys(name for row in rows for name in row)
    if annotator:
        return _long_ratings(rows, there, task, names, annotator, mapped)
    found = list(columns) or sorted(
        (name for name in there if re.fullmatch(rf"{re.escape(task)}_(?:[A-Za-z]|[0-9]+)", name)),
        key=lambda name: (len(name), name),
    )
    absent = [name for name in found if name not in there]
    if absent:
        raise InputError(f"the rows have no column {absent[0]!r}; {suggest(absent[0], [*there])}")
    if len(set(found)) < max(2, len(found)):
        raise InputError(
            f"agreement needs the labels of two annotators: columns {task}_a and {task}_b or two "
            f"that are named, or the column that names the annotator (columns: {', '.join(there)})"
        )
    table = [
        [_vote(row.get(name), at, name, task, names, mapped) for at, row in enumerate(rows, 1)]
        for name in found
    ]
    column = mapped.column("doc_id")
    documents = tuple(as_text(row.get(column)) or f"\0row {at}" for at, row in enumerate(rows))
    unread = tuple(
        name for name in there if name.startswith(f"{task}_") and name not in found and not columns
    )
    return Ratings(tuple(found), np.array(table, dtype=np.int64), documents, unread)


def _long_ratings(
    rows: Sequence[Mapping[str, Any]],
    there: Mapping[str, None],
    task: str,
    names: Sequence[str],
    annotator: str,
    mapped: Mapped,
) -> Ratings:
    unit, label, document = (mapped.column(name) for name in ("id", task, "doc_id"))
    for name in (annotator, label, unit):
        if name not in there:
            raise InputError(f"the rows have no column {name!r}; {suggest(name, [*there])}")
        blank = [
            at
            for at, row in enumerate(rows, start=1)
            if name != label and not as_text(row.get(name)).strip()
        ]
        if blank:
            raise InputError(f"row {blank[0]} has no {name!r}: whose label of what is it?")
    people = sorted({as_text(row[annotator]) for row in rows})
    ids = list(dict.fromkeys(as_text(row[unit]) for row in rows))
    if len(people) < 2:
        raise InputError(f"column {annotator!r} names one annotator only ({people[0]!r})")
    table = np.full((len(people), len(ids)), MISSING, dtype=np.int64)
    person = {name: at for at, name in enumerate(people)}
    place = {name: at for at, name in enumerate(ids)}
    documents: dict[str, Hashable] = {}
    for at, row in enumerate(rows, start=1):
        who, what = person[as_text(row[annotator])], place[as_text(row[unit])]
        documents.setdefault(ids[what], as_text(row.get(document)) or f"\0row {ids[what]}")
        vote = _vote(row.get(label), at, label, task, names, mapped)
        if vote == MISSING:
            continue
        if table[who, what] not in (MISSING, vote):
            raise InputError(f"row {at}: {people[who]!r} labels {ids[what]!r} a second time")
        table[who, what] = vote
    return Ratings(tuple(people), table, tuple(documents[name] for name in ids))


def _vote(cell: Any, row: int, column: str, task: str, names: Sequence[str], mapped: Mapped) -> int:
    try:
        label = mapped.label(task, cell, names)
    except InputError as error:
        raise InputError(f"row {row}: {column}: {error}") from None
    return MISSING if label is None else list(names).index(label)


def votes(ratings: ArrayLike, n_labels: int) -> IntArray:
    """How many annotators gave each row each label, ``(n_rows, n_labels)``."""
    checked = _checked(ratings, n_labels)
    counts: IntArray = (checked[:, :, None] == np.arange(n_labels)).sum(axis=0)
    return counts


def plurality(ratings: ArrayLike, n_labels: int) -> IntArray:
    """The label most annotators gave each row; ``MISSING`` where none did or the vote is tied."""
    counts = votes(ratings, n_labels)
    most = counts.max(axis=1, keepdims=True)
    single = ((counts == most).sum(axis=1) == 1) & (most[:, 0] > 0)
    return np.where(single, counts.argmax(axis=1), MISSING)


def krippendorff_alpha(ratings: ArrayLike, n_labels: int) -> float:
    """Nominal alpha of all annotators; NaN where it is undefined.

    Undefined are ratings without a row that two annotators labelled, and ratings that use
    one label only: perfect agreement that says nothing.
    """
    import krippendorff

    counts = votes(ratings, n_labels)
    pairable = counts[counts.sum(axis=1) > 1]
    if np.count_nonzero(pairable.sum(axis=0)) < 2:
        return float("nan")
    return float(krippendorff.alpha(value_counts=pairable, level_of_measurement="nominal"))


def alpha_interval(
    ratings: ArrayLike,
    n_labels: int,
    documents: Sequence[Hashable],
    *,
    n_resamples: int = 2000,
    level: float = 0.95,
    method: Method = "percentile",
    seed: int = 0,
) -> Interval:
    """Nominal alpha with its interval over ``documents`` ``(n_rows,)``."""
    tables = _coincidences(ratings, n_labels, documents)
    resamples = resample_tables(
        tables, alpha_of_coincidences, n_resamples=n_resamples, method=method, seed=seed
    )
    return resamples.interval(level=level)


def alpha_per_label(
    ratings: ArrayLike,
    n_labels: int,
    documents: Sequence[Hashable],
    *,
    n_resamples: int = 2000,
    level: float = 0.95,
    method: Method = "percentile",
    seed: int = 0,
) -> list[Interval]:
    """Alpha of "this label or another" for each label: which labels annotators can tell."""

    def score(tables: FloatArray) -> FloatArray:
        return np.stack(
            [alpha_of_coincidences(_one_vs_rest(tables, label)) for label in range(n_labels)],
            axis=1,
        )

    tables = _coincidences(ratings, n_labels, documents)
    resamples = resample_tables(tables, score, n_resamples=n_resamples, method=method, seed=seed)
    return [resamples.interval(label, level=level) for label in range(n_labels)]


def alpha_of_coincidences(tables: NDArray[Any]) -> FloatArray:
    """Nominal alpha of stacked coincidence matrices ``(..., n_labels, n_labels)``.

    The same number as ``krippendorff_alpha``, for many resamples at once.
    """
    totals = tables.sum(axis=-1)
    size = totals.sum(axis=-1)
    observed = size - np.trace(tables, axis1=-2, axis2=-1)
    expected = size**2 - (totals**2).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected > 0, 1 - (size - 1) * observed / expected, np.nan)


def kappa_of_confusion(tables: NDArray[Any]) -> FloatArray:
    """Cohen's kappa of stacked confusion matrices; NaN where both use one label only."""
    size = tables.sum(axis=(-2, -1))
    observed = np.trace(tables, axis1=-2, axis2=-1) * size
    chance = (tables.sum(axis=-1) * tables.sum(axis=-2)).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(size**2 > chance, (observed - chance) / (size**2 - chance), np.nan)


def pairwise(
    ratings: ArrayLike,
    n_labels: int,
    documents: Sequence[Hashable],
    *,
    n_resamples: int = 2000,
    level: float = 0.95,
    method: Method = "percentile",
    seed: int = 0,
) -> list[PairAgreement]:
    """Cohen's kappa and the confusion of every two annotators who share rows."""
    checked, codes, n_groups = _with_documents(ratings, n_labels, documents)
    found = []
    for first, second in combinations(range(len(checked)), 2):
        both = (checked[first] != MISSING) & (checked[second] != MISSING)
        if not both.any():
            continue
        tables = count_tables(
            checked[first, both], checked[second, both], n_labels, codes[both], n_groups
        )
        resamples = resample_tables(
            tables[tables.sum(axis=(1, 2)) > 0],
            kappa_of_confusion,
            n_resamples=n_resamples,
            method=method,
            seed=seed,
        )
        found.append(
            PairAgreement(
                first, second, int(both.sum()), resamples.interval(level=level), tables.sum(axis=0)
            )
        )
    return found


def _checked(ratings: ArrayLike, n_labels: int) -> IntArray:
    checked = np.asarray(ratings)
    if checked.ndim != 2 or not np.issubdtype(checked.dtype, np.integer):
        raise InputError(
            f"ratings have {checked.ndim} axes of {checked.dtype}: "
            "give label numbers, annotators by rows"
        )
    wrong = np.argwhere((checked < MISSING) | (checked >= n_labels))
    if len(wrong):
        annotator, row = (int(position) for position in wrong[0])
        raise InputError(
            f"ratings[{annotator}, {row}] is {checked[annotator, row]}, "
            f"outside 0..{n_labels - 1}: give -1 where a label is missing"
        )
    return checked.astype(np.int64, copy=False)


def _with_documents(
    ratings: ArrayLike, n_labels: int, documents: Sequence[Hashable]
) -> tuple[IntArray, IntArray, int]:
    checked = _checked(ratings, n_labels)
    if checked.shape[1] != len(documents):
        raise InputError(f"ratings have {checked.shape[1]} rows but documents {len(documents)}")
    return checked, *number_groups(documents)


def _coincidences(ratings: ArrayLike, n_labels: int, documents: Sequence[Hashable]) -> FloatArray:
    """One coincidence matrix per document with a pairable row, ``(n_documents, k, k)``.

    Each row adds all ordered pairs of its labels, weighted so that it counts for as many
    labels as it has. Documents without a pair cannot move alpha and are left out, so that
    they do not pass for information when documents are drawn.
    """
    checked, codes, n_groups = _with_documents(ratings, n_labels, documents)
    counts = votes(checked, n_labels)
    pairable = counts.sum(axis=1) > 1
    if not pairable.any():
        raise InputError("no row has labels of two annotators: agreement cannot be measured")
    counts = counts[pairable]
    pairs = (counts[:, :, None] * counts[:, None, :]).astype(np.float64)
    diagonal = np.arange(n_labels)
    pairs[:, diagonal, diagonal] -= counts
    pairs /= counts.sum(axis=1)[:, None, None] - 1
    tables = np.zeros((n_groups, n_labels, n_labels))
    np.add.at(tables, codes[pairable], pairs)
    return tables[np.bincount(codes[pairable], minlength=n_groups) > 0]


def _one_vs_rest(tables: FloatArray, label: int) -> FloatArray:
    """Coincidences of "the label or another", ``(..., 2, 2)``."""
    both = tables[..., label, label]
    row = tables[..., label, :].sum(axis=-1)
    total = tables.sum(axis=(-2, -1))
    mixed = row - both
    return np.stack(
        [np.stack([both, mixed], axis=-1), np.stack([mixed, total - 2 * row + both], axis=-1)],
        axis=-2,
    )
