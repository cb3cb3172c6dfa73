"""A corpus that a model labelled in full and people labelled in part: what estimators read.

Counting predicted labels is biased by however much the model errs, and an interval around
that count shrinks towards the wrong number as the corpus grows. Every estimator here but
the naive one uses the rows that people labelled to measure the bias and take it out.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stance.errors import InputError
from stance.evaluation.resampling import FloatArray, IntArray, Interval, number_groups

UNLABELLED = -1
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Rows of a corpus, ``(n,)`` each; ``build`` checks and numbers them.

    ``scores`` ``(n, n_labels)`` are the model's probabilities, or 1 for its label and 0
    elsewhere. ``y_true`` is the label a person gave, -1 (or NaN) where none did. ``inclusion`` is
    the probability with which a row was chosen to be labelled by a person, NaN throughout
    where it was the same for all. ``outside`` marks labelled rows that are not of the corpus
    whose labels are asked about. ``groups`` numbers the documents.
    """

    scores: FloatArray
    y_true: IntArray
    groups: IntArray
    inclusion: FloatArray
    outside: BoolArray

    @property
    def n_labels(self) -> int:
        """Length of the label list."""
        return int(self.scores.shape[1])

    @property
    def labelled(self) -> BoolArray:
        """Rows that a person labelled."""
        labelled: BoolArray = self.y_true != UNLABELLED
        return labelled

    @property
    def truth(self) -> FloatArray:
        """1 for a labelled row's label, 0 elsewhere, ``(n, n_labels)``; all 0 if unlabelled."""
        truth: BoolArray = self.y_true[:, None] == np.arange(self.n_labels)
        return truth.astype(np.float64)

    def take(self, rows: BoolArray) -> Sample:
        """The sample of some of its rows."""
        return Sample(
            self.scores[rows],
            self.y_true[rows],
            self.groups[rows],
            self.inclusion[rows],
            self.outside[rows],
        )


def build(
    scores: ArrayLike,
    y_true: ArrayLike,
    groups: Sequence[Hashable],
    *,
    inclusion: ArrayLike | None = None,
    outside: ArrayLike | None = None,
) -> Sample:
    """Check the columns of a corpus (see ``Sample``) and number its documents."""
    rows = np.asarray(scores, dtype=np.float64)
    if rows.ndim != 2 or not len(rows) or not np.isfinite(rows).all():
        raise InputError(f"scores have shape {rows.shape}: give finite numbers, rows by labels")
    n_rows = len(rows)
    true = _numbers("y_true", y_true)
    true = np.where(np.isnan(true), UNLABELLED, true)
    chance = np.full(n_rows, np.nan) if inclusion is None else np.asarray(inclusion, np.float64)
    beyond = np.zeros(n_rows) if outside is None else _numbers("outside", outside)
    elsewhere = beyond == 1
    for name, length in (
        ("y_true", len(true)),
        ("groups", len(groups)),
        ("inclusion", len(chance)),
        ("outside", len(elsewhere)),
    ):
        if length != n_rows:
            raise InputError(f"{name} has {length} rows but scores have {n_rows}")
    wrong = np.flatnonzero(~np.isin(beyond, (0, 1)))
    if len(wrong):
        raise InputError(f"outside[{wrong[0]}] is {beyond[wrong[0]]:g}: give true or false")
    wrong = np.flatnonzero((true < UNLABELLED) | (true >= rows.shape[1]))
    if len(wrong):
        raise InputError(
            f"y_true[{wrong[0]}] is {true[wrong[0]]:g}, outside 0..{rows.shape[1] - 1}: "
            "give -1 for a row that no person labelled"
        )
    wrong = np.flatnonzero(~((chance > 0) & (chance <= 1)))
    if inclusion is not None and len(wrong):
        raise InputError(
            f"inclusion[{wrong[0]}] is {chance[wrong[0]]}, not in (0, 1]: "
            "every row needs a chance of being labelled"
        )
    return Sample(rows, true.astype(np.int64), number_groups(groups)[0], chance, elsewhere)


def _numbers(name: str, values: ArrayLike) -> FloatArray:
    """Whole numbers as floats, NaN for whatever stands for a gap: NaN, None, ``pandas.NA``.

    Raises:
        InputError: something else; names the first such value.
    """
    given = np.asarray(values)
    if given.ndim != 1:
        raise InputError(f"{name} has {given.ndim} axes: give one value a row")
    if given.dtype.kind not in "biuf":
        given = np.array([np.nan if _is_gap(value) else value for value in given], dtype=object)
    try:
        numbers = given.astype(np.float64)
    except (TypeError, ValueError):
        numbers = np.full(len(given), np.inf)
    gap = np.isnan(numbers)
    wrong = np.flatnonzero(~gap & ~(np.isfinite(numbers) & (numbers == np.floor(numbers))))
    if len(wrong):
        raise InputError(f"{name}[{wrong[0]}] is {given[wrong[0]]}: give whole numbers")
    return numbers


def _is_gap(value: object) -> bool:
    try:
        return value is None or bool(value != value)  # NaN differs from itself
    except TypeError:
        return True  # pandas.NA is neither equal nor unequal to itself


def one_hot(y_pred: ArrayLike, n_labels: int) -> FloatArray:
    """Scores ``(n, n_labels)`` of a model that gives labels ``(n,)`` without probabilities."""
    labels = _numbers("y_pred", y_pred)
    if not ((labels >= 0) & (labels < n_labels)).all():
        raise InputError(f"y_pred holds a label outside 0..{n_labels - 1}")
    scores: FloatArray = np.eye(n_labels)[labels.astype(np.int64)]
    return scores


def by_key(
    estimate: Callable[[Sample], list[Interval]], sample: Sample, keys: Sequence[Hashable]
) -> dict[str, list[Interval]]:
    """The same estimate for the rows of each key, such as each actor.

    ``keys`` ``(n,)`` names the key of each row. Rows outside the corpus belong to every
    key: their errors stand for all. A key with few labelled documents gets a wide interval
    or none; its bias is measured on its own rows, because models err more on some actors.
    """
    names = np.array([str(key) for key in keys], dtype=object)
    if len(names) != len(sample.y_true):
        raise InputError(f"keys have {len(names)} rows but scores have {len(sample.y_true)}")
    return {
        key: estimate(sample.take((names == key) | sample.outside))
        for key in sorted(set(names[~sample.outside]))
    }
