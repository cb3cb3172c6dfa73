"""Counts of predicted labels, and their correction by the confusion matrix."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.optimize import minimize

from stance.errors import InputError
from stance.estimation.counting import adjusted_count, classify_and_count, nearest_distribution
from stance.estimation.sample import Sample, build, by_key, one_hot
from stance.evaluation.resampling import FloatArray

CONFUSIONS = np.array([[0.8, 0.15, 0.05], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7]])


def shifted(
    rng: np.random.Generator, shares: list[float], n_documents: int = 200, n_gold: int = 80
) -> Sample:
    """A corpus of ``shares``, its confusions known from another with equal shares."""
    mix = rng.dirichlet(np.array(shares) * 8, size=n_documents)
    corpus = (rng.random((n_documents, 6, 1)) > mix.cumsum(axis=1)[:, None, :-1]).sum(axis=2)
    gold = rng.integers(0, 3, (n_gold, 6))
    true = np.concatenate([corpus, gold]).ravel()
    pred = (rng.random((len(true), 1)) > CONFUSIONS[true].cumsum(axis=1)[:, :-1]).sum(axis=1)
    outside = np.repeat(np.arange(n_documents + n_gold) >= n_documents, 6)
    return build(
        one_hot(pred, 3),
        np.where(outside, true, -1),
        np.repeat(np.arange(n_documents + n_gold), 6),
        outside=outside,
    )


def test_naive_count_is_the_mean_and_its_interval_the_clustered_one() -> None:
    rng = np.random.default_rng(70)
    groups = np.repeat(np.arange(25), rng.integers(1, 9, 25))
    scores = rng.dirichlet(np.ones(4), len(groups))
    found = classify_and_count(build(scores, np.full(len(groups), -1), groups))
    assert [one.estimate for one in found] == pytest.approx(list(scores.mean(axis=0)), abs=1e-9)
    # The same standard error from statsmodels' cluster-robust regression on a constant.
    for label, one in enumerate(found):
        fit = sm.OLS(scores[:, label], np.ones(len(groups))).fit(
            cov_type="cluster",
            cov_kwds={"groups": groups, "use_correction": True, "df_correction": True},
            use_t=True,
        )
        low, high = fit.conf_int()[0]
        assert (one.low, one.high) == pytest.approx((low, high), abs=1e-9)
        assert one.n_groups == 25


def test_adjusted_count_undoes_known_confusions() -> None:
    """With confusions measured without error the true shares come back exactly."""
    shares = np.array([0.6, 0.1, 0.3])
    scores = np.concatenate([CONFUSIONS, np.tile(shares @ CONFUSIONS, (5, 1))])
    true = np.array([0, 1, 2, -1, -1, -1, -1, -1])
    sample = build(scores, true, range(8), outside=true >= 0)
    found = adjusted_count(sample, n_resamples=10)
    assert [one.estimate for one in found] == pytest.approx(list(shares), abs=1e-9)


def test_adjusted_count_holds_the_truth_where_the_naive_one_does_not() -> None:
    rng = np.random.default_rng(71)
    shares = [0.6, 0.1, 0.3]
    adjusted, naive = np.zeros(3), np.zeros(3)
    for number in range(300):
        sample = shifted(rng, shares)
        for label, one in enumerate(adjusted_count(sample, n_resamples=200, seed=number)):
            adjusted[label] += one.holds(shares[label])
        for label, one in enumerate(classify_and_count(sample)):
            naive[label] += one.holds(shares[label])
    assert (np.abs(adjusted / 300 - 0.95) <= 0.035).all()
    assert naive.min() / 300 < 0.1


def test_a_label_without_gold_has_no_adjusted_share() -> None:
    rng = np.random.default_rng(72)
    sample = shifted(rng, [0.5, 0.3, 0.2])
    kept = sample.take(sample.y_true != 2)
    found = adjusted_count(kept, n_resamples=50)
    assert np.isnan(found[2].estimate)
    assert np.isnan(found[2].low)
    assert np.isfinite(found[0].low)
    assert found[0].method == "adjusted count, percentile"


def test_gold_of_another_corpus_serves_every_key() -> None:
    rng = np.random.default_rng(73)
    sample = shifted(rng, [0.6, 0.1, 0.3])
    keys = np.where(np.arange(len(sample.y_true)) % 2, "Ostland", "Westland")
    found = by_key(lambda part: adjusted_count(part, n_resamples=20), sample, list(keys))
    assert list(found) == ["Ostland", "Westland"]
    for each in found.values():
        assert sum(one.estimate for one in each) == pytest.approx(1)
        assert each[0].n_groups == 280


def test_nearest_distribution_equals_a_general_optimiser() -> None:
    rng = np.random.default_rng(74)
    points = rng.normal(0.3, 0.6, size=(20, 4))
    found = nearest_distribution(points)
    for point, projected in zip(points, found, strict=True):

        def distance(shares: FloatArray, point: FloatArray = point) -> float:
            return float(((shares - point) ** 2).sum())

        expected = minimize(
            distance,
            np.full(4, 0.25),
            bounds=[(0, 1)] * 4,
            constraints={"type": "eq", "fun": lambda shares: shares.sum() - 1},
            options={"ftol": 1e-14},
        )
        np.testing.assert_allclose(projected, expected.x, atol=1e-6)
    np.testing.assert_allclose(nearest_distribution(found), found, atol=1e-12)
    assert nearest_distribution(np.array([[0.4, -np.inf]])).tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (([[0.5, 0.5]], [2], ["a"]), r"y_true\[0\] is 2, outside 0..1"),
        (([[0.5, 0.5]], [0, 1], ["a"]), "y_true has 2 rows"),
        (([[0.5, np.nan]], [0], ["a"]), "finite numbers"),
        (([[0.5, 0.5]], [0], ["a", "b"]), "groups has 2 rows"),
    ],
)
def test_unusable_columns_are_refused(arguments: tuple, says: str) -> None:
    with pytest.raises(InputError, match=says):
        build(*arguments)


def test_a_row_without_a_chance_is_refused() -> None:
    with pytest.raises(InputError, match=r"inclusion\[1\] is 0"):
        build(np.eye(2), [0, -1], ["a", "b"], inclusion=[0.5, 0.0])
    with pytest.raises(InputError, match="y_pred holds a label outside"):
        one_hot([0, 3], 3)


def test_a_label_that_is_never_predicted_leaves_doubt() -> None:
    """Nobody mistakes label 2 for another, and the corpus is never taken for it."""
    gold = np.repeat([0, 1, 2], 10)
    corpus = np.repeat([0, 1], 60)
    guess = np.r_[gold, corpus]
    guess[:3], guess[10:12] = 1, 0
    truth = np.r_[gold, np.full(120, -1)]
    sample = build(one_hot(guess, 3), truth, range(150), outside=truth >= 0)
    found = adjusted_count(sample, n_resamples=200)[2]
    assert (found.low, found.estimate) == pytest.approx((0, 0), abs=1e-12)
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 30), abs=1e-6)
