"""Agreement between annotators against krippendorff, scikit-learn and statsmodels."""

from __future__ import annotations

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from stance.corpus import agreement
from stance.errors import InputError
from stance.evaluation.resampling import IntArray


@st.composite
def ratings(draw: st.DrawFn) -> tuple[IntArray, int]:
    """Labels of two to five annotators, some missing, of whom each errs now and then."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_labels, n_annotators = draw(st.integers(2, 6)), draw(st.integers(2, 5))
    n_rows = draw(st.integers(5, 60))
    truth = rng.integers(0, n_labels, n_rows)
    noise = rng.integers(0, n_labels, (n_annotators, n_rows))
    found = np.where(rng.random(noise.shape) < draw(st.floats(0, 1)), truth, noise)
    found[rng.random(found.shape) < draw(st.sampled_from([0.0, 0.3]))] = agreement.MISSING
    return found, n_labels


def reference_alpha(found: IntArray) -> float:
    data = np.where(found == agreement.MISSING, np.nan, found)
    return float(krippendorff.alpha(reliability_data=data, level_of_measurement="nominal"))


@settings(max_examples=100, deadline=None)
@given(ratings())
def test_alpha_equals_the_reference(case: tuple[IntArray, int]) -> None:
    found, n_labels = case
    counts = agreement.votes(found, n_labels)
    pairable = counts[counts.sum(axis=1) > 1]
    ours = agreement.krippendorff_alpha(found, n_labels)
    if np.count_nonzero(pairable.sum(axis=0)) < 2:
        assert np.isnan(ours)
        return
    documents = np.arange(found.shape[1]) // 3
    interval = agreement.alpha_interval(found, n_labels, documents, n_resamples=20)
    assert ours == pytest.approx(reference_alpha(found), abs=1e-9)
    assert interval.estimate == pytest.approx(reference_alpha(found), abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(ratings())
def test_alpha_per_label_equals_the_reference_of_one_against_the_rest(
    case: tuple[IntArray, int],
) -> None:
    found, n_labels = case
    documents = np.arange(found.shape[1])
    if not (agreement.votes(found, n_labels).sum(axis=1) > 1).any():
        return
    each = agreement.alpha_per_label(found, n_labels, documents, n_resamples=5)
    for label, interval in enumerate(each):
        binary = np.where(found == agreement.MISSING, agreement.MISSING, found == label)
        expected = agreement.krippendorff_alpha(binary, 2)
        assert interval.estimate == pytest.approx(expected, abs=1e-9, nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(ratings())
def test_kappa_and_confusion_equal_scikit_learns(case: tuple[IntArray, int]) -> None:
    found, n_labels = case
    documents = np.arange(found.shape[1]) // 2
    for pair in agreement.pairwise(found, n_labels, documents, n_resamples=5):
        both = (found[pair.first] >= 0) & (found[pair.second] >= 0)
        one, other = found[pair.first, both], found[pair.second, both]
        assert pair.n_rows == both.sum()
        expected = confusion_matrix(one, other, labels=range(n_labels))
        assert np.array_equal(pair.confusion, expected)
        if len({*one, *other}) > 1:
            kappa = cohen_kappa_score(one, other)
            assert pair.kappa.estimate == pytest.approx(kappa, abs=1e-9)
        else:
            assert np.isnan(pair.kappa.estimate)


def test_alpha_of_krippendorffs_own_example() -> None:
    """Example C of Krippendorff (2011): four observers, twelve units, nominal alpha 0.743."""
    gap = agreement.MISSING + 1  # the example counts from 1
    table = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, gap, gap, gap],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, gap, 3],
        [gap, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, gap],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, gap],
    ]
    found = np.array(table) - 1
    assert agreement.krippendorff_alpha(found, 5) == pytest.approx(0.743, abs=5e-4)
    interval = agreement.alpha_interval(found, 5, range(12))
    assert interval.low < 0.743 < interval.high


def test_interval_holds_the_agreement_of_all_documents() -> None:
    rng = np.random.default_rng(60)

    def draw(n_documents: int) -> tuple[IntArray, IntArray]:
        """Three annotators; some documents are harder for all of them."""
        skill = np.repeat(0.5 + 0.5 * rng.random(n_documents), 6)
        truth = rng.integers(0, 3, len(skill))
        noise = rng.integers(0, 3, (3, len(skill)))
        found = np.where(rng.random(noise.shape) < skill, truth, noise)
        return found, np.arange(len(skill)) // 6

    truth = agreement.krippendorff_alpha(draw(20_000)[0], 3)
    held = 0
    for _ in range(400):
        found, documents = draw(40)
        held += agreement.alpha_interval(found, 3, documents, n_resamples=300).holds(truth)
    assert 0.92 <= held / 400 <= 0.98


def test_votes_and_plurality() -> None:
    found = np.array([[0, 1, -1, 2], [0, 0, -1, 2], [1, -1, -1, 2]])
    assert agreement.votes(found, 3).tolist() == [[2, 1, 0], [1, 1, 0], [0, 0, 0], [0, 0, 3]]
    assert agreement.plurality(found, 3).tolist() == [0, -1, -1, 2]


def test_annotators_without_shared_rows_are_left_out() -> None:
    found = np.array([[0, 1, -1], [1, 1, -1], [-1, -1, 0]])
    pairs = agreement.pairwise(found, 2, ["a", "b", "c"], n_resamples=10)
    assert [(pair.first, pair.second) for pair in pairs] == [(0, 1)]


def test_unusable_ratings_are_refused() -> None:
    with pytest.raises(InputError, match=r"ratings\[1, 0\] is 3, outside 0..1"):
        agreement.votes(np.array([[0, 1], [3, 0]]), 2)
    with pytest.raises(InputError, match="2 axes of float64"):
        agreement.votes(np.array([[0.0, 1.0]]), 2)
    with pytest.raises(InputError, match="2 rows but documents 1"):
        agreement.alpha_interval(np.array([[0, 1], [0, 1]]), 2, ["a"])
    with pytest.raises(InputError, match="no row has labels of two annotators"):
        agreement.alpha_interval(np.array([[0, -1], [-1, 1]]), 2, ["a", "b"])
