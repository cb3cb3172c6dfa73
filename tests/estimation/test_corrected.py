"""Estimators that people's labels correct: exact identities, and coverage by simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, t
from statsmodels.stats.weightstats import DescrStatsW

from stance.errors import InputError
from stance.estimation.corrected import design_based, labelled_only, prediction_powered
from stance.estimation.counting import classify_and_count
from stance.estimation.sample import Sample, build, by_key, one_hot
from stance.evaluation.resampling import FloatArray, IntArray, Interval

SHARES = np.array([0.25, 0.6, 0.15])


def corpus(rng: np.random.Generator, n_documents: int) -> tuple[IntArray, FloatArray, IntArray]:
    """Truth, probabilities and documents of a model that sees too much of label 0."""
    mix = rng.dirichlet(SHARES * 6, size=n_documents)
    true = (rng.random((n_documents, 5, 1)) > mix.cumsum(axis=1)[:, None, :-1]).sum(axis=2)
    hard = rng.random((n_documents, 1)) < 0.3  # documents on which the model knows little
    weight = np.where(hard, 0.5, 3.0)[..., None] * np.eye(3)[true] + rng.gumbel(
        size=(n_documents, 5, 3)
    )
    weight[..., 0] += 0.8
    scores = np.exp(weight) / np.exp(weight).sum(axis=2, keepdims=True)
    return true.ravel(), scores.reshape(-1, 3), np.repeat(np.arange(n_documents), 5)


def held(found: list[Interval], truth: FloatArray) -> FloatArray:
    return np.array([one.holds(share) for one, share in zip(found, truth, strict=True)], float)


def widths(found: list[Interval]) -> FloatArray:
    return np.array([one.width for one in found])


def test_intervals_hold_the_truth_however_much_the_model_errs() -> None:
    rng = np.random.default_rng(80)
    n_draws = 600
    hits = {name: np.zeros(3) for name in ("naive", "gold", "ppi", "tuned", "design")}
    width = {name: np.zeros(3) for name in hits}
    for _ in range(n_draws):
        true, scores, groups = corpus(rng, 400)
        sample = build(scores, np.where(groups < 60, true, -1), groups)
        for name, found in {
            "naive": classify_and_count(sample),
            "gold": labelled_only(sample),
            "ppi": prediction_powered(sample, power=1),
            "tuned": prediction_powered(sample),
            "design": design_based(sample),
        }.items():
            hits[name] += held(found, SHARES) / n_draws
            width[name] += widths(found) / n_draws
    for name in ("gold", "ppi", "tuned", "design"):
        assert (np.abs(hits[name] - 0.95) <= 0.03).all(), name
    assert hits["naive"].min() < 0.05
    assert (width["tuned"] <= width["gold"] * 1.01).all()
    assert (width["tuned"] <= width["ppi"] * 1.01).all()
    assert (width["tuned"] < 0.9 * width["gold"]).any()


def test_chosen_with_known_unequal_chances() -> None:
    """More of some documents labelled: the design corrects it, plain means are refused."""
    rng = np.random.default_rng(81)
    n_draws, hits = 600, np.zeros(3)
    plain = np.zeros(3)
    for _ in range(n_draws):
        true, scores, groups = corpus(rng, 400)
        interesting = (true == 2).reshape(400, 5).any(axis=1)
        chance = np.where(interesting, 0.35, 0.1)
        chosen = (rng.random(400) < chance)[groups]
        y_true = np.where(chosen, true, -1)
        sample = build(scores, y_true, groups, inclusion=chance[groups])
        hits += held(design_based(sample), SHARES) / n_draws
        plain += held(prediction_powered(build(scores, y_true, groups)), SHARES) / n_draws
    assert (np.abs(hits - 0.95) <= 0.03).all()
    assert plain.min() < 0.9
    with pytest.raises(InputError, match="use design_based"):
        prediction_powered(sample)


def test_documents_labelled_in_part() -> None:
    """Labelled and unlabelled rows of one document move together."""
    rng = np.random.default_rng(82)
    n_draws, hits, design = 600, np.zeros(3), np.zeros(3)
    for _ in range(n_draws):
        true, scores, groups = corpus(rng, 80)
        chosen = rng.random(len(true)) < 0.4
        sample = build(scores, np.where(chosen, true, -1), groups)
        hits += held(prediction_powered(sample), SHARES) / n_draws
        design += held(design_based(sample), SHARES) / n_draws
    assert (np.abs(hits - 0.95) <= 0.03).all()
    assert (np.abs(design - 0.95) <= 0.03).all()


def test_without_the_model_it_is_the_ordinary_t_interval() -> None:
    rng = np.random.default_rng(83)
    true, scores, _ = corpus(rng, 40)
    sample = build(scores, np.where(np.arange(200) < 90, true, -1), range(200))
    for label, (zero, gold) in enumerate(
        zip(prediction_powered(sample, power=0), labelled_only(sample), strict=True)
    ):
        low, high = DescrStatsW(true[:90] == label).tconfint_mean(0.05)
        assert (zero.low, zero.high) == pytest.approx((low, high), abs=1e-9)
        assert (gold.low, gold.high) == pytest.approx((low, high), abs=1e-9)


def test_prediction_powered_by_its_published_formula() -> None:
    """One row per document: Angelopoulos et al. 2023, with the sample variances."""
    rng = np.random.default_rng(84)
    true, scores, _ = corpus(rng, 60)
    gold = np.arange(300) < 80
    sample = build(scores, np.where(gold, true, -1), range(300))
    found = prediction_powered(sample, power=1)
    tuned = prediction_powered(sample)
    for label in range(3):
        y, f = (true[gold] == label).astype(float), scores[gold, label]
        rest = scores[~gold, label]
        expected = rest.mean() + (y - f).mean()
        assert found[label].estimate == pytest.approx(expected, abs=1e-9)
        error = np.sqrt(rest.var(ddof=1) / 220 + (y - f).var(ddof=1) / 80)
        assert found[label].high - expected == pytest.approx(t.ppf(0.975, 79) * error, abs=1e-9)
        # PPI++ example 6.1: power = cov(y, f) / ((1 + n / N) var(f)), here with each
        # sample's own variance of f.
        power = np.cov(y, f)[0, 1] / 80 / (f.var(ddof=1) / 80 + rest.var(ddof=1) / 220)
        expected = y.mean() + power * (rest.mean() - f.mean())
        assert tuned[label].estimate == pytest.approx(expected, abs=1e-9)


def test_design_based_by_its_published_formula() -> None:
    """Equal to the published estimate where the weights of labelled rows sum to the rows."""
    rng = np.random.default_rng(85)
    true, scores, groups = corpus(rng, 50)
    chosen = np.zeros(250, bool)
    chosen[:30], chosen[-40:] = True, True
    chance = np.where(np.arange(250) < 150, 30 / 150, 40 / 100)
    sample = build(scores, np.where(chosen, true, -1), groups, inclusion=chance)
    for label, one in enumerate(design_based(sample)):
        truth = (true == label).astype(float)
        corrected = scores[:, label] + chosen / chance * (truth - scores[:, label])
        assert one.estimate == pytest.approx(corrected.mean(), abs=1e-9)


def test_design_based_with_equal_chances_is_prediction_powered_by_the_whole_corpus() -> None:
    rng = np.random.default_rng(90)
    true, scores, groups = corpus(rng, 50)
    y_true = np.where(groups < 20, true, -1)
    unknown = design_based(build(scores, y_true, groups))
    known = design_based(build(scores, y_true, groups, inclusion=np.full(250, 0.4)))
    assert widths(unknown) == pytest.approx(widths(known), abs=1e-9)
    gold = y_true >= 0
    for label, one in enumerate(unknown):
        error = (true[gold] == label) - scores[gold, label]
        assert one.estimate == pytest.approx(scores[:, label].mean() + error.mean(), abs=1e-9)


def test_a_perfect_model_needs_few_labels_and_a_useless_one_costs_nothing() -> None:
    rng = np.random.default_rng(86)
    true, scores, groups = corpus(rng, 400)
    y_true = np.where(groups < 60, true, -1)
    perfect = prediction_powered(build(np.eye(3)[true], y_true, groups))
    gold = labelled_only(build(scores, y_true, groups))
    noise = rng.dirichlet(np.ones(3), len(true))
    useless = prediction_powered(build(noise, y_true, groups))
    assert (widths(perfect) < 0.6 * widths(gold)).all()
    assert widths(useless) == pytest.approx(widths(gold), rel=0.05)


def test_shares_by_actor_hold_each_actors_truth() -> None:
    """The model errs on one actor only; correcting over all rows would hide it."""
    rng = np.random.default_rng(87)
    n_draws, hits = 300, {"Ostland": np.zeros(3), "Westland": np.zeros(3)}
    for _ in range(n_draws):
        true, scores, groups = corpus(rng, 300)
        actors = np.where(groups % 2, "Ostland", "Westland")
        scores = np.where((actors == "Ostland")[:, None], scores, np.eye(3)[true])
        sample = build(scores, np.where(groups < 100, true, -1), groups)
        for actor, found in by_key(prediction_powered, sample, list(actors)).items():
            hits[actor] += held(found, SHARES) / n_draws
    for actor in hits:
        assert (np.abs(hits[actor] - 0.95) <= 0.04).all(), actor


@pytest.mark.parametrize("estimate", [labelled_only, prediction_powered, design_based])
def test_too_little_gold_gives_no_bounds(estimate: object) -> None:
    rng = np.random.default_rng(88)
    true, scores, groups = corpus(rng, 50)

    def bounds(y_true: IntArray) -> list[Interval]:
        sample: Sample = build(scores, y_true, groups)
        return estimate(sample)  # type: ignore[operator,no-any-return]

    nothing = bounds(np.full(250, -1))
    assert all(np.isnan(one.estimate) and np.isnan(one.low) for one in nothing)
    few = bounds(np.where(groups < 3, true, -1))
    assert all(np.isnan(one.low) and np.isfinite(one.estimate) for one in few)
    one_label = bounds(np.where((groups < 20) & (true == 1), 1, -1))
    assert np.isfinite(one_label[1].estimate)


def test_keys_without_gold_are_kept_without_estimate() -> None:
    rng = np.random.default_rng(89)
    true, scores, groups = corpus(rng, 60)
    keys = ["seen" if group < 40 else "unseen" for group in groups]
    found = by_key(prediction_powered, build(scores, np.where(groups < 20, true, -1), groups), keys)
    assert np.isfinite(found["seen"][1].low)
    assert np.isnan(found["unseen"][1].estimate)
    with pytest.raises(InputError, match="keys have 1 rows"):
        by_key(prediction_powered, build(scores, true, groups), ["seen"])


def test_unusable_power_is_refused() -> None:
    with pytest.raises(InputError, match="power 2"):
        prediction_powered(build(np.eye(2), [0, -1], ["a", "b"]), power=2)


def test_nan_is_no_label() -> None:
    gold = np.r_[np.zeros(70), np.ones(30), np.full(900, np.nan)]
    guess = one_hot(np.r_[np.zeros(70), np.ones(930)].astype(int), 2)
    sample = build(guess, gold, list(range(1000)))
    assert int(sample.labelled.sum()) == 100
    assert labelled_only(sample)[1].estimate == pytest.approx(0.3)
    with pytest.raises(InputError, match=r"y_true\[0\] is 0.5: give whole numbers"):
        build(guess, np.full(1000, 0.5), list(range(1000)))


def test_whatever_stands_for_a_gap_is_one() -> None:
    guess = one_hot([0, 1, 1, 0], 2)
    columns: list[Any] = [
        [0, 1, None, float("nan")],
        pd.Series([0, 1, None, None], dtype="Int64"),
        pd.Series([0, 1, pd.NA, None], dtype=object),
    ]
    for column in columns:
        sample = build(guess, column, list("abcd"))
        assert sample.y_true.tolist() == [0, 1, -1, -1]
    for wrong, said in (
        (["neutral", 1, 0, 0], r"y_true\[0\] is neutral"),
        ([0, float("inf"), 0, 0], r"y_true\[1\] is inf"),
    ):
        with pytest.raises(InputError, match=said):
            build(guess, wrong, list("abcd"))
    with pytest.raises(InputError, match=r"outside\[2\] is nan: give true or false"):
        build(guess, [0, 1, -1, -1], list("abcd"), outside=[True, False, None, False])
    for guesses in ([0.7, 1.0], [float("nan"), 1.0], [None, 1]):
        with pytest.raises(InputError, match="y_pred"):
            one_hot(guesses, 2)  # type: ignore[arg-type]


def test_a_label_that_nobody_gave_may_still_occur() -> None:
    gold = np.array([0] * 18 + [1] * 12)
    guess = gold.copy()
    guess[:6] = 2
    rest = ([0] * 50 + [1] * 30 + [2] * 20) * 3
    scores = one_hot(np.r_[guess, rest], 3)
    sample = build(scores, np.r_[gold, [-1] * 300], list(range(330)))
    for found in (labelled_only(sample)[2], prediction_powered(sample)[2]):
        assert found.low == 0
        assert found.high == pytest.approx(1 - 0.025 ** (1 / 30), abs=0.001)  # 0 of 30, exact
    for found in (*labelled_only(sample), *prediction_powered(sample), *design_based(sample)):
        assert found.high != found.low


def test_documents_that_are_all_alike_still_leave_doubt() -> None:
    """Half of every document's rows: no variance between documents, and yet not known exactly."""
    gold, documents = np.array([0, 1] * 20), np.repeat(np.arange(20), 2)
    sample = build(one_hot(gold, 3), gold, documents)
    for found in (labelled_only(sample)[0], classify_and_count(sample)[0]):
        assert found.estimate == 0.5
        assert (found.low, found.high) == pytest.approx(binomtest(10, 20).proportion_ci())
    never = classify_and_count(sample)[2]
    assert (never.low, never.high) == pytest.approx(binomtest(0, 20).proportion_ci())


def test_rounding_is_no_width() -> None:
    scores = np.tile([0.1, 0.9], (30, 1))
    found = classify_and_count(build(scores, np.full(30, -1), range(30)))[0]
    assert found.high - found.low > 0.1
