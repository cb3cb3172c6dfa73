"""Metrics of labels against scikit-learn, on random and on degenerate rows."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from stance.errors import InputError
from stance.evaluation import metrics, scores
from stance.evaluation.resampling import FloatArray, IntArray

EXACT = {"rtol": 0, "atol": 1e-9}


@st.composite
def rows(draw: st.DrawFn) -> tuple[IntArray, IntArray, int]:
    """True and predicted labels into a list of which some labels may not occur."""
    n_labels = draw(st.integers(2, 9))
    label = st.integers(0, n_labels - 1)
    pairs = draw(st.lists(st.tuples(label, label), min_size=1, max_size=60))
    true, pred = np.array(pairs).T
    return true, pred, n_labels


@settings(max_examples=100, deadline=None)
@given(rows())
def test_every_score_equals_scikit_learns(case: tuple[IntArray, IntArray, int]) -> None:
    true, pred, n_labels = case
    names = list(range(n_labels))
    full = {"labels": names, "zero_division": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of labels that do not occur
        expected = {
            "macro_f1": oracle.f1_score(true, pred, average="macro", **full),
            "micro_f1": oracle.f1_score(true, pred, average="micro", **full),
            "weighted_f1": oracle.f1_score(true, pred, average="weighted", **full),
            "accuracy": oracle.accuracy_score(true, pred),
            "balanced_accuracy": oracle.balanced_accuracy_score(true, pred),
            "mcc": oracle.matthews_corrcoef(true, pred),
        }
        each = oracle.precision_recall_fscore_support(true, pred, **full)
    for name, value in expected.items():
        assert getattr(metrics, name)(true, pred, n_labels) == pytest.approx(value, abs=1e-9)
    assert metrics.summary(true, pred, None, n_labels) == pytest.approx(expected, abs=1e-9)
    assert np.array_equal(
        metrics.confusion(true, pred, n_labels),
        oracle.confusion_matrix(true, pred, labels=names),
    )
    ours = metrics.per_label(true, pred, n_labels)
    for mine, theirs in zip(
        (ours.precision, ours.recall, ours.f1, ours.support), each, strict=True
    ):
        np.testing.assert_allclose(mine, theirs, **EXACT)


@settings(max_examples=60, deadline=None)
@given(rows(), st.data())
def test_f_avg_is_the_mean_of_two_f1(
    case: tuple[IntArray, IntArray, int], data: st.DataObject
) -> None:
    true, pred, n_labels = case
    two = data.draw(st.permutations(range(n_labels)))[:2]
    expected = oracle.f1_score(true, pred, labels=two, average="macro", zero_division=0)
    assert metrics.f_avg(true, pred, *two) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(rows(), st.data())
def test_coarse_scores_are_those_of_merged_labels(
    case: tuple[IntArray, IntArray, int], data: st.DataObject
) -> None:
    true, pred, n_labels = case
    n_coarse = data.draw(st.integers(1, n_labels))
    coarse = st.integers(0, n_coarse - 1)
    mapping = data.draw(st.lists(coarse, min_size=n_labels, max_size=n_labels))
    merged = [np.array([mapping[label] for label in labels.tolist()]) for labels in (true, pred)]
    assert [metrics.relabel(labels, mapping).tolist() for labels in (true, pred)] == [
        labels.tolist() for labels in merged
    ]
    names = range(n_coarse)
    expected = oracle.f1_score(*merged, labels=names, average="macro", zero_division=0)
    found = metrics.macro_f1(
        metrics.relabel(true, mapping), metrics.relabel(pred, mapping), n_coarse
    )
    assert found == pytest.approx(expected, abs=1e-9)
    proba = np.random.default_rng(len(true)).dirichlet(np.ones(n_labels), size=len(true))
    by_hand = np.zeros((len(true), max(mapping) + 1))
    for row, label in np.ndindex(*proba.shape):
        by_hand[row, mapping[label]] += proba[row, label]
    np.testing.assert_allclose(metrics.relabel_proba(proba, mapping), by_hand, **EXACT)


@settings(max_examples=60, deadline=None)
@given(rows(), st.integers(0, 2**32 - 1))
def test_summary_of_probabilities_equals_scikit_learns(
    case: tuple[IntArray, IntArray, int], seed: int
) -> None:
    true, _, n_labels = case
    proba = np.random.default_rng(seed).dirichlet(np.ones(n_labels), size=len(true))
    pred, names = proba.argmax(axis=1), list(range(n_labels))
    found = metrics.summary(true, pred, proba, n_labels)
    mixed = [label for label in names if 0 < (true == label).sum() < len(true)]
    areas = [oracle.roc_auc_score(true == label, proba[:, label]) for label in mixed]
    present = np.unique(true)
    precisions = [oracle.average_precision_score(true == at, proba[:, at]) for at in present]
    confidence, correct = proba.max(axis=1), pred == true
    risks = np.cumsum(~correct[np.argsort(-confidence)]) / np.arange(1, len(true) + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = {
            "auroc": np.mean(areas) if areas else np.nan,
            "average_precision": np.mean(precisions),
            "brier": oracle.brier_score_loss(true, proba, labels=names, scale_by_half=False),
            "log_loss": oracle.log_loss(true, proba, labels=names),
            "ece": _gap(confidence, correct, np.arange(1, 15) / 15),
            "ece_mass": _gap(confidence, correct, _fifteenths(confidence)),
            "aurc": risks.mean(),
        }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-9, nan_ok=True), name


def _gap(confidence: FloatArray, correct: IntArray, edges: FloatArray) -> float:
    """Sum over bins of how far the sum of confidences is from the number right, per row."""
    bins: dict[int, list[float]] = {}
    for sure, right in zip(confidence.tolist(), correct.tolist(), strict=True):
        bins.setdefault(sum(sure > edge for edge in edges), []).append(sure - right)
    return sum(abs(sum(gaps)) for gaps in bins.values()) / len(confidence)


def _fifteenths(confidence: FloatArray) -> FloatArray:
    """The confidences that end each of the first fourteen fifteenths of the sorted rows."""
    ordered, n_rows = np.sort(confidence), len(confidence)
    return np.array([ordered[-(-part * n_rows // 15) - 1] for part in range(1, 15)])


@settings(max_examples=60, deadline=None)
@given(rows())
def test_macro_f1_over_present_labels(case: tuple[IntArray, IntArray, int]) -> None:
    true, pred, n_labels = case
    expected = oracle.f1_score(true, pred, labels=np.unique(true), average="macro", zero_division=0)
    table = metrics.confusion(true, pred, n_labels)
    assert float(scores.macro_f1_present_of(table)) == pytest.approx(expected, abs=1e-9)


def test_absent_label_counts_zero_in_macro_f1() -> None:
    true, pred = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0])
    assert metrics.macro_f1(true, pred, 2) == pytest.approx((0.8 + 2 / 3) / 2)
    assert metrics.macro_f1(true, pred, 3) == pytest.approx((0.8 + 2 / 3) / 3)


def test_stacked_matrices_score_like_single_ones() -> None:
    tables = np.random.default_rng(0).integers(0, 9, size=(3, 4, 5, 5))
    for score in scores.SCORES.values():
        single = [[float(score(table)) for table in line] for line in tables]
        np.testing.assert_allclose(score(tables), single, **EXACT)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 7))
def test_scores_of_weighted_counts_equal_scikit_learns(seed: int, n_labels: int) -> None:
    """Resampled counts are weighted rows; scikit-learn's sample weights say what they mean."""
    rng = np.random.default_rng(seed)
    true, pred = rng.integers(0, n_labels, (2, 30))
    weight = rng.random(30) + 0.01
    table = np.zeros((n_labels, n_labels))
    np.add.at(table, (true, pred), weight)
    full = {"labels": range(n_labels), "zero_division": 0, "sample_weight": weight}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = {
            "macro_f1": oracle.f1_score(true, pred, average="macro", **full),
            "micro_f1": oracle.f1_score(true, pred, average="micro", **full),
            "weighted_f1": oracle.f1_score(true, pred, average="weighted", **full),
            "accuracy": oracle.accuracy_score(true, pred, sample_weight=weight),
            "balanced_accuracy": oracle.balanced_accuracy_score(true, pred, sample_weight=weight),
            "mcc": oracle.matthews_corrcoef(true, pred, sample_weight=weight),
        }
        each = oracle.precision_recall_fscore_support(true, pred, **full)
    assert set(expected) == set(scores.SCORES)
    for name, score in scores.SCORES.items():
        assert float(score(table)) == pytest.approx(expected[name], abs=1e-9), name
    parts = (scores.precision_of, scores.recall_of, scores.f1_of, scores.support_of)
    for part, theirs in zip(parts, each, strict=True):
        np.testing.assert_allclose(part(table), theirs, **EXACT)


