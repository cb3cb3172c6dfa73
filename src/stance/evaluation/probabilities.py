"""Scores of probabilities: ranking, proper scoring rules, and what abstaining would buy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from stance.errors import InputError
from stance.evaluation import scores as arrays
from stance.evaluation.resampling import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """Share kept and share wrong among the kept, one point per distinct confidence.

    Arrays ``(n_points,)`` from the strictest ``threshold`` to the most lenient; rows whose
    confidence is at least the threshold are kept.
    """

    threshold: FloatArray
    coverage: FloatArray
    risk: FloatArray


def _rows(y_true: ArrayLike, proba: ArrayLike) -> tuple[IntArray, FloatArray]:
    """Checked labels ``(n,)`` and probabilities ``(n, n_labels)``."""
    true = np.asarray(y_true)
    checked = arrays.probabilities("proba", proba, len(true))
    return arrays.labels("y_true", true, checked.shape[1]), checked


def auroc(y_true: ArrayLike, proba: ArrayLike) -> FloatArray:
    """Area under the ROC curve of each label against the rest, ``(n_labels,)``.

    The probability that a row of the label ranks above another row, ties counting half
    (Mann-Whitney). NaN for a label that no row or every row has.
    """
    from sklearn.metrics import roc_auc_score

    true, checked = _rows(y_true, proba)
    found = np.full(checked.shape[1], np.nan)
    for label in range(checked.shape[1]):
        positive = true == label
        if positive.any() and not positive.all():
            found[label] = roc_auc_score(positive, checked[:, label])
    return found


def average_precision(y_true: ArrayLike, proba: ArrayLike) -> FloatArray:
    """Average precision of each label, ``(n_labels,)``: precision summed over recall steps.

    No interpolation; tied rows enter together. NaN for a label that no row has.
    """
    from sklearn.metrics import average_precision_score

    true, checked = _rows(y_true, proba)
    found = np.full(checked.shape[1], np.nan)
    for label in range(checked.shape[1]):
        positive = true == label
        if positive.any():
            found[label] = average_precision_score(positive, checked[:, label])
    return found


def _tie_ends(score: FloatArray) -> tuple[IntArray, IntArray]:
    """The last position of each run of equal scores, and the order (highest score first)."""
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    return ends, order


def brier(y_true: ArrayLike, proba: ArrayLike) -> float:
    """Squared distance of the probabilities from the truth, summed over labels, mean of rows.

    Brier's (1950) own definition for several labels: 0 is perfect, 2 the worst.
    """
    true, checked = _rows(y_true, proba)
    return float(((checked - np.eye(checked.shape[1])[true]) ** 2).sum(axis=1).mean())


def log_loss(y_true: ArrayLike, proba: ArrayLike) -> float:
    """Mean negative log probability of the true label, in nats.

    Probabilities are kept at or above the smallest step of a float64, so that one
    impossible event costs 36 nats and not an infinite score.
    """
    true, checked = _rows(y_true, proba)
    return float(-_log(checked)[np.arange(len(true)), true].mean())


def soft_cross_entropy(shares: ArrayLike, proba: ArrayLike) -> float:
    """Mean cross-entropy in nats of the probabilities against the annotators' vote shares.

    Both are ``(n, n_labels)``. Where annotators disagree, no model reaches 0; the floor is
    the mean entropy of ``shares``.
    """
    checked = arrays.probabilities("proba", proba, len(np.asarray(proba)))
    target = arrays.probabilities("shares", shares, len(checked))
    if target.shape != checked.shape:
        raise InputError(f"shares has shape {target.shape} but proba has {checked.shape}")
    if not len(target):
        raise InputError("shares is empty: there is nothing to score")
    return float(-(target * _log(checked)).sum(axis=1).mean())


def _log(proba: FloatArray) -> FloatArray:
    return np.log(np.clip(proba, np.finfo(np.float64).eps, 1.0))


def _kept(confidence: ArrayLike, correct: ArrayLike) -> tuple[FloatArray, IntArray, IntArray]:
    """Per distinct confidence, highest first: it, rows kept at it, and how many are wrong."""
    score = np.asarray(confidence, dtype=np.float64)
    right = np.asarray(correct)
    if score.ndim != 1 or not score.size or not np.isfinite(score).all():
        raise InputError("confidence holds no finite numbers: give one per row")
    arrays.same_length("confidence", len(score), "correct", len(right))
    ends, order = _tie_ends(score)
    wrong = np.cumsum(~right[order].astype(bool))
    return score[order][ends], ends + 1, wrong[ends]


def risk_coverage(confidence: ArrayLike, correct: ArrayLike) -> RiskCoverage:
    """The risk-coverage curve of keeping only the most confident rows.

    ``confidence`` ``(n,)`` and ``correct`` ``(n,)`` of booleans (El-Yaniv and Wiener 2010,
    "On the foundations of noise-free selective classification", JMLR 11).
    """
    threshold, kept, wrong = _kept(confidence, correct)
    return RiskCoverage(threshold, kept / kept[-1], wrong / kept)


def area_under_risk_coverage(confidence: ArrayLike, correct: ArrayLike) -> float:
    """Mean risk over keeping the 1, 2, ..., n most confident rows; 0 is perfect.

    AURC of Geifman, Uziel and El-Yaniv (2019), "Bias-reduced uncertainty estimation for
    deep neural classifiers". Within equal confidences the mean over all their orders is
    taken, so the order of the rows does not matter.
    """
    _, kept, wrong = _kept(confidence, correct)
    n_rows = np.arange(1, kept[-1] + 1)
    # Between two thresholds errors enter evenly on average, which is linear interpolation.
    expected = np.interp(n_rows, np.append(0, kept), np.append(0, wrong))
    return float((expected / n_rows).mean())


Binning = Literal["width", "mass"]
N_BINS = 15


@dataclass(frozen=True, slots=True)
class Reliability:
    """The bins of a reliability diagram that hold rows; arrays ``(n_filled,)``.

    ``low`` and ``high`` bound the bin (``low`` excluded but in the first), ``confidence``
    and ``accuracy`` are means over its rows, ``count`` is their number.
    """

    low: FloatArray
    high: FloatArray
    confidence: FloatArray
    accuracy: FloatArray
    count: IntArray
    binning: Binning

    @property
    def error(self) -> float:
        """Expected calibration error: the gap of each bin, weighted by its rows."""
        gaps = np.abs(self.confidence - self.accuracy)
        return float((gaps * self.count).sum() / self.count.sum())

    @property
    def worst(self) -> float:
        """Maximum calibration error: the largest gap of any bin."""
        return float(np.abs(self.confidence - self.accuracy).max())


def reliability(
    y_true: ArrayLike, proba: ArrayLike, *, n_bins: int = N_BINS, binning: Binning = "width"
) -> Reliability:
    """Confidence against accuracy of the top label, in bins.

    ``y_true`` is ``(n,)``, ``proba`` ``(n, n_labels)``. Rows of equal confidence share a
    bin, so equal-mass bins may differ in size where confidences repeat.
    """
    if n_bins < 1:
        raise InputError(f"n_bins {n_bins!r} is not positive: give for example 15")
    true = np.asarray(y_true)
    checked = arrays.probabilities("proba", proba, len(true))
    true = arrays.labels("y_true", true, checked.shape[1])
    confidence = checked.max(axis=1)
    correct = checked.argmax(axis=1) == true
    if binning == "width":
        edges = np.linspace(0, 1, n_bins + 1)
    elif binning == "mass":
        edges = _equal_mass(np.sort(confidence), n_bins)
    else:
        raise InputError(f"binning {binning!r} is not one of 'width', 'mass'")
    position = np.searchsorted(edges[1:-1], confidence)
    count = np.bincount(position, minlength=n_bins)
    filled = count > 0
    weight = count[filled]
    return Reliability(
        low=edges[:-1][filled],
        high=edges[1:][filled],
        confidence=np.bincount(position, confidence, n_bins)[filled] / weight,
        accuracy=np.bincount(position, correct, n_bins)[filled] / weight,
        count=weight,
        binning=binning,
    )


def ece(
    y_true: ArrayLike, proba: ArrayLike, *, n_bins: int = N_BINS, binning: Binning = "width"
) -> float:
    """Expected calibration error of the top label, with ``n_bins`` bins of the named kind.

    Naeini, Cooper and Hauskrecht (2015), "Obtaining well calibrated probabilities using
    Bayesian binning"; equal mass as in Nguyen and O'Connor (2015).
    """
    return reliability(y_true, proba, n_bins=n_bins, binning=binning).error


def _equal_mass(ordered: FloatArray, n_bins: int) -> FloatArray:
    """Edges at the confidences that end each ``n_bins``-th part of the ordered rows.

    Whole-number positions rather than interpolated quantiles: an edge that is off by one
    rounding would throw the row that it stands on into the other bin.
    """
    ends = -(-np.arange(1, n_bins + 1) * len(ordered) // n_bins) - 1
    return np.append(ordered[0], ordered[ends])
