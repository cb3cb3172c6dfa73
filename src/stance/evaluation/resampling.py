"""Intervals by resampling whole groups, from tables of counts that add up over groups.

Rows of one article share its topic, its holders and its writer, so they are not
independent draws; articles are. Everything here therefore resamples groups. Most scores
of this project are functions of counts (a confusion matrix, a coincidence matrix, a sum
and a number of rows), and counts add up: one table per group is computed once, and a
resample is a weighted sum of those tables. Thousands of resamples then cost one matrix
product instead of thousands of passes over the rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from stance.errors import InputError

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
Method = Literal["percentile", "bca"]
TableScore = Callable[[FloatArray], FloatArray]
"""Maps stacked tables ``(m, ...)`` to their scores, ``(m,)`` or ``(m, k)``."""

MAX_UNDEFINED = 0.05
_BLOCK_CELLS = 4_000_000  # bounds the memory of one block of resamples to tens of megabytes


def number(value: Any) -> Any:
    """Return NaN for JSON's null, anything else as it is."""
    return math.nan if value is None else value


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with the bounds of its interval; bounds are NaN where none can be given."""

    low: float
    high: float
    estimate: float
    level: float
    method: str
    n_groups: int

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Interval:
        """Read back what ``dataclasses.asdict`` gave; JSON says NaN as null."""
        return cls(**{name: number(value) for name, value in raw.items()})

    @property
    def width(self) -> float:
        """The distance between the bounds."""
        return self.high - self.low

    def holds(self, value: float) -> bool:
        """Whether ``value`` lies within the bounds, ends included."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Resamples:
    """Estimate ``(k,)``, its replicates ``(n_resamples, k)`` and, for BCa, the jackknife's."""

    estimate: FloatArray
    replicates: FloatArray
    jackknife: FloatArray | None
    n_groups: int

    def interval(self, column: int = 0, *, level: float = 0.95) -> Interval:
        """The interval of one column; BCa where the jackknife was run, else percentile."""
        jackknife = None if self.jackknife is None else self.jackknife[:, column]
        return interval(
            float(self.estimate[column]),
            self.replicates[:, column],
            level=level,
            jackknife=jackknife,
            n_groups=self.n_groups,
        )


def number_groups(groups: Iterable[Hashable]) -> tuple[IntArray, int]:
    """Group names as numbers ``0..n_groups-1``, in the order of their names.

    Sorted, not in the order of first appearance, so that a shuffled table of the same rows
    gives the same interval for the same seed.
    """
    names = [str(group) for group in groups]
    index = {name: number for number, name in enumerate(sorted(set(names)))}
    return np.array([index[name] for name in names], dtype=np.int64), len(index)


def count_tables(
    first: IntArray, second: IntArray, n_labels: int, codes: IntArray, n_groups: int
) -> IntArray:
    """Cross-counts of two label arrays within each group: ``(n_groups, n_labels, n_labels)``.

    ``tables[g, i, j]`` is the number of rows of group ``g`` with ``first == i`` and
    ``second == j``. The arrays are trusted to be in range; callers check them.
    """
    cells = (codes * n_labels + first) * n_labels + second
    counts = np.bincount(cells, minlength=n_groups * n_labels * n_labels)
    return counts.reshape(n_groups, n_labels, n_labels).astype(np.int64)


def draw_weights(n_groups: int, n_resamples: int, rng: np.random.Generator) -> FloatArray:
    """How often each group occurs in each resample: ``(n_resamples, n_groups)``.

    Each row is one draw of ``n_groups`` groups with replacement (multinomial weights).
    """
    draws = rng.integers(0, n_groups, size=(n_resamples, n_groups))
    draws += np.arange(n_resamples)[:, None] * n_groups
    counts = np.bincount(draws.ravel(), minlength=n_resamples * n_groups)
    return counts.reshape(n_resamples, n_groups).astype(np.float64)


