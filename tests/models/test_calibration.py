"""Calibration: finds what was planted, keeps to the simpler kind, skips thin data."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from stance.models.base import softmax
from stance.models.calibration import (
    Calibration,
    Vector,
    fit_calibration,
    fit_temperature,
    fit_vector,
    scale,
)
from stance.schema import Example


def test_planted_temperature_is_found() -> None:
    draw = np.random.default_rng(0)
    names = ("a", "b", "c")
    honest = softmax(draw.normal(size=(4000, 3)) * 2)
    labels = [names[draw.choice(3, p=row)] for row in honest]
    examples = [Example(str(at), "x", stance=label) for at, label in enumerate(labels)]
    overconfident = softmax(np.log(honest) * 2.5)
    found = fit_calibration({"stance": overconfident}, examples, {"stance": names})
    assert abs(found.temperature["stance"] - 2.5) < 0.25
    np.testing.assert_allclose(found.apply({"stance": overconfident})["stance"], honest, atol=0.05)


def test_scaling_keeps_decisions_and_zeros() -> None:
    values = np.array([[0.7, 0.3, 0.0], [0.2, 0.8, 0.0]])
    warm = scale(values, 3.0)
    assert (warm.argmax(axis=1) == values.argmax(axis=1)).all()
    assert (warm[:, 2] == 0).all()
    np.testing.assert_allclose(warm.sum(axis=1), 1)
    assert scale(values, 1.0) is values


def test_few_rows_leave_probabilities_alone() -> None:
    examples = [Example("1", "x", stance="a")]
    found = fit_calibration({"stance": np.array([[0.9, 0.1]])}, examples, {"stance": ("a", "b")})
    assert found == Calibration({})


def planted(
    seed: int, n_articles: int, *, biased: bool
) -> tuple[np.ndarray, np.ndarray, list[Example]]:
    """What a model says, what is honest, and rows whose labels are drawn from the latter.

    The model is overconfident by 2.5; where ``biased`` it also favours label a and shuns c.
    """
    draw = np.random.default_rng(seed)
    honest = softmax(draw.normal(size=(n_articles * 10, 4)) * 2)
    labels = [NAMES[draw.choice(4, p=row)] for row in honest]
    examples = [
        Example(str(at), "x", stance=label, doc_id=f"d{at // 10}")
        for at, label in enumerate(labels)
    ]
    shift = np.array([1.5, 0.0, -1.5, 0.0]) if biased else np.zeros(4)
    return softmax((np.log(honest) + shift) * 2.5), honest, examples


NAMES = ("a", "b", "c", "d")
CLASSES = {"stance": NAMES}


def test_planted_vector_is_found_and_better_on_new_rows() -> None:
    said, _, examples = planted(1, 100, biased=True)
    found = fit_calibration({"stance": said}, examples, CLASSES)
    assert found.kind("stance") == "vector"
    new, honest, _ = planted(2, 300, biased=True)
    wrong = np.abs(found.apply({"stance": new})["stance"] - honest).mean()
    ids = np.array([NAMES.index(item.stance or "") for item in examples])
    assert wrong < np.abs(scale(new, fit_temperature(said, ids)) - honest).mean() / 3


@pytest.mark.parametrize("seed", range(5))
def test_temperature_wins_with_few_rows(seed: int) -> None:
    said, _, examples = planted(seed, 8, biased=False)
    found = fit_calibration({"stance": said}, examples, CLASSES)
    assert found.kind("stance") == "temperature"


def test_temperature_wins_where_labels_need_no_treatment_of_their_own() -> None:
    kinds = []
    for seed in range(10):
        said, _, examples = planted(100 + seed, 40, biased=False)
        kinds.append(fit_calibration({"stance": said}, examples, CLASSES).kind("stance"))
    assert kinds.count("temperature") >= 9


def test_honest_probabilities_are_left_alone() -> None:
    kinds = []
    for seed in range(10):
        _, honest, examples = planted(200 + seed, 40, biased=False)
        kinds.append(fit_calibration({"stance": honest}, examples, CLASSES).kind("stance"))
    assert kinds.count("none") >= 7


def test_rows_of_one_article_choose_nothing() -> None:
    said, _, examples = planted(3, 10, biased=False)
    alone = [Example(row.id, "x", stance=row.stance, doc_id="d") for row in examples]
    assert fit_calibration({"stance": said}, alone, CLASSES) == Calibration()


def test_order_of_rows_does_not_matter() -> None:
    said, _, examples = planted(4, 30, biased=True)
    order = np.random.default_rng(0).permutation(len(said))
    plain = fit_calibration({"stance": said}, examples, CLASSES)
    again = fit_calibration({"stance": said[order]}, [examples[at] for at in order], CLASSES)
    assert plain.kind("stance") == again.kind("stance") == "vector"
    np.testing.assert_allclose(
        again.apply({"stance": said})["stance"], plain.apply({"stance": said})["stance"], atol=1e-4
    )


def test_vector_is_the_penalised_optimum_of_a_plain_search() -> None:
    said, _, examples = planted(5, 6, biased=True)
    ids = np.array([NAMES.index(item.stance or "") for item in examples])
    temperature = fit_temperature(said, ids)

    def loss(parameters: np.ndarray) -> float:
        weights, biases = np.exp(parameters[:4]) / temperature, parameters[4:]
        scaled = softmax(np.log(said) * weights + biases)
        missed = -np.log(scaled[np.arange(len(ids)), ids]).sum()
        return float(missed + (parameters**2).sum() / (2 * 0.5**2))

    found = fit_vector(said, ids)
    ours = np.concatenate([np.log(np.array(found.weights) * temperature), found.biases])
    search = minimize(loss, np.zeros(8), method="Nelder-Mead", options={"maxiter": 20_000,
                      "maxfev": 20_000, "xatol": 1e-7, "fatol": 1e-9, "adaptive": True})  # fmt: skip
    assert loss(ours) <= search.fun + 1e-3
    slope = [(loss(ours + step) - loss(ours - step)) / 2e-5 for step in np.eye(8) * 1e-5]
    assert np.abs(slope).max() < 0.05


def test_vector_keeps_zeros_and_sums() -> None:
    values = np.array([[0.7, 0.3, 0.0], [0.2, 0.8, 0.0]])
    turned = Vector((0.5, 1.0, 2.0), (1.0, -1.0, 3.0)).apply(values)
    assert (turned[:, 2] == 0).all()
    np.testing.assert_allclose(turned.sum(axis=1), 1)
    by_hand = np.array([0.7**0.5 * np.e, 0.3 / np.e])
    np.testing.assert_allclose(turned[0, :2], by_hand / by_hand.sum())


def test_stored_form_is_read_back_and_the_old_one_too() -> None:
    made = Calibration({"sentiment": 1.5}, {"stance": Vector((1.0, 0.5), (0.0, -0.25))})
    assert Calibration.from_json(made.to_json()) == made
    assert [made.kind(task) for task in ("stance", "sentiment", "other")] == [
        "vector", "temperature", "none",
    ]  # fmt: skip
    assert Calibration.from_json({"temperature": {"stance": 2.0}}) == Calibration({"stance": 2.0})
