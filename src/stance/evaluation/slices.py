"""Scores of parts of the test set: per value of a column, with how sure they are.

A slice of ten rows has a score too, and it is worth little; each slice therefore carries
its rows, its groups, its interval and a flag when it is small. Most slices lack some labels
altogether, which holds the macro-F1 over the full label list down for reasons that have
nothing to do with the model: the mean over the labels that occur stands beside it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from stance.evaluation import scores as arrays
from stance.evaluation.resampling import FloatArray, Interval, Method, TableScore, resample_tables
from stance.evaluation.scores import (
    ScoreOfConfusion,
    accuracy_of,
    macro_f1_of,
    macro_f1_present_of,
)
from stance.evaluation.uncertainty import seed_tables

MIN_ROWS = 30
MIN_GROUPS = 10
SLICE_SCORES: Mapping[str, ScoreOfConfusion] = MappingProxyType(
    {
        "macro_f1": macro_f1_of,
        "macro_f1_present": macro_f1_present_of,
        "accuracy": accuracy_of,
    }
)


@dataclass(frozen=True, slots=True)
class Slice:
    """One value of one column.

    ``scores`` are the slice's own, ``gaps`` the slice's minus those of all other rows, from
    the same resamples; both by the score's name. ``small`` slices are not to be read alone.
    """

    column: str
    value: str
    n_rows: int
    n_groups: int
    n_labels_present: int
    scores: Mapping[str, Interval]
    gaps: Mapping[str, Interval]
    small: bool


def slice_scores(
    column: str,
    values: Sequence[Hashable],
    y_true: ArrayLike,
    y_pred: ArrayLike,
    n_labels: int,
    groups: Sequence[Hashable],
    *,
    scores: Mapping[str, ScoreOfConfusion] = SLICE_SCORES,
    min_rows: int = MIN_ROWS,
    min_groups: int = MIN_GROUPS,
    n_resamples: int = 2000,
    level: float = 0.95,
    method: Method = "percentile",
    seed: int = 0,
) -> list[Slice]:
    """Score every value of a column, largest slice first.

    ``values`` ``(n,)`` is the column, ``y_pred`` ``(n,)`` or ``(n_seeds, n)``. Whole groups
    are resampled, with the rows inside and outside the slice together.
    """
    names = np.array([str(value) for value in values], dtype=object)
    true = arrays.labels("y_true", y_true, n_labels)
    arrays.same_length("y_true", len(true), column, len(names))
    every = seed_tables(true, y_pred, n_labels, groups)
    found = []
    for value in sorted(set(names)):
        within = names == value
        inside = seed_tables(true, y_pred, n_labels, groups, within=within)
        resamples = resample_tables(
            np.stack([inside, every - inside], axis=1),
            _inside_and_gap(scores),
            n_resamples=n_resamples,
            method=method,
            seed=seed,
        )
        bounds = [resamples.interval(position, level=level) for position in range(2 * len(scores))]
        n_rows = int(within.sum())
        n_groups = int((inside.sum(axis=(1, 2, 3)) > 0).sum())
        found.append(
            Slice(
                column=column,
                value=value,
                n_rows=n_rows,
                n_groups=n_groups,
                n_labels_present=len(np.unique(true[within])),
                scores=dict(zip(scores, bounds[: len(scores)], strict=True)),
                gaps=dict(zip(scores, bounds[len(scores) :], strict=True)),
                small=n_rows < min_rows or n_groups < min_groups,
            )
        )
    return sorted(found, key=lambda part: -part.n_rows)


def _inside_and_gap(scores: Mapping[str, ScoreOfConfusion]) -> TableScore:
    """Scores tables ``(m, 2, n_seeds, ...)``, slice and rest: all scores, then all gaps."""

    def score(tables: FloatArray) -> FloatArray:
        both = [np.asarray(one(tables)).mean(axis=2) for one in scores.values()]
        inside = [sides[:, 0] for sides in both]
        gaps = [sides[:, 0] - sides[:, 1] for sides in both]
        return np.stack(inside + gaps, axis=1)

    return score
