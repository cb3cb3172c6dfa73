"""Intervals and p-values on simulated newspapers of which the truth is known.

The articles are unlike each other in all that matters: length, mix of labels, difficulty, and
how each model fares on them. Forty of them are drawn a thousand times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from threadpoolctl import threadpool_limits

from stance.evaluation import paired, scores
from stance.evaluation.resampling import FloatArray, TableScore, resample_tables
from stance.evaluation.uncertainty import over_seeds

N_GROUPS = 40
N_DRAWS = 1000
MIX = np.array([0.08, 0.12, 0.2, 0.6])  # the last label is common, the first rare


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Thousands of small products: on a busy machine threads wait for each other."""
    with threadpool_limits(1):
        yield


def articles(rng: np.random.Generator, n_groups: int, n_runs: int) -> FloatArray:
    """Confusions ``(n_groups, n_runs, k, k)`` of articles of 12 to 29 rows, as in the corpus.

    All runs of a model share an article's difficulty, and each has its own luck with it.
    """
    n_labels = len(MIX)
    lengths = rng.integers(12, 30, n_groups)
    codes = np.repeat(np.arange(n_groups), lengths)
    mix = rng.dirichlet(MIX * 12, size=n_groups)[codes]
    true = (rng.random((len(codes), 1)) > mix.cumsum(axis=1)[:, :-1]).sum(axis=1)
    logit = 0.9 + 0.6 * rng.normal(size=(n_groups, 1)) + 0.4 * rng.normal(size=(n_groups, n_runs))
    right = rng.random((len(codes), n_runs)) < 1 / (1 + np.exp(-logit[codes]))
    slip = (true[:, None] + rng.integers(1, n_labels, right.shape)) % n_labels
    pred = np.where(right, true[:, None], slip)
    cells = ((codes[:, None] * n_runs + np.arange(n_runs)) * n_labels + true[:, None]) * n_labels
    counts = np.bincount((cells + pred).ravel(), minlength=n_groups * n_runs * n_labels**2)
    return counts.reshape(n_groups, n_runs, n_labels, n_labels).astype(np.float64)


def rare_f1(tables: FloatArray) -> FloatArray:
    return scores.f1_of(tables)[..., 0]


def held_by(score: TableScore, n_runs: int, *, seed: int) -> dict[str, float]:
    """How often each method's 95 % interval holds the score of very many articles."""
    truth = float(score(articles(np.random.default_rng(seed), 60_000, n_runs).sum(axis=0)[None])[0])
    rng = np.random.default_rng(seed + 1)
    held = {"percentile": 0, "bca": 0}
    for number in range(N_DRAWS):
        drawn = resample_tables(
            articles(rng, N_GROUPS, n_runs), score, n_resamples=500, method="bca", seed=number
        )
        for found in (drawn.interval(), replace(drawn, jackknife=None).interval()):
            held[found.method] += found.holds(truth)
    return {method: count / N_DRAWS for method, count in held.items()}


@pytest.mark.parametrize(
    ("score", "n_runs"),
    [(scores.macro_f1_of, 1), (scores.accuracy_of, 1), (scores.macro_f1_of, 3)],
    ids=["macro-f1", "accuracy", "macro-f1 over seeds"],
)
def test_reported_intervals_hold_the_truth(
    score: Callable[[FloatArray], FloatArray], n_runs: int
) -> None:
    held = held_by(over_seeds(score), n_runs, seed=50)
    assert 0.93 <= held["percentile"] <= 0.97
    assert 0.93 <= held["bca"] <= 0.97


def test_intervals_of_a_rare_label_hold_it_nearly_as_often() -> None:
    """Its rows are in few articles: about 93 in 100 intervals hold it, which is known."""
    held = held_by(over_seeds(rare_f1), 1, seed=56)
    assert all(0.91 <= share <= 0.97 for share in held.values())


def test_intervals_over_rows_would_not_hold_it() -> None:
    """The same draws, each row taken for an article: what the simulation is able to see."""
    score = over_seeds(scores.accuracy_of)
    truth = float(score(articles(np.random.default_rng(52), 60_000, 1).sum(axis=0)[None])[0])
    rng = np.random.default_rng(53)
    held = 0
    for number in range(200):
        right, wrong = (
            round(count) for count in _right_and_wrong(articles(rng, N_GROUPS, 1).sum(axis=(0, 1)))
        )
        rows = np.zeros((right + wrong, 1, 2, 2))
        rows[:right, 0, 0, 0] = 1
        rows[right:, 0, 0, 1] = 1
        drawn = resample_tables(rows, score, n_resamples=300, method="percentile", seed=number)
        held += drawn.interval().holds(truth)
    assert held / 200 < 0.9


def _right_and_wrong(table: FloatArray) -> tuple[float, float]:
    return float(np.trace(table)), float(table.sum() - np.trace(table))


def exchangeable(rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Tables of two equal models, each lucky with articles of its own."""
    both = articles(rng, N_GROUPS, 2)
    return both[:, :1], both[:, 1:]


def test_permutation_p_values_are_uniform_where_models_have_their_own_luck() -> None:
    rng = np.random.default_rng(54)
    found = [
        paired.permute_tables(
            *exchangeable(rng), over_seeds(scores.macro_f1_of), n_resamples=499, seed=number
        ).p_value
        for number in range(500)
    ]
    # p-values are multiples of 1/500, so the largest step of their own distribution is 1/500.
    assert stats.kstest(found, "uniform").pvalue > 0.05
    assert 0.02 <= np.mean(np.array(found) <= 0.05) <= 0.08


def test_permutation_p_values_are_not_uniform_where_one_model_is_better() -> None:
    rng = np.random.default_rng(55)
    found = []
    for number in range(100):
        first, second = exchangeable(rng)
        helped = first.copy()
        diagonal = np.arange(len(MIX))
        helped[..., diagonal, diagonal] += 0.3 * (
            first.sum(axis=-1) - first[..., diagonal, diagonal]
        )
        for label in diagonal:
            others = diagonal[diagonal != label]
            helped[..., label, others] *= 0.7
        found.append(
            paired.permute_tables(
                helped, second, over_seeds(scores.macro_f1_of), n_resamples=199, seed=number
            ).p_value
        )
    assert stats.kstest(found, "uniform").pvalue < 1e-6
    assert np.mean(np.array(found) <= 0.05) > 0.5
