"""Scores as functions of stacked confusion matrices ``(..., n_labels, n_labels)``.

Rows of a matrix are the true labels, columns the predicted ones. Any leading axes are
kept, so the same function scores one matrix and ten thousand resampled ones, whose counts
need not be whole numbers. Sums run over the full label list: a label that neither occurs
nor is predicted has F1 0, so that two test sets of one codebook have comparable scores.
The score of a matrix without rows is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stance.errors import InputError
from stance.evaluation.resampling import FloatArray, IntArray

Counts = NDArray[Any]
ScoreOfConfusion = Callable[[Counts], FloatArray]


def _ratio(numerator: Counts, denominator: Counts, empty: float = 0.0) -> FloatArray:
    numerator, denominator = np.broadcast_arrays(
        np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    )
    out: FloatArray = np.full(numerator.shape, empty)
    np.divide(numerator, denominator, out=out, where=denominator != 0)
    return out


def _hits(table: Counts) -> Counts:
    return np.diagonal(table, axis1=-2, axis2=-1)


def _unless_empty(score: FloatArray, table: Counts) -> FloatArray:
    return np.where(table.sum(axis=(-2, -1)) > 0, score, np.nan)


def support_of(table: Counts) -> Counts:
    """Number of rows whose true label is each label, ``(..., n_labels)``."""
    return np.asarray(table.sum(axis=-1))


def precision_of(table: Counts) -> FloatArray:
    """Precision of each label, ``(..., n_labels)``; 0 where it is never predicted."""
    return _ratio(_hits(table), table.sum(axis=-2))


def recall_of(table: Counts) -> FloatArray:
    """Recall of each label, ``(..., n_labels)``; 0 where it never occurs."""
    return _ratio(_hits(table), table.sum(axis=-1))


def f1_of(table: Counts) -> FloatArray:
    """F1 of each label, ``(..., n_labels)``; 0 where it neither occurs nor is predicted."""
    return _ratio(2 * _hits(table), table.sum(axis=-1) + table.sum(axis=-2))


def macro_f1_of(table: Counts) -> FloatArray:
    """Mean F1 over the full label list."""
    return _unless_empty(f1_of(table).mean(axis=-1), table)


def macro_f1_present_of(table: Counts) -> FloatArray:
    """Mean F1 over the labels that occur in truth.

    For slices, where most labels may be absent by construction; never the headline score.
    """
    present = support_of(table) > 0
    return _ratio((f1_of(table) * present).sum(axis=-1), present.sum(axis=-1), np.nan)


def weighted_f1_of(table: Counts) -> FloatArray:
    """Mean F1 weighted by support."""
    support = support_of(table)
    return _ratio((f1_of(table) * support).sum(axis=-1), support.sum(axis=-1), np.nan)


def micro_f1_of(table: Counts) -> FloatArray:
    """F1 of the pooled decisions; with one label per row this is the accuracy."""
    wrong = table.sum(axis=(-2, -1)) - _hits(table).sum(axis=-1)
    hits = _hits(table).sum(axis=-1)
    return _ratio(2 * hits, 2 * hits + 2 * wrong, np.nan)


def accuracy_of(table: Counts) -> FloatArray:
    """Share of rows with the right label."""
    return _ratio(_hits(table).sum(axis=-1), table.sum(axis=(-2, -1)), np.nan)


def balanced_accuracy_of(table: Counts) -> FloatArray:
    """Mean recall over the labels that occur in truth."""
    present = support_of(table) > 0
    return _ratio((recall_of(table) * present).sum(axis=-1), present.sum(axis=-1), np.nan)


def mcc_of(table: Counts) -> FloatArray:
    """Matthews correlation of several labels, 0 where truth or prediction is constant.

    Gorodkin (2004), "Comparing two K-category assignments by a K-category correlation
    coefficient", Computational Biology and Chemistry 28.
    """
    table = np.asarray(table, dtype=np.float64)
    true, pred, total = table.sum(axis=-1), table.sum(axis=-2), table.sum(axis=(-2, -1))
    agreement = _hits(table).sum(axis=-1) * total - (true * pred).sum(axis=-1)
    spread_true = total**2 - (true**2).sum(axis=-1)
    spread_pred = total**2 - (pred**2).sum(axis=-1)
    return _unless_empty(_ratio(agreement, np.sqrt(spread_true * spread_pred)), table)


def f_avg_of(for_: int, against: int) -> ScoreOfConfusion:
    """A score: the mean F1 of the two labels ``for_`` and ``against``.

    The measure of SemEval-2016 task 6 (Mohammad et al. 2016): rows of other labels count
    through the errors they cause, but have no F1 of their own in the mean.
    """

    def score(table: Counts) -> FloatArray:
        f1 = f1_of(table)
        return _unless_empty((f1[..., for_] + f1[..., against]) / 2, table)

    return score


SCORES: Mapping[str, ScoreOfConfusion] = MappingProxyType(
    {
        "macro_f1": macro_f1_of,
        "weighted_f1": weighted_f1_of,
        "micro_f1": micro_f1_of,
        "accuracy": accuracy_of,
        "balanced_accuracy": balanced_accuracy_of,
        "mcc": mcc_of,
    }
)
"""The scores of every results table that are functions of the confusion matrix."""


PROBABILITY_TOLERANCE = 1e-3  # float32 softmax over many labels, rounded once in a file


def labels(name: str, values: ArrayLike, n_labels: int, *, ndim: int = 1) -> IntArray:
    """Label numbers in ``0..n_labels-1`` as an integer array of ``ndim`` axes, not empty."""
    array = np.asarray(values)
    if array.size == 0:
        raise InputError(f"{name} is empty: there is nothing to score")
    if array.ndim != ndim:
        raise InputError(f"{name} has {array.ndim} axes: give {ndim}")
    if not np.issubdtype(array.dtype, np.integer):
        raise InputError(f"{name} has type {array.dtype}: give label numbers as integers")
    wrong = np.flatnonzero((array < 0) | (array >= n_labels))
    if wrong.size:
        row, value = int(wrong[0]), int(array.ravel()[wrong[0]])
        raise InputError(
            f"{name}[{row}] is {value}, outside 0..{n_labels - 1}: "
            "drop rows without a label before scoring"
        )
    return array.astype(np.int64, copy=False)


def pair(y_true: ArrayLike, y_pred: ArrayLike, n_labels: int) -> tuple[IntArray, IntArray]:
    """Two label arrays ``(n,)`` of the same rows."""
    true, pred = labels("y_true", y_true, n_labels), labels("y_pred", y_pred, n_labels)
    same_length("y_true", len(true), "y_pred", len(pred))
    return true, pred


def probabilities(name: str, values: ArrayLike, n_rows: int) -> FloatArray:
    """A distribution over labels per row, ``(n_rows, n_labels)``: finite, not negative, sum 1."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2:
        raise InputError(f"{name} has {array.ndim} axes: give rows by labels")
    same_length("the labels", n_rows, name, len(array))
    with np.errstate(invalid="ignore"):
        sound = (array >= 0).all(axis=1) & (np.abs(array.sum(axis=1) - 1) <= PROBABILITY_TOLERANCE)
    if not sound.all():
        row = int(np.flatnonzero(~sound)[0])
        raise InputError(f"{name}[{row}] is no distribution: give values >= 0 that sum to 1")
    return array


def same_length(first: str, n_first: int, second: str, n_second: int) -> None:
    """Refuse two arrays that do not describe the same rows."""
    if n_first != n_second:
        raise InputError(f"{first} has {n_first} rows but {second} has {n_second}")
