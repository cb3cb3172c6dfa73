"""How far a score would move on other articles, and with another training seed.

Rows of an article belong together, so whole groups are resampled. ``bootstrap`` takes any
statistic of rows; ``bootstrap_confusion`` gives the same numbers for scores of the confusion
matrix, ten to thirty times faster, from one matrix per group.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stance.errors import InputError
from stance.evaluation import scores as arrays
from stance.evaluation.resampling import (
    FloatArray,
    IntArray,
    Interval,
    Method,
    Resamples,
    TableScore,
    check_level,
    check_resampling,
    count_tables,
    interval,
    number_groups,
    resample_tables,
)
from stance.evaluation.scores import ScoreOfConfusion, f1_of

__all__ = [
    "Interval",
    "Variance",
    "bootstrap",
    "bootstrap_confusion",
    "bootstrap_per_label",
    "over_seeds",
    "seed_tables",
    "variance_parts",
]


@dataclass(frozen=True, slots=True)
class Variance:
    """Where the variance of a score comes from, for ``n_seeds`` trainings of one model.

    ``seed`` is between trainings, ``sampling`` between test sets of as many articles, and
    ``interaction`` what only this seed on this test set does; all are variances, not below 0.
    """

    mean: float
    seed: float
    sampling: float
    interaction: float
    n_seeds: int
    n_groups: int

    @property
    def single_run(self) -> float:
        """Standard deviation of one training's score on one new test set."""
        return float(np.sqrt(self.seed + self.sampling + self.interaction))

    @property
    def standard_error(self) -> float:
        """Standard error of the mean over seeds, for new seeds and new articles."""
        return float(np.sqrt(self.sampling + (self.seed + self.interaction) / self.n_seeds))

    @property
    def seed_share(self) -> float:
        """Share of a single run's variance that another seed would change, in [0, 1]."""
        total = self.seed + self.sampling + self.interaction
        return (self.seed + self.interaction) / total if total > 0 else 0.0


def bootstrap(
    statistic: Callable[[IntArray], float],
    groups: Sequence[Hashable],
    *,
    n_resamples: int = 2000,
    level: float = 0.95,
    method: Method = "percentile",
    seed: int = 0,
) -> Interval:
    """The interval of any statistic of rows, resampling whole groups.

    ``statistic`` takes the numbers of the rows to use, with repeats, and gives one number;
    average over seeds inside it where a model was trained several times. ``groups`` names
    the group of each row.
    """
    check_level(level)
    check_resampling(n_resamples, method)
    codes, n_groups = number_groups(groups)
    if n_groups == 0:
        raise InputError("groups is empty: there is nothing to resample")
    order = np.argsort(codes, kind="stable")
    rows = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    everything = np.arange(len(codes))
    rng = np.random.default_rng(seed)
    replicates = np.array(
        [
            statistic(np.concatenate([rows[group] for group in draw]))
            for draw in (rng.integers(0, n_groups, size=n_groups) for _ in range(n_resamples))
        ]
    )
    jackknife = None
    if method == "bca" and n_groups > 1:
        jackknife = np.array([statistic(everything[codes != group]) for group in range(n_groups)])
    return interval(
        float(statistic(everything)),
        replicates,
        level=level,
        jackknife=jackknife,
        n_groups=n_groups,
    )


def seed_tables(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    n_labels: int,
    groups: Sequence[Hashable],
    *,
    within: NDArray[np.bool_] | None = None,
) -> IntArray:
    """One confusion matrix per group and seed: ``(n_groups, n_seeds, n_labels, n_labels)``.

    ``y_pred`` is ``(n,)`` for one training or ``(n_seeds, n)`` for several. ``within``
    ``(n,)`` counts only some rows; groups without any of them keep their, empty, tables.
    """
    true = arrays.labels("y_true", y_true, n_labels)
    pred = arrays.labels("y_pred", np.atleast_2d(np.asarray(y_pred)), n_labels, ndim=2)
    arrays.same_length("y_true", len(true), "y_pred", pred.shape[1])
    arrays.same_length("y_true", len(true), "groups", len(groups))
    codes, n_groups = number_groups(groups)
    rows = slice(None) if within is None else within
    tables = [count_tables(true[rows], run[rows], n_labels, codes[rows], n_groups) for run in pred]
    return np.stack(tables, axis=1)


