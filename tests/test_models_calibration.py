"""Temperature scaling: finds a planted temperature, keeps decisions, skips thin data."""

from __future__ import annotations

import numpy as np

from stance.models.base import softmax
from stance.models.calibration import Calibration, fit_calibration, scale
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
