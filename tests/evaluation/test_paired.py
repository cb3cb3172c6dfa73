"""Tests between models: against SciPy, against statsmodels, and uniform when nothing differs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from stance.errors import InputError
from stance.evaluation import metrics, paired, scores, uncertainty
from stance.evaluation.resampling import FloatArray, IntArray


def two_models(
    seed: int, n_groups: int, n_rows: int = 6, better: float = 0.0, n_seeds: int = 1
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Truth, predictions of two models ``(n_seeds, n)`` and groups; hard articles exist."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_groups), n_rows)
    true = rng.integers(0, 3, len(groups))
    skill = (0.4 + 0.4 * rng.random(n_groups))[groups]
    first, second = (
        np.where(
            rng.random((n_seeds, len(groups))) < skill + gain,
            true,
            (true + rng.integers(1, 3, (n_seeds, len(groups)))) % 3,
        )
        for gain in (better, 0.0)
    )
    return true, first, second, groups


def test_exact_permutation_equals_scipys() -> None:
    true, first, second, groups = two_models(30, n_groups=9, better=0.1)
    by_article = np.arange(len(true)).reshape(9, 6)

    def difference(one: IntArray, other: IntArray, axis: int = -1) -> float:
        """SciPy swaps numbered pairs; each number stands for an article of one model."""
        preds = np.stack([first[0][by_article], second[0][by_article]]).reshape(18, 6)
        return metrics.macro_f1(true, preds[one].ravel(), 3) - metrics.macro_f1(
            true, preds[other].ravel(), 3
        )

    expected = stats.permutation_test(
        (np.arange(9), np.arange(9, 18)),
        difference,
        permutation_type="samples",
        vectorized=False,
        n_resamples=np.inf,
    )
    found = paired.permutation_test(true, first, second, 3, groups, scores.macro_f1_of)
    assert found.exact
    assert found.n_permutations == 2**9
    assert found.difference == pytest.approx(expected.statistic, abs=1e-9)
    assert found.p_value == pytest.approx(expected.pvalue, abs=1e-9)


def test_drawn_permutations_approach_the_exact_p_value() -> None:
    true, first, second, groups = two_models(31, n_groups=13, better=0.08)
    exact = paired.permutation_test(true, first, second, 3, groups, scores.macro_f1_of)
    drawn = paired.permutation_test(
        true, first, second, 3, groups, scores.macro_f1_of, n_resamples=8000, seed=1
    )
    assert exact.exact
    assert not drawn.exact
    assert drawn.p_value == pytest.approx(exact.p_value, abs=0.02)


@pytest.mark.parametrize("n_seeds", [1, 3])
def test_permutation_p_values_are_uniform_where_models_do_not_differ(n_seeds: int) -> None:
    found = []
    for number in range(500):
        true, first, second, groups = two_models(1000 + number, 40, n_seeds=n_seeds)
        result = paired.permutation_test(
            true, first, second, 3, groups, scores.macro_f1_of, n_resamples=499, seed=number
        )
        found.append(result.p_value)
    assert stats.kstest(found, "uniform").pvalue > 0.05
    assert 0.02 <= np.mean(np.array(found) <= 0.05) <= 0.08


def test_permutation_p_values_are_uniform_with_one_seed_against_five() -> None:
    found = []
    for number in range(500):
        true, first, second, groups = two_models(4000 + number, 40, n_seeds=5)
        result = paired.permutation_test(
            true, first[:1], second, 3, groups, scores.macro_f1_of, n_resamples=499, seed=number
        )
        found.append(result.p_value)
    assert stats.kstest(found, "uniform").pvalue > 0.05
    assert 0.02 <= np.mean(np.array(found) <= 0.05) <= 0.08


def test_a_model_without_seeds_of_its_own_counts_as_any_number() -> None:
    true, first, second, groups = two_models(35, 40, better=0.05, n_seeds=5)
    once = paired.permutation_test(true, first[:1], second, 3, groups, scores.macro_f1_of)
    often = paired.permutation_test(
        true, np.repeat(first[:1], 5, axis=0), second, 3, groups, scores.macro_f1_of
    )
    assert once == often


def _means(tables: FloatArray) -> FloatArray:
    return tables[:, 0] / tables[:, 1]


def test_rows_swapped_singly_would_claim_too_much() -> None:
    """Whole articles right or wrong: the very reason that articles are what is swapped."""
    by_article, by_row = [], []
    for number in range(200):
        rng = np.random.default_rng(number)
        losses = rng.normal(size=(2, 20))
        options = {"n_resamples": 199, "seed": number}
        whole = (np.stack([loss * 10, np.full(20, 10.0)], axis=1) for loss in losses)
        rows = (np.stack([np.repeat(loss, 10), np.ones(200)], axis=1) for loss in losses)
        by_article.append(paired.permute_tables(*whole, _means, **options).p_value)
        by_row.append(paired.permute_tables(*rows, _means, **options).p_value)
    assert np.mean(np.array(by_article) <= 0.05) <= 0.09
    assert np.mean(np.array(by_row) <= 0.05) >= 0.3


def test_permutation_equals_scipys() -> None:
    rng = np.random.default_rng(32)
    first, second = rng.normal(0.4, 1, 12), rng.normal(0, 1, 12)
    expected = stats.permutation_test(
        (first, second),
        lambda one, other, axis: np.mean(one - other, axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
    )
    tables = (np.stack([values, np.ones(12)], axis=1) for values in (first, second))
    found = paired.permute_tables(*tables, _means)
    assert found.difference == pytest.approx(expected.statistic, abs=1e-9)
    assert found.p_value == pytest.approx(expected.pvalue, abs=1e-9)


def test_a_better_model_is_found_and_the_sign_is_first_minus_second() -> None:
    true, first, second, groups = two_models(33, 80, better=0.15)
    found = paired.permutation_test(true, first, second, 3, groups, scores.macro_f1_of)
    assert found.difference > 0
    assert found.p_value < 0.001
    back = paired.permutation_test(true, second, first, 3, groups, scores.macro_f1_of)
    assert back.difference == pytest.approx(-found.difference)
    assert back.p_value == found.p_value
    interval = paired.paired_bootstrap(true, first, second, 3, groups, scores.macro_f1_of)
    assert interval.difference.low > 0
    assert interval.difference.estimate == pytest.approx(found.difference)
    assert interval.p_value < 0.001


def test_equal_predictions_differ_by_nothing() -> None:
    true, first, _, groups = two_models(34, 30)
    assert paired.permutation_test(true, first, first, 3, groups, scores.mcc_of).p_value == 1
    same = paired.paired_bootstrap(true, first, first, 3, groups, scores.mcc_of)
    assert (same.difference.low, same.difference.high, same.p_value) == (0, 0, 1)


def test_paired_bootstrap_holds_the_true_difference() -> None:
    p_values, held = [], 0
    for number in range(500):
        true, first, second, groups = two_models(4000 + number, 40)
        found = paired.paired_bootstrap(
            true, first, second, 3, groups, scores.macro_f1_of, n_resamples=400, seed=number
        )
        held += found.difference.holds(0.0)
        p_values.append(found.p_value)
    assert 0.93 <= held / 500 <= 0.97
    assert 0.02 <= np.mean(np.array(p_values) <= 0.05) <= 0.08


def test_pairing_narrows_the_interval() -> None:
    rng = np.random.default_rng(35)
    groups = np.repeat(np.arange(60), 5)
    true = np.zeros(300, dtype=np.int64)
    first = (rng.random(60) < 0.5)[groups].astype(np.int64)
    second = np.where(rng.random(300) < 0.05, 1 - first, first)
    joint = paired.paired_bootstrap(true, first, second, 2, groups, scores.accuracy_of)
    alone = uncertainty.bootstrap_confusion(true, first, 2, groups, scores.accuracy_of)
    assert joint.difference.width < alone.width / 3


def test_models_with_different_numbers_of_seeds() -> None:
    true, first, second, groups = two_models(36, 40, n_seeds=3)
    found = paired.paired_bootstrap(true, first, second[:2], 3, groups, scores.macro_f1_of)
    expected = np.mean([metrics.macro_f1(true, run, 3) for run in first]) - np.mean(
        [metrics.macro_f1(true, run, 3) for run in second[:2]]
    )
    assert found.difference.estimate == pytest.approx(expected, abs=1e-9)
    test = paired.permutation_test(true, first, second[:2], 3, groups, scores.macro_f1_of)
    assert test.difference == pytest.approx(expected, abs=1e-9)
    with pytest.raises(InputError, match="as many seeds"):
        paired.permute_tables(np.ones((5, 2)), np.ones((5, 3)), _means)


def test_mcnemar_equals_the_binomial_test() -> None:
    for seed in range(20):
        true, first, second, _ = two_models(seed, 30, better=0.05)
        found = paired.mcnemar(true, first[0], second[0], 3)
        right, other = first[0] == true, second[0] == true
        assert found.only_first == np.sum(right & ~other)
        assert found.only_second == np.sum(~right & other)
        expected = stats.binomtest(found.only_first, found.only_first + found.only_second)
        assert found.p_value == pytest.approx(expected.pvalue, abs=1e-9)
    assert paired.mcnemar(true, first[0], first[0], 3).p_value == 1


def test_holm_by_hand_and_against_statsmodels() -> None:
    by_hand = paired.holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": float("nan")})
    assert by_hand["a"] == (pytest.approx(0.03), True)
    assert by_hand["c"] == (pytest.approx(0.06), False)
    assert by_hand["b"] == (pytest.approx(0.06), False)
    assert np.isnan(by_hand["d"][0])
    values = np.random.default_rng(37).random(20) ** 3
    found = paired.holm({str(number): p for number, p in enumerate(values)}, level=0.9)
    holds, corrected, *_ = multipletests(values, 0.1, method="holm")
    assert [p for p, _ in found.values()] == pytest.approx(list(corrected), abs=1e-9)
    assert [holding for _, holding in found.values()] == list(holds)
    assert paired.holm({}) == {}
