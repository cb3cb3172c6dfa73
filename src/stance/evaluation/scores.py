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
from numpy.typing import NDArray

from stance.resampling import FloatArray

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