def test_score_of_no_rows_is_undefined() -> None:
    empty = np.zeros((2, 4, 4))
    for score in (*scores.SCORES.values(), scores.f_avg_of(0, 1), scores.macro_f1_present_of):
        assert np.isnan(score(empty)).all()


def test_relabel_merges_labels_and_their_probabilities() -> None:
    relation = [1, 1, 0, 2]  # four stances under three relations
    true = np.array([0, 1, 2, 3, 1])
    assert metrics.relabel(true, relation).tolist() == [1, 1, 0, 2, 1]
    proba = np.random.default_rng(1).dirichlet(np.ones(4), size=6)
    coarse = metrics.relabel_proba(proba, relation)
    np.testing.assert_allclose(coarse[:, 1], proba[:, 0] + proba[:, 1], **EXACT)
    np.testing.assert_allclose(coarse.sum(axis=1), 1, **EXACT)


def test_summary_names_every_score_of_a_table() -> None:
    rng = np.random.default_rng(2)
    true, proba = rng.integers(0, 3, 200), rng.dirichlet(np.ones(3), 200)
    found = metrics.summary(true, proba.argmax(axis=1), proba, 3)
    assert set(found) == {
        *("macro_f1", "weighted_f1", "micro_f1", "accuracy", "balanced_accuracy", "mcc"),
        *("auroc", "average_precision", "brier", "log_loss", "ece", "ece_mass", "aurc"),
    }
    assert all(np.isfinite(value) for value in found.values())
    macro = oracle.roc_auc_score(true, proba, multi_class="ovr", average="macro")
    assert found["auroc"] == pytest.approx(macro, abs=1e-9)