def over_seeds(score: ScoreOfConfusion) -> TableScore:
    """The mean of ``score`` over the seeds of tables ``(m, n_seeds, n_labels, n_labels)``."""
    return lambda tables: np.asarray(score(tables)).mean(axis=1)


def bootstrap_confusion(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    n_labels: int,
    groups: Sequence[Hashable],
    score_of_confusion: ScoreOfConfusion,
    *,
    n_resamples: int = 2000,
    level: float = 0.95,
    method: Method = "percentile",
    seed: int = 0,
) -> Interval:
    """The interval of a score of the confusion matrix, resampling whole groups.

    ``y_pred`` is ``(n,)``, or ``(n_seeds, n)`` for several trainings, whose mean score is
    then the estimate. ``score_of_confusion`` scores stacked matrices (see ``scores``).
    """
    resamples = _resampled(
        y_true, y_pred, n_labels, groups, over_seeds(score_of_confusion), n_resamples, method, seed
    )
    return resamples.interval(level=level)


def bootstrap_per_label(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    n_labels: int,
    groups: Sequence[Hashable],
    score_of_label: ScoreOfConfusion = f1_of,
    *,
    n_resamples: int = 2000,
    level: float = 0.95,
    method: Method = "percentile",
    seed: int = 0,
) -> list[Interval]:
    """The interval of each label's F1 (or recall, or precision), in the label list's order."""
    resamples = _resampled(
        y_true, y_pred, n_labels, groups, over_seeds(score_of_label), n_resamples, method, seed
    )
    return [resamples.interval(label, level=level) for label in range(n_labels)]


def _resampled(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    n_labels: int,
    groups: Sequence[Hashable],
    score: TableScore,
    n_resamples: int,
    method: Method,
    seed: int,
) -> Resamples:
    tables = seed_tables(y_true, y_pred, n_labels, groups)
    return resample_tables(tables, score, n_resamples=n_resamples, method=method, seed=seed)


def variance_parts(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    n_labels: int,
    groups: Sequence[Hashable],
    score_of_confusion: ScoreOfConfusion,
    *,
    n_resamples: int = 2000,
    seed: int = 0,
) -> Variance:
    """Separate the variance between seeds from the variance between test sets.

    ``y_pred`` is ``(n_seeds, n)`` with at least two seeds. Every seed is scored on the same
    bootstrap resamples of the groups: a crossed design of seeds and test sets, taken apart
    as in a two-way analysis of variance. What is left when the means of seeds and resamples
    are removed is the interaction; the observed variance between seeds is that of the seeds
    plus the interaction; negative estimates are set to 0.
    """
    tables = seed_tables(y_true, y_pred, n_labels, groups)
    n_groups, n_seeds = tables.shape[:2]
    if n_seeds < 2:
        raise InputError("y_pred holds one seed: give at least two trainings to compare")
    resamples = resample_tables(
        tables, score_of_confusion, n_resamples=n_resamples, method="percentile", seed=seed
    )
    observed, drawn = resamples.estimate, resamples.replicates
    interaction, between = _two_way(drawn)
    return Variance(
        mean=float(observed.mean()),
        seed=max(0.0, float(observed.var(ddof=1)) - interaction),
        sampling=max(0.0, between - interaction / n_seeds),
        interaction=interaction,
        n_seeds=n_seeds,
        n_groups=n_groups,
    )


def _two_way(drawn: FloatArray) -> tuple[float, float]:
    """Residual mean square, and variance of the row means, of ``(n_resamples, n_seeds)``."""
    n_rows, n_columns = drawn.shape
    row_means = drawn.mean(axis=1)
    residual = drawn - row_means[:, None] - drawn.mean(axis=0) + drawn.mean()
    freedom = max(1, (n_rows - 1) * (n_columns - 1))
    spread = float(row_means.var(ddof=1)) if n_rows > 1 else 0.0
    return float((residual**2).sum()) / freedom, spread
