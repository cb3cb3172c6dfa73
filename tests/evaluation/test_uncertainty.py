"""Bootstrap intervals against SciPy, against each other, and against known truth."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from threadpoolctl import threadpool_limits

from stance.errors import InputError
from stance.evaluation import metrics, scores, uncertainty
from stance.evaluation.resampling import (
    FloatArray,
    IntArray,
    bootstrap_tables,
    draw_weights,
    interval,
    lower_tail,
    number_groups,
    resample_tables,
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Thousands of small products: on a busy machine threads wait for each other."""
    with threadpool_limits(1):
        yield


def labelled_rows(
    seed: int, n_groups: int = 30, n_labels: int = 4, n_seeds: int = 1
) -> tuple[IntArray, IntArray, list[str]]:
    """Rows of articles of unequal length, predictions ``(n_seeds, n)`` right six times in ten."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_groups), rng.integers(1, 12, n_groups))
    true = rng.integers(0, n_labels, len(groups))
    noise = rng.integers(0, n_labels, (n_seeds, len(groups)))
    pred = np.where(rng.random(noise.shape) < 0.6, true, noise)
    return true, pred, [f"article-{group}" for group in groups]


def article_tables(
    rng: np.random.Generator, n_groups: int, n_rows: int, n_labels: int
) -> FloatArray:
    """Confusions of articles that differ in their mix of labels and in their difficulty."""
    mix = rng.dirichlet(np.full(n_labels, 2.0), size=n_groups)
    draws = rng.random((n_groups, n_rows, 1))
    true = (draws > mix.cumsum(axis=1)[:, None, :-1]).sum(axis=2)
    skill = 1 / (1 + np.exp(-(0.8 + 0.7 * rng.normal(size=(n_groups, 1)))))
    slip = (true + rng.integers(1, n_labels, true.shape)) % n_labels
    pred = np.where(rng.random(true.shape) < skill, true, slip)
    tables = np.zeros((n_groups, n_labels, n_labels))
    np.add.at(tables, (np.arange(n_groups)[:, None], true, pred), 1)
    return tables


@pytest.mark.parametrize(("n_labels", "n_rows"), [(3, 10), (9, 20)])
def test_intervals_hold_the_truth_as_often_as_they_say(n_labels: int, n_rows: int) -> None:
    truth_rng, rng = np.random.default_rng(10), np.random.default_rng(11)
    truth = float(
        scores.macro_f1_of(article_tables(truth_rng, 40_000, n_rows, n_labels).sum(axis=0))
    )
    held = {"percentile": 0, "bca": 0}
    for number in range(1000):
        resamples = resample_tables(
            article_tables(rng, 40, n_rows, n_labels),
            scores.macro_f1_of,
            n_resamples=500,
            method="bca",
            seed=number,
        )
        plain = replace(resamples, jackknife=None)
        for found in (resamples.interval(), plain.interval()):
            held[found.method] += found.holds(truth)
    assert 930 <= held["percentile"] <= 970
    assert 930 <= held["bca"] <= 970


def test_intervals_hold_the_truth_at_few_groups() -> None:
    rng = np.random.default_rng(12)
    tables = np.stack([rng.normal(size=(1000, 12)), np.ones((1000, 12))], axis=2)
    found = [
        bootstrap_tables(one, lambda sums: sums[:, 0] / sums[:, 1], n_resamples=500, seed=number)
        for number, one in enumerate(tables)
    ]
    assert 930 <= sum(one.holds(0.0) for one in found) <= 970


@pytest.mark.parametrize(("method", "theirs"), [("percentile", "percentile"), ("bca", "BCa")])
def test_bounds_equal_scipys_from_the_same_replicates(method: str, theirs: str) -> None:
    rng = np.random.default_rng(13)
    values = rng.exponential(size=25)
    level = 1 - 2 * lower_tail(0.9, len(values))
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=800, confidence_level=level, method=theirs, rng=rng
    )
    left_out = (values.sum() - values) / (len(values) - 1)
    found = interval(
        float(values.mean()),
        expected.bootstrap_distribution,
        level=0.9,
        jackknife=left_out if method == "bca" else None,
        n_groups=len(values),
    )
    assert found.method == method
    assert found.low == pytest.approx(expected.confidence_interval.low, abs=1e-9)
    assert found.high == pytest.approx(expected.confidence_interval.high, abs=1e-9)


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_fast_path_equals_the_general_one(method: uncertainty.Method) -> None:
    true, pred, groups = labelled_rows(14, n_seeds=3)

    def mean_over_seeds(rows: IntArray) -> float:
        return float(np.mean([metrics.macro_f1(true[rows], run[rows], 4) for run in pred]))

    general = uncertainty.bootstrap(mean_over_seeds, groups, n_resamples=200, method=method, seed=5)
    fast = uncertainty.bootstrap_confusion(
        true, pred, 4, groups, scores.macro_f1_of, n_resamples=200, method=method, seed=5
    )
    for name in ("low", "high", "estimate"):
        assert getattr(fast, name) == pytest.approx(getattr(general, name), abs=1e-9)
    assert fast.n_groups == general.n_groups == 30


def test_order_of_rows_does_not_matter() -> None:
    true, pred, groups = labelled_rows(15)
    shuffled = np.random.default_rng(0).permutation(len(true))
    plain = uncertainty.bootstrap_confusion(true, pred, 4, groups, scores.mcc_of, seed=1)
    again = uncertainty.bootstrap_confusion(
        true[shuffled],
        pred[:, shuffled],
        4,
        [groups[row] for row in shuffled],
        scores.mcc_of,
        seed=1,
    )
    assert plain == again


def test_rows_of_one_article_are_not_independent() -> None:
    rng = np.random.default_rng(16)
    right = np.repeat(rng.random(40) < 0.6, 25)
    true = np.zeros(1000, dtype=np.int64)
    pred = np.where(right, 0, 1)
    by_article = uncertainty.bootstrap_confusion(
        true, pred, 2, np.repeat(np.arange(40), 25), scores.accuracy_of
    )
    by_row = uncertainty.bootstrap_confusion(true, pred, 2, range(1000), scores.accuracy_of)
    assert by_article.width > 4 * by_row.width


def test_intervals_per_label_are_those_of_each_label() -> None:
    true, pred, groups = labelled_rows(17)
    each = uncertainty.bootstrap_per_label(true, pred, 4, groups, n_resamples=300, seed=2)
    expected = metrics.per_label(true, pred[0], 4).f1
    assert [one.estimate for one in each] == pytest.approx(list(expected), abs=1e-12)
    alone = uncertainty.bootstrap_confusion(
        true, pred, 4, groups, lambda table: scores.f1_of(table)[..., 2], n_resamples=300, seed=2
    )
    assert each[2] == alone


def test_a_thousand_resamples_of_thousands_of_rows_take_no_time() -> None:
    rng = np.random.default_rng(18)
    true, pred = rng.integers(0, 9, (2, 5000))
    groups = [f"article-{number}" for number in rng.integers(0, 500, 5000)]
    start = time.perf_counter()
    uncertainty.bootstrap_confusion(true, pred, 9, groups, scores.macro_f1_of, n_resamples=1000)
    assert time.perf_counter() - start < 2  # takes 0.03 s on an idle core


def test_weights_are_draws_with_replacement() -> None:
    weights = draw_weights(7, 4000, np.random.default_rng(19))
    assert (weights.sum(axis=1) == 7).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(7), abs=0.06)
    assert weights.var() == pytest.approx(6 / 7, abs=0.03)


def test_undefined_replicates() -> None:
    few, many = np.linspace(0, 1, 100), np.linspace(0, 1, 100)
    few[:5], many[:6] = np.nan, np.nan
    assert np.isfinite(interval(0.5, few, n_groups=20).low)
    assert np.isnan(interval(0.5, many, n_groups=20).low)
    assert np.isnan(interval(0.5, np.linspace(0, 1, 9), n_groups=1).high)
    assert np.isnan(interval(np.nan, np.linspace(0, 1, 9), n_groups=20).high)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same = interval(1.0, np.ones(50), jackknife=np.ones(20), n_groups=20)
    assert (same.low, same.high) == (1.0, 1.0)


def test_groups_are_numbered_by_name() -> None:
    codes, n_groups = number_groups(["b", "a", "b", "c\0", "c"])
    assert codes.tolist() == [1, 0, 1, 3, 2]
    assert n_groups == 4


def crossed(
    rng: np.random.Generator, n_groups: int, seed_sd: float
) -> tuple[IntArray, IntArray, IntArray]:
    """Five trainings whose skill differs by ``seed_sd``, on articles that differ in difficulty."""
    groups = np.repeat(np.arange(n_groups), 5)
    skill = 0.7 + seed_sd * rng.normal(size=(5, 1)) + 0.2 * (rng.random(n_groups) - 0.5)[groups]
    true = np.zeros(len(groups), dtype=np.int64)
    return true, (rng.random((5, len(groups))) > skill).astype(np.int64), groups


def test_variance_of_seeds_and_of_sampling_are_told_apart() -> None:
    rng = np.random.default_rng(20)
    parts = [
        uncertainty.variance_parts(
            *crossed(rng, 200, 0.02)[:2],
            2,
            np.repeat(np.arange(200), 5),
            scores.accuracy_of,
            n_resamples=300,
            seed=number,
        )
        for number in range(150)
    ]
    seed_sd = np.sqrt(np.mean([part.seed for part in parts]))
    sampling_sd = np.sqrt(np.mean([part.sampling for part in parts]))
    interaction = np.mean([part.interaction for part in parts])
    assert seed_sd == pytest.approx(0.02, rel=0.12)
    # Difficulty is uniform over 0.2, its variance 0.2**2 / 12, averaged over 200 articles.
    assert sampling_sd == pytest.approx(np.sqrt(0.2**2 / 12 / 200), rel=0.25)
    assert interaction == pytest.approx(0.7 * 0.3 / 1000, rel=0.15)
    assert 0 < parts[0].seed_share <= 1
    assert parts[0].standard_error < parts[0].single_run


def test_equal_trainings_have_no_seed_variance() -> None:
    true, pred, groups = labelled_rows(21)
    found = uncertainty.variance_parts(true, np.repeat(pred, 3, axis=0), 4, groups, scores.mcc_of)
    assert found.seed == pytest.approx(0, abs=1e-12)
    assert found.interaction == pytest.approx(0, abs=1e-12)
    alone = uncertainty.bootstrap_confusion(true, pred, 4, groups, scores.mcc_of)
    assert found.standard_error == pytest.approx(alone.width / 4, rel=0.15)


def test_unusable_arguments_are_refused() -> None:
    true, pred, groups = labelled_rows(22)
    with pytest.raises(InputError, match="one seed"):
        uncertainty.variance_parts(true, pred, 4, groups, scores.mcc_of)
    with pytest.raises(InputError, match=r"level 95"):
        uncertainty.bootstrap(lambda rows: 0.0, groups, level=95)
    with pytest.raises(InputError, match="n_resamples 0"):
        uncertainty.bootstrap(lambda rows: 0.0, groups, n_resamples=0)
    with pytest.raises(InputError, match="method 'basic'"):
        uncertainty.bootstrap(lambda rows: 0.0, groups, method="basic")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="groups is empty"):
        uncertainty.bootstrap(lambda rows: 0.0, [])
    with pytest.raises(InputError, match="groups has 3"):
        uncertainty.bootstrap_confusion(true, pred, 4, groups[:3], scores.mcc_of)