@pytest.mark.parametrize(
    ("true", "pred", "says"),
    [
        ([0, -1], [0, 1], r"y_true\[1\] is -1, outside 0..2"),
        ([0, 1], [0, 3], r"y_pred\[1\] is 3, outside 0..2"),
        ([0, 1], [0], "y_true has 2 rows but y_pred has 1"),
        ([], [], "y_true is empty"),
        ([0.0, 1.0], [0, 1], "give label numbers as integers"),
        ([[0, 1]], [0, 1], "y_true has 2 axes: give 1"),
    ],
)
def test_unusable_rows_are_refused_in_one_line(true: list, pred: list, says: str) -> None:
    with pytest.raises(InputError, match=says) as refusal:
        metrics.macro_f1(true, pred, 3)
    assert "\n" not in str(refusal.value)


def test_unusable_mappings_and_probabilities_are_refused() -> None:
    with pytest.raises(InputError, match="mapping"):
        metrics.relabel([0, 1], [0, -1])
    with pytest.raises(InputError, match="proba has 3 columns for 4 labels"):
        metrics.summary([0, 1], [0, 1], np.full((2, 3), 1 / 3), 4)
    with pytest.raises(InputError, match="shape"):
        metrics.relabel_proba(np.full((2, 3), 1 / 3), [0, 1])
