"""Scores of probabilities against scikit-learn, SciPy and definitions written out."""

from __future__ import annotations

import itertools
import math
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy
from sklearn import metrics as oracle
from sklearn.calibration import calibration_curve

from stance.errors import InputError
from stance.evaluation import probabilities as calibration_error
from stance.evaluation import probabilities as ranking
from stance.evaluation.resampling import FloatArray, IntArray

CASES = settings(max_examples=100, deadline=None)


@st.composite
def rows(draw: st.DrawFn) -> tuple[IntArray, FloatArray]:
    """Labels and probabilities; in some cases coarse ones, so that many are tied."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_labels, n_rows = draw(st.integers(2, 6)), draw(st.integers(2, 80))
    proba = rng.dirichlet(np.ones(n_labels), size=n_rows)
    if draw(st.booleans()):
        proba = np.round(proba * 5) + 1
        proba /= proba.sum(axis=1, keepdims=True)
    return rng.integers(0, n_labels, n_rows), proba


@CASES
@given(rows())
def test_ranking_is_that_of_its_definition(case: tuple[IntArray, FloatArray]) -> None:
    """Pairs won, ties half; precision at every distinct score, weighted by the recall it adds."""
    true, proba = case
    area, precision = ranking.auroc(true, proba), ranking.average_precision(true, proba)
    for label in range(proba.shape[1]):
        own, other = proba[true == label, label], proba[true != label, label]
        if not len(own):
            assert np.isnan(area[label])
            assert np.isnan(precision[label])
            continue
        expected = sum(
            (own == at).mean() * (own >= at).sum() / (proba[:, label] >= at).sum()
            for at in np.unique(own)
        )
        assert precision[label] == pytest.approx(expected, abs=1e-9)
        if not len(other):
            assert np.isnan(area[label])
            continue
        wins = (own[:, None] > other).mean() + (own[:, None] == other).mean() / 2
        assert area[label] == pytest.approx(wins, abs=1e-9)


@CASES
@given(rows())
def test_proper_scores_equal_scikit_learns(case: tuple[IntArray, FloatArray]) -> None:
    true, proba = case
    labels = list(range(proba.shape[1]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = oracle.brier_score_loss(true, proba, labels=labels, scale_by_half=False)
        loss = oracle.log_loss(true, proba, labels=labels)
    assert ranking.brier(true, proba) == pytest.approx(expected, abs=1e-9)
    assert ranking.log_loss(true, proba) == pytest.approx(loss, abs=1e-9)


@CASES
@given(rows(), st.integers(0, 1000))
def test_soft_cross_entropy_is_entropy_plus_divergence(
    case: tuple[IntArray, FloatArray], seed: int
) -> None:
    _, proba = case
    shares = np.random.default_rng(seed).dirichlet(np.ones(proba.shape[1]), size=len(proba))
    expected = np.mean(entropy(shares, axis=1) + entropy(shares, proba, axis=1))
    assert ranking.soft_cross_entropy(shares, proba) == pytest.approx(expected, abs=1e-9)


def test_soft_cross_entropy_of_one_vote_is_the_log_loss() -> None:
    rng = np.random.default_rng(3)
    true, proba = rng.integers(0, 4, 50), rng.dirichlet(np.ones(4), 50)
    soft = ranking.soft_cross_entropy(np.eye(4)[true], proba)
    assert soft == pytest.approx(ranking.log_loss(true, proba), abs=1e-12)


@CASES
@given(rows(), st.integers(1, 20), st.sampled_from(["width", "mass"]))
def test_calibration_error_equals_bins_written_out(
    case: tuple[IntArray, FloatArray], n_bins: int, binning: calibration_error.Binning
) -> None:
    true, proba = case
    confidence, correct = proba.max(axis=1), proba.argmax(axis=1) == true
    edges = np.linspace(0, 1, n_bins + 1)
    if binning == "mass":
        ordered, n_rows = sorted(confidence), len(confidence)
        parts = [math.ceil(Fraction(number * n_rows, n_bins)) for number in range(1, n_bins + 1)]
        edges = np.array([0.0] + [ordered[part - 1] for part in parts])
    expected = 0.0
    for number in range(n_bins):
        low = -np.inf if number == 0 else edges[number]
        high = np.inf if number == n_bins - 1 else edges[number + 1]
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            expected += inside.mean() * abs(confidence[inside].mean() - correct[inside].mean())
    found = calibration_error.ece(true, proba, n_bins=n_bins, binning=binning)
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("binning", "strategy"), [("width", "uniform"), ("mass", "quantile")])
def test_reliability_diagram_equals_scikit_learns(
    binning: calibration_error.Binning, strategy: str
) -> None:
    rng = np.random.default_rng(4)
    true, proba = rng.integers(0, 5, 500), rng.dirichlet(np.ones(5), 500)
    ours = calibration_error.reliability(true, proba, n_bins=10, binning=binning)
    accuracy, confidence = calibration_curve(
        proba.argmax(axis=1) == true, proba.max(axis=1), n_bins=10, strategy=strategy
    )
    np.testing.assert_allclose(ours.accuracy, accuracy, atol=1e-9)
    np.testing.assert_allclose(ours.confidence, confidence, atol=1e-9)
    assert ours.count.sum() == 500
    assert ours.worst == pytest.approx(np.abs(accuracy - confidence).max(), abs=1e-9)


def test_a_calibrated_model_has_little_error_and_an_overconfident_one_much() -> None:
    rng = np.random.default_rng(5)
    proba = rng.dirichlet(np.ones(3), 20_000)
    true = (rng.random((20_000, 1)) > proba.cumsum(axis=1)).sum(axis=1).clip(max=2)
    sharpened = proba**4 / (proba**4).sum(axis=1, keepdims=True)
    assert calibration_error.ece(true, proba) < 0.02
    assert calibration_error.ece(true, sharpened) > 0.15


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=6),
)
def test_area_under_risk_coverage_is_the_mean_over_orders_of_ties(
    pairs: list[tuple[int, bool]],
) -> None:
    confidence, correct = (np.array(column) for column in zip(*pairs, strict=True))
    areas = []
    for order in itertools.permutations(range(len(pairs))):
        if all(confidence[a] >= confidence[b] for a, b in itertools.pairwise(order)):
            wrong = np.cumsum(~correct[list(order)])
            areas.append(np.mean(wrong / np.arange(1, len(pairs) + 1)))
    found = ranking.area_under_risk_coverage(confidence, correct)
    assert found == pytest.approx(np.mean(areas), abs=1e-9)


@CASES
@given(
    st.lists(st.tuples(st.floats(0, 1, width=16), st.booleans()), min_size=1, max_size=40),
)
def test_risk_coverage_counts_the_rows_at_or_above_each_confidence(
    pairs: list[tuple[float, bool]],
) -> None:
    confidence, correct = (np.array(column) for column in zip(*pairs, strict=True))
    curve = ranking.risk_coverage(confidence, correct)
    thresholds = sorted(set(confidence.tolist()), reverse=True)
    assert curve.threshold.tolist() == thresholds
    for threshold, coverage, risk in zip(thresholds, curve.coverage, curve.risk, strict=True):
        kept = [right for sure, right in pairs if sure >= threshold]
        assert coverage == pytest.approx(len(kept) / len(pairs), abs=1e-9)
        assert risk == pytest.approx(kept.count(False) / len(kept), abs=1e-9)


@CASES
@given(rows(), st.integers(1, 20))
def test_reliability_bins_equal_bins_written_out(
    case: tuple[IntArray, FloatArray], n_bins: int
) -> None:
    true, proba = case
    bins: dict[int, list[tuple[float, bool]]] = {}
    edges = np.linspace(0, 1, n_bins + 1)
    for label, row in zip(true.tolist(), proba, strict=True):
        sure, right = float(row.max()), int(row.argmax()) == label
        bins.setdefault(sum(sure > edge for edge in edges[1:-1]), []).append((sure, right))
    ours = calibration_error.reliability(true, proba, n_bins=n_bins)
    assert ours.count.tolist() == [len(bins[at]) for at in sorted(bins)]
    assert ours.low.tolist() == [edges[at] for at in sorted(bins)]
    assert ours.high.tolist() == [edges[at + 1] for at in sorted(bins)]
    confidence, accuracy = (
        [float(np.mean([pair[part] for pair in bins[at]])) for at in sorted(bins)]
        for part in (0, 1)
    )
    np.testing.assert_allclose(ours.confidence, confidence, atol=1e-9)
    np.testing.assert_allclose(ours.accuracy, accuracy, atol=1e-9)
    worst = max(abs(sure - right) for sure, right in zip(confidence, accuracy, strict=True))
    assert ours.worst == pytest.approx(worst, abs=1e-9)


def test_risk_coverage_by_hand() -> None:
    curve = ranking.risk_coverage([0.9, 0.8, 0.8, 0.5], [True, True, False, False])
    assert curve.threshold.tolist() == [0.9, 0.8, 0.5]
    assert curve.coverage.tolist() == [0.25, 0.75, 1.0]
    np.testing.assert_allclose(curve.risk, [0, 1 / 3, 1 / 2])


@pytest.mark.parametrize(
    ("proba", "says"),
    [
        ([[0.5, 0.6]], r"proba\[0\] is no distribution"),
        ([[np.nan, 1.0]], r"proba\[0\] is no distribution"),
        ([[-0.5, 1.5]], r"proba\[0\] is no distribution"),
        ([[0.5, 0.5], [0.5, 0.5]], "has 1 rows but proba has 2"),
        ([0.5], "proba has 1 axes"),
    ],
)
def test_what_is_no_distribution_is_refused(proba: list, says: str) -> None:
    with pytest.raises(InputError, match=says):
        ranking.brier([0], proba)


def test_unusable_arguments_are_refused() -> None:
    with pytest.raises(InputError, match="confidence"):
        ranking.risk_coverage([np.nan], [True])
    with pytest.raises(InputError, match="n_bins 0"):
        calibration_error.ece([0], [[1.0, 0.0]], n_bins=0)
    with pytest.raises(InputError, match="binning 'log'"):
        calibration_error.ece([0], [[1.0, 0.0]], binning="log")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="shares has shape"):
        ranking.soft_cross_entropy([[1.0]], [[0.5, 0.5]])
