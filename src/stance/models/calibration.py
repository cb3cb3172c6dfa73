"""Calibration: honest probabilities, fitted on validation rows and stored with the model.

Guo et al. (2017), "On Calibration of Modern Neural Networks": dividing logits by one
temperature leaves every decision as it is and makes the probabilities honest; vector scaling
gives each label a weight and a bias of its own, and may move decisions. More parameters need
more rows, so which of the two is used (or neither) is decided by cross-validation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stance.evaluation.resampling import number_groups
from stance.models.base import Classes, Probabilities, labelled, softmax
from stance.schema import Example

Scale = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Maps probabilities ``(rows, labels)`` to probabilities of the same shape."""

_FLOOR = 1e-12
_MIN_ROWS = 20
_RANGE = (0.05, 20.0)
_FOLDS = 5
_PRIOR_SD = 0.5  # of log-weights around the temperature's and of biases around 0


@dataclass(frozen=True, slots=True)
class Vector:
    """A weight and a bias for each label's log-probability, in the order of the labels."""

    weights: tuple[float, ...]
    biases: tuple[float, ...]

    def apply(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weigh, shift and normalise ``(rows, labels)``; zeros stay zero."""
        with np.errstate(divide="ignore"):
            return softmax(np.log(probabilities) * self.weights + self.biases)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is done to each task's probabilities: a temperature, a vector, or nothing.

    A task is in one of the two mappings, or in neither where its probabilities are left alone.
    """

    temperature: Mapping[str, float] = field(default_factory=dict)
    vector: Mapping[str, Vector] = field(default_factory=dict)

    def apply(self, probabilities: Probabilities) -> Probabilities:
        """Return recalibrated probabilities; labels keep their order."""
        return {
            task: self.vector[task].apply(values)
            if task in self.vector
            else scale(values, self.temperature.get(task, 1.0))
            for task, values in probabilities.items()
        }

    def kind(self, task: str) -> str:
        """Name what is done to a task: ``vector``, ``temperature`` or ``none``."""
        if task in self.vector:
            return "vector"
        return "temperature" if task in self.temperature else "none"

    def to_json(self) -> dict[str, Any]:
        """Return plain values; vectors list their labels in the model's own order."""
        return {
            "temperature": dict(self.temperature),
            "vector": {task: asdict(found) for task, found in self.vector.items()},
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Calibration:
        """Read ``to_json``'s values, and those of models that knew temperatures only."""
        return cls(
            dict(raw["temperature"]),
            {
                task: Vector(tuple(found["weights"]), tuple(found["biases"]))
                for task, found in raw.get("vector", {}).items()
            },
        )


def scale(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Divide log-probabilities by ``temperature`` and normalise; zeros stay zero."""
    if temperature == 1.0:
        return probabilities
    with np.errstate(divide="ignore"):
        return softmax(np.log(probabilities) / temperature)


def fit_calibration(
    probabilities: Probabilities, examples: Sequence[Example], classes: Classes
) -> Calibration:
    """Choose and fit what makes each task's probabilities honest, on the labelled rows.

    Nothing, a temperature and a vector are compared by the log loss of rows whose article was
    left out. A richer kind must win by more than one standard error of the difference over
    articles (the one-standard-error rule of Breiman et al. 1984, "Classification and
    Regression Trees"), so with few rows or equal losses the simpler one stays. Under twenty
    rows, or where they are of one article, probabilities are left alone.
    """
    temperature, vector = {}, {}
    for task, values in probabilities.items():
        rows, ids = labelled(examples, task, classes[task])
        codes, n_groups = number_groups(examples[int(at)].group for at in rows)
        if len(rows) < _MIN_ROWS or n_groups < 2:
            continue
        kind = _choose(values[rows], ids, codes, n_groups)
        if kind == "temperature":
            temperature[task] = fit_temperature(values[rows], ids)
        elif kind == "vector":
            vector[task] = fit_vector(values[rows], ids)
    return Calibration(temperature, vector)


def fit_temperature(values: NDArray[np.float64], ids: NDArray[np.int64]) -> float:
    """The temperature of least log loss for probabilities ``(n, k)`` and label ids ``(n,)``."""
    from scipy.optimize import minimize_scalar

    logits = np.log(np.maximum(values, _FLOOR))

    def loss(log_temperature: float) -> float:
        return float(_losses(softmax(logits / np.exp(log_temperature)), ids).mean())

    found = minimize_scalar(loss, bounds=tuple(np.log(_RANGE)), method="bounded")
    return float(np.exp(found.x))


def fit_vector(values: NDArray[np.float64], ids: NDArray[np.int64]) -> Vector:
    """Weights and biases of least penalised log loss, by L-BFGS with exact gradients.

    The penalty is that of normal priors: each weight's logarithm around the temperature
    solution's, each bias around 0. Weights are positive, so that more of the model's belief in
    a label never makes the label less likely.
    """
    from scipy.optimize import minimize

    temperature = fit_temperature(values, ids)
    logits = np.log(np.maximum(values, _FLOOR)) / temperature
    n_rows, n_labels = logits.shape
    truth = np.eye(n_labels)[ids]

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        slopes, biases = np.exp(parameters[:n_labels]), parameters[n_labels:]
        weighed = logits * slopes
        scaled = softmax(weighed + biases)
        error = scaled - truth
        penalty = (parameters**2).sum() / (2 * _PRIOR_SD**2)
        gradient = np.concatenate([(error * weighed).sum(axis=0), error.sum(axis=0)])
        total = _losses(scaled, ids).sum() + penalty
        return float(total / n_rows), (gradient + parameters / _PRIOR_SD**2) / n_rows

    found = minimize(loss, np.zeros(2 * n_labels), jac=True, method="L-BFGS-B")
    weights = np.exp(found.x[:n_labels]) / temperature
    return Vector(tuple(weights.tolist()), tuple(found.x[n_labels:].tolist()))


def _choose(
    values: NDArray[np.float64], ids: NDArray[np.int64], codes: NDArray[np.int64], n_groups: int
) -> str:
    """Name the kind of least cross-validated log loss, the simplest one where in doubt."""
    fitted: dict[str, Callable[[NDArray[np.int64]], Scale]] = {
        "none": lambda rows: lambda held: held,
        "temperature": lambda rows: _by(fit_temperature(values[rows], ids[rows])),
        "vector": lambda rows: fit_vector(values[rows], ids[rows]).apply,
    }
    # Drawn once and for all: names of articles may carry their date or topic.
    fold = np.random.default_rng(0).permutation(n_groups)[codes] % min(_FOLDS, n_groups)
    losses = {kind: np.zeros(len(ids)) for kind in fitted}
    for number in np.unique(fold):
        held, rest = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        for kind, fit in fitted.items():
            losses[kind][held] = _losses(fit(rest)(values[held]), ids[held])
    best = "none"
    for kind in ("temperature", "vector"):
        gain = np.bincount(codes, losses[best] - losses[kind])
        if gain.sum() > np.sqrt(n_groups) * gain.std(ddof=1):
            best = kind
    return best


def _by(temperature: float) -> Scale:
    return lambda probabilities: scale(probabilities, temperature)


def _losses(probabilities: NDArray[np.float64], ids: NDArray[np.int64]) -> NDArray[np.float64]:
    """Log loss of each row, in nats."""
    true = probabilities[np.arange(len(ids)), ids]
    return np.asarray(-np.log(np.maximum(true, _FLOOR)))
