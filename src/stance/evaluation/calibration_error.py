"""Whether a model that says 80 % is right in 80 of 100 rows.

Every number here is about the top label: its probability (the confidence) against whether
it was right. The binning changes the number, so it is always named with it: ``width`` cuts
[0, 1] into equal parts, ``mass`` cuts at quantiles, so that each bin has about as many rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from stance.errors import InputError
from stance.evaluation import arrays
from stance.resampling import FloatArray, IntArray

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
