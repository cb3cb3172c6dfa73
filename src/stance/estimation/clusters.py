"""Variances of means when the rows of a document move together, and intervals from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from stance.evaluation.resampling import FloatArray, IntArray, Interval, check_level

_NO_WIDTH = 1e-9
"""An interval narrower than this is one of rounding errors."""


def mean(values: FloatArray) -> FloatArray:
    """The mean row of ``values`` ``(n, k)``: ``(k,)``, NaN where there is no row."""
    if not len(values):
        return np.full(values.shape[1], np.nan)
    average: FloatArray = values.mean(axis=0)
    return average


def residual_sums(values: FloatArray, groups: IntArray, n_groups: int) -> FloatArray:
    """What each group contributes to the error of the mean of ``values`` ``(n, k)``.

    ``(n_groups, k)``, 0 for a group without rows here; scaled so that the sum of squares is
    the cluster-robust variance of the mean (linearised ratio, with the factor G / (G - 1)).
    NaN throughout where fewer than two groups have rows.
    """
    n_present = len(np.unique(groups))
    sums = np.zeros((n_groups, values.shape[1]))
    if n_present < 2:
        return np.full_like(sums, np.nan)
    np.add.at(sums, groups, values - mean(values))
    scaled: FloatArray = sums * np.sqrt(n_present / (n_present - 1)) / len(values)
    return scaled


def variance_of_mean(values: FloatArray, groups: IntArray) -> FloatArray:
    """Cluster-robust variance of the mean of ``values`` ``(n, k)``: ``(k,)``."""
    sums = residual_sums(values, groups, int(groups.max(initial=0)) + 1)
    variance: FloatArray = (sums**2).sum(axis=0)
    return variance


def wald(
    estimate: FloatArray,
    variance: FloatArray,
    *,
    level: float,
    method: str,
    n_groups: int,
    usable: NDArray[np.bool_] | None = None,
) -> list[Interval]:
    """Student-t intervals for shares ``(k,)``, cut to [0, 1].

    ``n_groups - 1`` degrees of freedom, of the documents that limit what is known. Bounds
    are NaN where ``usable`` ``(k,)`` is false or a variance could not be had; a variance of 0 gets
    the bounds of ``with_width``.
    """
    from scipy.special import stdtrit

    check_level(level)
    quantile = stdtrit(n_groups - 1, (1 + level) / 2) if n_groups > 1 else np.nan
    reach = quantile * np.sqrt(variance)
    if usable is not None:
        reach = np.where(usable, reach, np.nan)
    low, high = np.clip(estimate - reach, 0, 1), np.clip(estimate + reach, 0, 1)
    return [
        with_width(Interval(float(a), float(b), float(e), level, method, n_groups), n_groups)
        for a, b, e in zip(low, high, np.clip(estimate, 0, 1), strict=True)
    ]


def with_width(found: Interval, n_documents: int) -> Interval:
    """Give an interval without width the exact binomial one of as many cases as documents.

    Where no labelled row, or every one, has a label, the variance is 0 in the sample and not in
    the corpus; Clopper and Pearson (1934) say what else the share may be.
    """
    from statsmodels.stats.proportion import proportion_confint

    if not found.high - found.low < _NO_WIDTH:
        return found
    cases = round(found.estimate * n_documents, 6)
    low, high = proportion_confint(cases, n_documents, 1 - found.level, "beta")
    return replace(found, low=float(low), high=float(high))
