"""Scores of predicted labels against true ones: arrays in, numbers out.

Labels travel as numbers into one full, fixed label list (the codebook's order), so a test
set that lacks a label is scored over the same list as one that has it. Rows without a true
label are the caller's to drop; a negative label number is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from stance.errors import InputError
from stance.evaluation import scores
from stance.evaluation import scores as arrays
from stance.evaluation.probabilities import (
    area_under_risk_coverage,
    auroc,
    average_precision,
    brier,
    ece,
    log_loss,
)
from stance.evaluation.resampling import FloatArray, IntArray, count_tables


@dataclass(frozen=True, slots=True)
class PerLabel:
    """Scores of each label, arrays ``(n_labels,)`` in the order of the label list."""

    precision: FloatArray
    recall: FloatArray
    f1: FloatArray
    support: IntArray


def confusion(y_true: ArrayLike, y_pred: ArrayLike, n_labels: int) -> IntArray:
    """Counts ``(n_labels, n_labels)``: rows are true labels, columns predicted ones."""
    true, pred = arrays.pair(y_true, y_pred, n_labels)
    one_group = np.zeros_like(true)
    table: IntArray = count_tables(true, pred, n_labels, one_group, 1)[0]
    return table


def per_label(y_true: ArrayLike, y_pred: ArrayLike, n_labels: int) -> PerLabel:
    """Precision, recall, F1 and support over the full label list (0 where undefined)."""
    table = confusion(y_true, y_pred, n_labels)
    return PerLabel(
        scores.precision_of(table),
        scores.recall_of(table),
        scores.f1_of(table),
        scores.support_of(table),
    )


def macro_f1(y_true: ArrayLike, y_pred: ArrayLike, n_labels: int) -> float:
    """Mean F1 over the full label list; a label absent from truth and prediction counts 0."""
    return float(scores.macro_f1_of(confusion(y_true, y_pred, n_labels)))


def micro_f1(y_true: ArrayLike, y_pred: ArrayLike, n_labels: int) -> float:
    """F1 of the pooled decisions, equal to the accuracy where each row has one label."""
    return float(scores.micro_f1_of(confusion(y_true, y_pred, n_labels)))


def weighted_f1(y_true: ArrayLike, y_pred: ArrayLike, n_labels: int) -> float:
    """Mean F1 weighted by support."""
    return float(scores.weighted_f1_of(confusion(y_true, y_pred, n_labels)))


def accuracy(y_true: ArrayLike, y_pred: ArrayLike, n_labels: int) -> float:
    """Share of rows with the right label."""
    return float(scores.accuracy_of(confusion(y_true, y_pred, n_labels)))


def balanced_accuracy(y_true: ArrayLike, y_pred: ArrayLike, n_labels: int) -> float:
    """Mean recall over the labels that occur in truth."""
    return float(scores.balanced_accuracy_of(confusion(y_true, y_pred, n_labels)))


def mcc(y_true: ArrayLike, y_pred: ArrayLike, n_labels: int) -> float:
    """Matthews correlation coefficient for several labels, in [-1, 1]."""
    return float(scores.mcc_of(confusion(y_true, y_pred, n_labels)))


def f_avg(y_true: ArrayLike, y_pred: ArrayLike, for_: int, against: int) -> float:
    """Mean F1 of the labels numbered ``for_`` and ``against`` (SemEval-2016 task 6)."""
    true, pred = np.asarray(y_true), np.asarray(y_pred)
    largest = max(int(a.max(initial=0)) for a in (true, pred))
    table = confusion(true, pred, 1 + max(largest, for_, against))
    return float(scores.f_avg_of(for_, against)(table))


def relabel(y: ArrayLike, mapping: Sequence[int]) -> IntArray:
    """Labels ``(n,)`` under a coarser list: label ``i`` becomes ``mapping[i]``.

    For the relations (for, against, neither) and for corpora with fewer labels.
    """
    new = _checked_mapping(mapping)
    return new[arrays.labels("y", y, len(new))]


def relabel_proba(proba: ArrayLike, mapping: Sequence[int]) -> FloatArray:
    """Probabilities ``(n, n_labels)`` under a coarser list: merged labels add up."""
    new = _checked_mapping(mapping)
    fine = np.asarray(proba, dtype=np.float64)
    if fine.ndim != 2 or fine.shape[1] != len(new):
        raise InputError(f"proba has shape {fine.shape}: give rows by {len(new)} labels")
    return fine @ np.eye(int(new.max()) + 1)[new]


def _checked_mapping(mapping: Sequence[int]) -> IntArray:
    new = np.asarray(mapping, dtype=np.int64)
    if new.ndim != 1 or new.size == 0 or new.min() < 0:
        raise InputError(f"mapping {list(mapping)!r}: give one label number >= 0 per label")
    return new


def summary(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    proba: ArrayLike | None,
    n_labels: int,
    *,
    more: Mapping[str, scores.ScoreOfConfusion] = MappingProxyType({}),
) -> dict[str, float]:
    """The scores of every results table, by name, and ``more`` ones of the confusion matrix.

    ``proba`` is ``(n, n_labels)``; without it the scores that need probabilities are left
    out. ``auroc`` and ``average_precision`` are means over the labels for which they are
    defined. ``brier`` is the sum over labels (0 to 2), ``ece`` has 15 bins of equal width,
    ``ece_mass`` 15 bins of equal numbers of rows, ``aurc`` is the area under risk-coverage.
    """
    table = confusion(y_true, y_pred, n_labels)
    found = {name: float(score(table)) for name, score in {**scores.SCORES, **more}.items()}
    if proba is None:
        return found
    true = arrays.labels("y_true", y_true, n_labels)
    checked = arrays.probabilities("proba", proba, len(true))
    if checked.shape[1] != n_labels:
        raise InputError(f"proba has {checked.shape[1]} columns for {n_labels} labels")
    return found | {
        "auroc": _mean_defined(auroc(true, checked)),
        "average_precision": _mean_defined(average_precision(true, checked)),
        "brier": brier(true, checked),
        "log_loss": log_loss(true, checked),
        "ece": ece(true, checked),
        "ece_mass": ece(true, checked, binning="mass"),
        "aurc": area_under_risk_coverage(
            checked.max(axis=1), np.asarray(y_pred, dtype=np.int64) == true
        ),
    }


def _mean_defined(values: FloatArray) -> float:
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if defined.size else float("nan")
