"""Almost stochastic order against hand-computed cases and a written-out integral."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, wasserstein_distance

from stance.errors import InputError
from stance.evaluation.dominance import almost_stochastic_order, violation_ratio


@pytest.mark.parametrize(
    ("first", "second", "ratio"),
    [
        # Below by 1 over half the quantiles, above by 3 over the other: 1 / (1 + 9).
        ([0, 4], [1, 1], 0.1),
        ([1, 3], [2, 2], 0.5),
        ([5, 6], [1, 2], 0.0),
        ([1, 2], [5, 6], 1.0),
        # Steps at 1/3, 1/2, 2/3: gaps -1, 1, -1, 1 over lengths 1/3, 1/6, 1/6, 1/3.
        ([0, 2, 4], [1, 3], 0.5),
        # Steps as above: gaps -1, 2, 1, 4: (1/3) / (1/3 + 4/6 + 1/6 + 16/3).
        ([0, 3, 6], [1, 2], (1 / 3) / (1 / 3 + 4 / 6 + 1 / 6 + 16 / 3)),
        ([2, 1], [1, 2], 0.5),
    ],
)
def test_violation_ratio_by_hand(first: list[float], second: list[float], ratio: float) -> None:
    found = almost_stochastic_order(first, second)
    assert found.ratio == pytest.approx(ratio, abs=1e-9)


def test_violation_ratio_equals_a_fine_sum_over_quantiles() -> None:
    rng = np.random.default_rng(40)
    for n, m in [(3, 5), (5, 5), (4, 6), (7, 2)]:
        first, second = rng.normal(0.3, 1, n), rng.normal(0, 1.5, m)
        at = (np.arange(n * m * 10) + 0.5) / (n * m * 10)
        gap = np.quantile(first, at, method="inverted_cdf") - np.quantile(
            second, at, method="inverted_cdf"
        )
        expected = (np.minimum(gap, 0) ** 2).sum() / (gap**2).sum()
        assert np.abs(gap).mean() == pytest.approx(wasserstein_distance(first, second))
        found = violation_ratio(first[None], second[None])[0]
        assert found == pytest.approx(expected, abs=1e-9)


def test_ratios_of_both_directions_add_up_to_one() -> None:
    rng = np.random.default_rng(41)
    first, second = rng.normal(size=(50, 5)), rng.normal(size=(50, 3))
    both = violation_ratio(first, second) + violation_ratio(second, first)
    np.testing.assert_allclose(both, 1, atol=1e-9)


def test_upper_bound_is_the_papers() -> None:
    first, second = np.array([0.61, 0.64, 0.66, 0.7]), np.array([0.58, 0.65, 0.66])
    found = almost_stochastic_order(first, second, level=0.9, n_resamples=4000, seed=2)
    rng = np.random.default_rng(3)
    drawn = violation_ratio(rng.choice(first, size=(4000, 4)), rng.choice(second, size=(4000, 3)))
    scale = np.sqrt(4 * 3 / (4 + 3))
    expected = found.ratio - norm.ppf(0.1) / scale * np.std(scale * (drawn - found.ratio))
    assert found.upper == pytest.approx(min(expected, 1), abs=0.02)
    assert found.ratio < found.upper <= 1


def test_a_claim_is_made_where_it_is_true_and_seldom_where_it_is_not() -> None:
    rng = np.random.default_rng(42)
    better, equal = (
        np.mean(
            [
                almost_stochastic_order(
                    rng.normal(gain, 1, 5), rng.normal(0, 1, 5), n_resamples=200, seed=number
                ).upper
                < 0.2
                for number in range(200)
            ]
        )
        for gain in (4.0, 0.0)
    )
    assert better > 0.95
    assert equal < 0.1


def test_too_few_seeds_are_refused() -> None:
    with pytest.raises(InputError, match="first holds too few scores"):
        almost_stochastic_order([0.5], [0.4, 0.6])
    with pytest.raises(InputError, match="second holds too few scores"):
        almost_stochastic_order([0.5, 0.6], [0.4, float("nan")])
