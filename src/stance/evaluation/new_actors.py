"""The score on holders that a model never met: what is left when names cannot help."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from stance.evaluation import scores as arrays
from stance.evaluation.resampling import (
    FloatArray,
    Interval,
    count_tables,
    number_groups,
    resample_tables,
)
from stance.evaluation.scores import macro_f1_present_of


@dataclass(frozen=True, slots=True)
class NewActors:
    """Macro-F1 over the labels that occur, on rows whose holder does not occur in training.

    ``gap`` is that minus the same score of rows whose holder does occur, from the same
    resamples; None where there are no such rows. ``n_rows`` is a mean over trainings, since
    with repeated folds a holder is new to some of them only.
    """

    n_rows: float
    n_groups: int
    macro_f1: Interval
    gap: Interval | None

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> NewActors:
        """Read back what ``dataclasses.asdict`` gave."""
        gap = Interval.from_json(raw["gap"]) if raw["gap"] else None
        return cls(**{**raw, "macro_f1": Interval.from_json(raw["macro_f1"]), "gap": gap})


def score_new_actors(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    novelty: ArrayLike,
    n_labels: int,
    groups: Sequence[Hashable],
    *,
    n_resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> NewActors | None:
    """Score the rows of new holders, whole groups resampled; None where there are none.

    Args:
        y_pred: (trainings, n) label numbers.
        novelty: (trainings, n): 1 where the holder is new to that training, 0 where it is not,
            negative where the row has no holder. Such rows, the writer's, count on neither side.
    """
    true = arrays.labels("y_true", y_true, n_labels)
    pred = arrays.labels("y_pred", y_pred, n_labels, ndim=2)
    new = np.asarray(novelty)
    arrays.same_length("y_true", len(true), "novelty", new.shape[1])
    arrays.same_length("y_pred", len(pred), "novelty", len(new))
    codes, n_groups = number_groups(groups)
    sides = np.stack(
        [
            [
                count_tables(true[rows == side], run[rows == side], n_labels,
                             codes[rows == side], n_groups)
                for run, rows in zip(pred, new, strict=True)
            ]
            for side in (1, 0)
        ]
    )  # fmt: skip
    tables = sides.transpose(2, 0, 1, 3, 4)  # (groups, sides, trainings, labels, labels)
    met, known = tables[:, 0].sum(), tables[:, 1].sum()
    if not met:
        return None
    resamples = resample_tables(
        tables, _new_and_gap, n_resamples=n_resamples, method="percentile", seed=seed
    )
    return NewActors(
        n_rows=float(met / len(pred)),
        n_groups=int((tables[:, 0].sum(axis=(1, 2, 3)) > 0).sum()),
        macro_f1=resamples.interval(0, level=level),
        gap=resamples.interval(1, level=level) if known else None,
    )


def _new_and_gap(tables: FloatArray) -> FloatArray:
    """Score ``(m, sides, trainings, labels, labels)``: new holders, and new minus known."""
    new, known = np.moveaxis(macro_f1_present_of(tables).mean(axis=2), 1, 0)
    return np.stack([new, new - known], axis=1)
