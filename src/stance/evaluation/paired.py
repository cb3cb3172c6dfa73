"""Whether one model is better than another on the same rows.

Both models are scored on the same articles, so articles are what is permuted or resampled,
never single rows, and never the two models apart. With several trainings of each model a
score is the mean over its seeds; the conclusion is then about these trainings. For a
conclusion about the two recipes, over seeds not run, see ``dominance``.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import lcm

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stance.errors import InputError
from stance.evaluation import scores as arrays
from stance.evaluation.resampling import (
    FloatArray,
    Interval,
    Method,
    TableScore,
    check_level,
    check_resampling,
    resample_tables,
)
from stance.evaluation.scores import ScoreOfConfusion
from stance.evaluation.uncertainty import over_seeds, seed_tables

_BLOCK_CELLS = 4_000_000  # bounds the memory of one block of permutations
_ROUNDING = 1e-12  # equal scores may differ by the order of their additions


@dataclass(frozen=True, slots=True)
class Permutation:
    """Score of the first model minus the second's, and the two-sided p-value of it.

    ``exact`` says that all ``n_permutations`` swaps there are were counted.
    """

    difference: float
    p_value: float
    n_groups: int
    n_permutations: int
    exact: bool


@dataclass(frozen=True, slots=True)
class PairedBootstrap:
    """The interval of the difference, first minus second, and the two-sided p-value of it."""

    difference: Interval
    p_value: float


@dataclass(frozen=True, slots=True)
class McNemar:
    """Rows that only one of the two models has right, and the exact two-sided p-value."""

    only_first: int
    only_second: int
    p_value: float


def permutation_test(
    y_true: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    n_labels: int,
    groups: Sequence[Hashable],
    score_of_confusion: ScoreOfConfusion,
    *,
    n_resamples: int = 9999,
    seed: int = 0,
) -> Permutation:
    """Test a difference in a score of the confusion matrix by swapping whole groups.

    ``first`` and ``second`` are predictions ``(n,)``, or ``(n_seeds, n)``; the numbers of seeds
    may differ. If the models are interchangeable, the predictions of an article may change
    hands; the p-value is the share of such swaps whose difference is at least as large.
    """
    one, other = _as_many_seeds(np.atleast_2d(first), np.atleast_2d(second))
    return permute_tables(
        seed_tables(y_true, one, n_labels, groups),
        seed_tables(y_true, other, n_labels, groups),
        over_seeds(score_of_confusion),
        n_resamples=n_resamples,
        seed=seed,
    )


def _as_many_seeds(
    one: NDArray[np.generic], other: NDArray[np.generic]
) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """Repeat each model's seeds until both have as many: means over seeds stay what they are.

    So every seed counts, and a model whose answers do not vary over seeds may come once or often.
    """
    wanted = lcm(len(one), len(other))
    return np.tile(one, (wanted // len(one), 1)), np.tile(other, (wanted // len(other), 1))


def permute_tables(
    first: NDArray[np.generic],
    second: NDArray[np.generic],
    score: TableScore,
    *,
    n_resamples: int = 9999,
    seed: int = 0,
) -> Permutation:
    """The permutation test on tables ``(n_groups, ...)`` whose sums ``score`` understands.

    All swaps are counted where there are no more of them than ``n_resamples``; otherwise
    that many are drawn, and the observed one counts among them (Phipson and Smyth 2010,
    "Permutation p-values should never be zero").
    """
    check_resampling(n_resamples, "percentile")
    if first.shape != second.shape:
        raise InputError(
            f"first has tables {first.shape} but second {second.shape}: "
            "give both models the same rows and as many seeds"
        )
    n_groups, shape = first.shape[0], first.shape[1:]
    flat_first = first.reshape(n_groups, -1).astype(np.float64)
    flat_second = second.reshape(n_groups, -1).astype(np.float64)
    both, base, gap = (
        (flat_first + flat_second).sum(axis=0),
        flat_second.sum(axis=0),
        flat_first - flat_second,
    )

    def difference(kept: FloatArray) -> FloatArray:
        swapped = base + kept @ gap
        return score(swapped.reshape(-1, *shape)) - score((both - swapped).reshape(-1, *shape))

    observed = float(difference(np.ones((1, n_groups)))[0])
    exact = n_groups < 63 and 2**n_groups <= n_resamples
    n_permutations = 2**n_groups if exact else n_resamples
    rng = np.random.default_rng(seed)
    block = max(1, _BLOCK_CELLS // max(n_groups, flat_first.shape[1]))
    extreme = 0
    for start in range(0, n_permutations, block):
        numbers = np.arange(start, min(start + block, n_permutations))
        if exact:
            kept = (numbers[:, None] >> np.arange(n_groups)) & 1
        else:
            kept = rng.integers(0, 2, size=(len(numbers), n_groups))
        drawn = difference(kept.astype(np.float64))
        extreme += int(np.count_nonzero(np.abs(drawn) >= abs(observed) - _ROUNDING))
    p_value = extreme / n_permutations if exact else (extreme + 1) / (n_permutations + 1)
    if not np.isfinite(observed):
        p_value = float("nan")
    return Permutation(observed, p_value, n_groups, n_permutations, exact)


def paired_bootstrap(
    y_true: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    n_labels: int,
    groups: Sequence[Hashable],
    score_of_confusion: ScoreOfConfusion,
    *,
    n_resamples: int = 2000,
    level: float = 0.95,
    method: Method = "percentile",
    seed: int = 0,
) -> PairedBootstrap:
    """The interval of a difference in a score, both models on the same resampled groups.

    ``first`` and ``second`` are ``(n,)`` or ``(n_seeds, n)``; the numbers of seeds may
    differ. The p-value is the share of replicates that lie at least as far from the
    difference as the difference lies from 0 (Hall and Wilson 1991, "Two guidelines for
    bootstrap hypothesis testing").
    """
    tables_first = seed_tables(y_true, first, n_labels, groups)
    tables_second = seed_tables(y_true, second, n_labels, groups)
    n_first = tables_first.shape[1]

    def difference(tables: FloatArray) -> FloatArray:
        scored = np.asarray(score_of_confusion(tables))
        gap: FloatArray = scored[:, :n_first].mean(axis=1) - scored[:, n_first:].mean(axis=1)
        return gap

    resamples = resample_tables(
        np.concatenate([tables_first, tables_second], axis=1),
        difference,
        n_resamples=n_resamples,
        method=method,
        seed=seed,
    )
    observed, drawn = float(resamples.estimate[0]), resamples.replicates[:, 0]
    drawn = drawn[np.isfinite(drawn)]
    far = int(np.count_nonzero(np.abs(drawn - observed) >= abs(observed) - _ROUNDING))
    p_value = (far + 1) / (drawn.size + 1) if np.isfinite(observed) else float("nan")
    return PairedBootstrap(resamples.interval(level=level), p_value)


def mcnemar(y_true: ArrayLike, first: ArrayLike, second: ArrayLike, n_labels: int) -> McNemar:
    """McNemar's exact test of equal accuracy, from the rows that one model alone has right.

    Takes rows as independent: where articles have several rows it is too sure of itself,
    and ``permutation_test`` over articles is the one to report.
    """
    from statsmodels.stats.contingency_tables import mcnemar as exact_mcnemar

    true, one = arrays.pair(y_true, first, n_labels)
    other = arrays.pair(y_true, second, n_labels)[1]
    right, other_right = one == true, other == true
    only_first = int((right & ~other_right).sum())
    only_second = int((~right & other_right).sum())
    if only_first + only_second == 0:
        return McNemar(0, 0, 1.0)
    table = [
        [int((right & other_right).sum()), only_first],
        [only_second, int((~right & ~other_right).sum())],
    ]
    return McNemar(only_first, only_second, float(exact_mcnemar(table, exact=True).pvalue))


def holm(p_values: Mapping[str, float], *, level: float = 0.95) -> dict[str, tuple[float, bool]]:
    """Holm's correction over a table of comparisons: adjusted p-value, and whether it holds.

    Keeps the chance of any false claim in the whole table at or below ``1 - level``
    (Holm 1979). Comparisons without a p-value (NaN) stay as they are and are not counted.
    """
    from statsmodels.stats.multitest import multipletests

    check_level(level)
    tested = {name: p for name, p in p_values.items() if np.isfinite(p)}
    adjusted = {name: (float("nan"), False) for name in p_values}
    if tested:
        holds, corrected, _, _ = multipletests(list(tested.values()), 1 - level, method="holm")
        for name, p_value, holding in zip(tested, corrected, holds, strict=True):
            adjusted[name] = (float(p_value), bool(holding))
    return adjusted
