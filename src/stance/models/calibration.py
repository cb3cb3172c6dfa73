"""Temperature scaling: one number per task, fitted on validation rows.

Guo et al. (2017), "On Calibration of Modern Neural Networks": dividing logits by a temperature
leaves every decision as it is and makes the probabilities honest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stance.models.base import Classes, Probabilities, labelled, softmax
from stance.schema import Example

_FLOOR = 1e-12
_MIN_ROWS = 20
_RANGE = (0.05, 20.0)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Temperatures by task; 1 leaves probabilities alone."""

    temperature: Mapping[str, float]

    def apply(self, probabilities: Probabilities) -> Probabilities:
        """Return recalibrated probabilities; labels keep their order."""
        return {
            task: scale(values, self.temperature.get(task, 1.0))
            for task, values in probabilities.items()
        }


def scale(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Divide log-probabilities by ``temperature`` and normalise; zeros stay zero."""
    if temperature == 1.0:
        return probabilities
    with np.errstate(divide="ignore"):
        return softmax(np.log(probabilities) / temperature)


def fit_calibration(
    probabilities: Probabilities, examples: Sequence[Example], classes: Classes
) -> Calibration:
    """Choose each task's temperature by log loss on the labelled ones of these rows."""
    from scipy.optimize import minimize_scalar

    result = {}
    for task, values in probabilities.items():
        rows, ids = labelled(examples, task, classes[task])
        if len(rows) < _MIN_ROWS:
            continue
        logits = np.log(np.maximum(values[rows], _FLOOR))

        def loss(log_temperature: float, logits: Any = logits, ids: Any = ids) -> float:
            scaled = softmax(logits / np.exp(log_temperature))
            return float(-np.log(np.maximum(scaled[np.arange(len(ids)), ids], _FLOOR)).mean())

        found = minimize_scalar(loss, bounds=tuple(np.log(_RANGE)), method="bounded")
        result[task] = float(np.exp(found.x))
    return Calibration(result)