def resample_tables(
    tables: NDArray[np.generic],
    score: TableScore,
    *,
    n_resamples: int,
    method: Method,
    seed: int,
) -> Resamples:
    """Score the sum of ``tables`` ``(n_groups, ...)`` and its resamples over groups."""
    check_resampling(n_resamples, method)
    n_groups = tables.shape[0]
    if n_groups == 0:
        raise InputError("no groups to resample: give at least one row")
    flat = tables.reshape(n_groups, -1).astype(np.float64)
    shape = tables.shape[1:]

    def scored(sums: FloatArray) -> FloatArray:
        values = np.asarray(score(sums.reshape(-1, *shape)), dtype=np.float64)
        return values.reshape(values.shape[0], -1)

    total = flat.sum(axis=0, keepdims=True)
    rng = np.random.default_rng(seed)
    block = max(1, _BLOCK_CELLS // max(n_groups, flat.shape[1]))
    replicates = [
        scored(draw_weights(n_groups, min(block, n_resamples - start), rng) @ flat)
        for start in range(0, n_resamples, block)
    ]
    jackknife = scored(total - flat) if method == "bca" and n_groups > 1 else None
    return Resamples(scored(total)[0], np.concatenate(replicates), jackknife, n_groups)


def bootstrap_tables(
    tables: NDArray[np.generic],
    score: TableScore,
    *,
    n_resamples: int = 2000,
    level: float = 0.95,
    method: Method = "percentile",
    seed: int = 0,
) -> Interval:
    """The bootstrap interval of a score of summed tables ``(n_groups, ...)``."""
    resamples = resample_tables(tables, score, n_resamples=n_resamples, method=method, seed=seed)
    return resamples.interval(level=level)


def interval(
    estimate: float,
    replicates: FloatArray,
    *,
    level: float = 0.95,
    jackknife: FloatArray | None = None,
    n_groups: int,
) -> Interval:
    """Bounds from bootstrap replicates: percentile, or BCa where jackknife values are given.

    BCa (bias-corrected and accelerated) is Efron (1987), "Better bootstrap confidence
    intervals", JASA 82(397). Both are read at the wider ``tails`` that few groups need. A
    score may be undefined on a resample (no positive row in it); such replicates are left
    out, and where they are more than one in twenty, or the rows form a single group, the
    bounds are NaN instead of a number nobody should quote.
    """
    check_level(level)
    method = "percentile" if jackknife is None else "bca"
    defined = replicates[np.isfinite(replicates)]
    if (
        n_groups < 2
        or not np.isfinite(estimate)
        or defined.size < (1 - MAX_UNDEFINED) * replicates.size
    ):
        return Interval(np.nan, np.nan, estimate, level, method, n_groups)
    lower = lower_tail(level, n_groups)
    tails = (lower, 1 - lower)
    if jackknife is not None and np.ptp(defined) > 0:
        tails = _bca_tails(estimate, defined, jackknife[np.isfinite(jackknife)], tails)
    low, high = np.quantile(defined, tails)
    return Interval(float(low), float(high), estimate, level, method, n_groups)


def lower_tail(level: float, n_groups: int) -> float:
    """The lower quantile of the replicates that bounds an interval at ``level``.

    Replicates of few groups spread less than the estimate does (by the factor
    sqrt((G - 1) / G), and as a normal where a Student-t is due), so the plain
    ``(1 - level) / 2`` holds the truth too seldom: 92 % instead of 95 % at 15 groups. The
    expanded percentile of Hesterberg (2015), "What teachers should know about the
    bootstrap", The American Statistician 69(4), makes up for both; with many groups it is
    the plain one.
    """
    from scipy.special import ndtr, stdtrit

    quantile = stdtrit(n_groups - 1, (1 - level) / 2)
    return float(ndtr(np.sqrt(n_groups / (n_groups - 1)) * quantile))


def _bca_tails(
    estimate: float, replicates: FloatArray, jackknife: FloatArray, tails: tuple[float, float]
) -> tuple[float, float]:
    below = np.count_nonzero(replicates < estimate) + np.count_nonzero(replicates <= estimate)
    share = below / (2 * replicates.size)
    if not 0 < share < 1:  # the estimate lies outside its own replicates: nothing to correct by
        return tails
    normal = NormalDist()
    bias = normal.inv_cdf(share)
    pull = jackknife.mean() - jackknife
    spread = float((pull**2).sum())
    acceleration = float((pull**3).sum()) / (6 * spread**1.5) if spread > 0 else 0.0

    def corrected(tail: float) -> float:
        shifted = bias + normal.inv_cdf(tail)
        return normal.cdf(bias + shifted / (1 - acceleration * shifted))

    return corrected(tails[0]), corrected(tails[1])


def check_level(level: float) -> None:
    """Refuse a confidence level outside (0, 1)."""
    if not 0 < level < 1:
        raise InputError(f"level {level!r} is not between 0 and 1: give for example 0.95")


def check_resampling(n_resamples: int, method: str) -> None:
    """Refuse a resampling that cannot be run."""
    if n_resamples < 1:
        raise InputError(f"n_resamples {n_resamples!r} is not positive: give for example 2000")
    if method not in ("percentile", "bca"):
        raise InputError(f"method {method!r} is not one of 'percentile', 'bca'")
