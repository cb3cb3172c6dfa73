"""Scores of slices."""

from __future__ import annotations

import numpy as np
import pytest

from stance.errors import InputError
from stance.evaluation import metrics, scores, uncertainty
from stance.evaluation.resampling import IntArray
from stance.evaluation.slices import Slice, slice_scores


@pytest.fixture(scope="module")
def rows() -> tuple[IntArray, IntArray, list[str], list[str]]:
    """Truth, prediction, quote type and article; direct quotes are labelled best."""
    rng = np.random.default_rng(50)
    groups = [f"article-{number:03}" for number in np.repeat(np.arange(120), 5)]
    quote = rng.choice(["direct", "indirect", "none"], p=[0.6, 0.37, 0.03], size=600)
    true = np.where(quote == "none", 2, rng.integers(0, 4, 600))
    skill = np.where(quote == "direct", 0.85, 0.5)
    pred = np.where(rng.random(600) < skill, true, rng.integers(0, 4, 600))
    return true, pred, list(quote), groups


@pytest.fixture(scope="module")
def slices(rows: tuple[IntArray, IntArray, list[str], list[str]]) -> dict[str, Slice]:
    true, pred, quote, groups = rows
    found = slice_scores("quote", quote, true, pred, 4, groups, n_resamples=500)
    assert [part.value for part in found] == ["direct", "indirect", "none"]
    return {part.value: part for part in found}


def test_a_slice_scores_as_its_rows_do(
    rows: tuple[IntArray, IntArray, list[str], list[str]], slices: dict[str, Slice]
) -> None:
    true, pred, quote, groups = rows
    for value, part in slices.items():
        inside = np.array(quote) == value
        expected = metrics.macro_f1(true[inside], pred[inside], 4)
        assert part.scores["macro_f1"].estimate == pytest.approx(expected, abs=1e-9)
        rest = metrics.macro_f1(true[~inside], pred[~inside], 4)
        assert part.gaps["macro_f1"].estimate == pytest.approx(expected - rest, abs=1e-9)
        assert part.n_rows == inside.sum()
        assert part.n_groups == len(set(np.array(groups)[inside]))
        assert part.column == "quote"


def test_gaps_show_where_the_model_is_better(slices: dict[str, Slice]) -> None:
    assert slices["direct"].gaps["accuracy"].low > 0
    assert slices["indirect"].gaps["accuracy"].high < 0


def test_a_slice_with_few_rows_and_one_label_says_so(slices: dict[str, Slice]) -> None:
    assert slices["none"].small
    assert not slices["direct"].small
    assert slices["none"].n_labels_present == 1
    none = slices["none"].scores
    assert none["macro_f1"].estimate <= 0.25  # three of four labels cannot occur in it
    assert none["macro_f1_present"].estimate >= 4 * none["macro_f1"].estimate - 1e-9


def test_interval_of_a_slice_agrees_with_that_of_its_rows_alone(
    rows: tuple[IntArray, IntArray, list[str], list[str]], slices: dict[str, Slice]
) -> None:
    true, pred, quote, groups = rows
    inside = np.array(quote) == "direct"
    alone = uncertainty.bootstrap_confusion(
        true[inside],
        pred[inside],
        4,
        [group for group, keep in zip(groups, inside, strict=True) if keep],
        scores.accuracy_of,
    )
    found = slices["direct"].scores["accuracy"]
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high), abs=0.02)


def test_slices_average_over_seeds(
    rows: tuple[IntArray, IntArray, list[str], list[str]],
) -> None:
    true, pred, quote, groups = rows
    runs = np.stack([pred, true])
    (part, *_) = slice_scores("quote", quote, true, runs, 4, groups, n_resamples=50)
    inside = np.array(quote) == part.value
    expected = (metrics.accuracy(true[inside], pred[inside], 4) + 1) / 2
    assert part.scores["accuracy"].estimate == pytest.approx(expected, abs=1e-9)


def test_a_slice_in_two_articles_has_no_bounds(
    rows: tuple[IntArray, IntArray, list[str], list[str]],
) -> None:
    true, pred, _, groups = rows
    column = ["rare" if number < 10 else "common" for number in range(600)]
    (_, rare) = slice_scores("actor", column, true, pred, 4, groups, n_resamples=200)
    assert np.isfinite(rare.scores["accuracy"].estimate)
    assert np.isnan(rare.scores["accuracy"].low)


def test_a_column_of_other_rows_is_refused() -> None:
    with pytest.raises(InputError, match="quote has 1"):
        slice_scores("quote", ["direct"], [0, 1], [0, 1], 2, ["a", "b"])
