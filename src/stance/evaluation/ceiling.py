"""What a person would score: annotators held to the standard a model is held to.

A model that reaches the score one annotator gets against the others has learnt what the
labels have to teach; beyond it, it learns one annotator's habits.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from stance.corpus.agreement import MISSING, plurality
from stance.errors import InputError
from stance.evaluation.scores import ScoreOfConfusion
from stance.evaluation.uncertainty import over_seeds
from stance.resampling import (
    Interval,
    Method,
    bootstrap_tables,
    count_tables,
    number_groups,
)


def human_ceiling(
    ratings: ArrayLike,
    n_labels: int,
    groups: Sequence[Hashable],
    score_of_confusion: ScoreOfConfusion,
    *,
    n_resamples: int = 2000,
    level: float = 0.95,
    method: Method = "percentile",
    seed: int = 0,
) -> Interval:
    """The mean score of each annotator against the plurality of the others.

    ``ratings`` is ``(n_annotators, n_rows)`` with -1 for missing labels. Rows where the
    others are tied or silent do not count for that annotator. With two annotators each is
    the other's truth. The interval resamples whole ``groups`` ``(n_rows,)``.
    """
    array = np.asarray(ratings)
    truths = [plurality(np.delete(array, one, axis=0), n_labels) for one in range(len(array))]
    codes, n_groups = number_groups(groups)
    if array.shape[1] != len(codes):
        raise InputError(f"ratings have {array.shape[1]} rows but groups {len(codes)}")
    tables = []
    for truth, own in zip(truths, array, strict=True):
        rows = (truth != MISSING) & (own != MISSING)
        if rows.any():
            tables.append(count_tables(truth[rows], own[rows], n_labels, codes[rows], n_groups))
    if not tables:
        raise InputError("no row has labels of two annotators: there is no human ceiling")
    stacked = np.stack(tables, axis=1)

    return bootstrap_tables(
        stacked[stacked.sum(axis=(1, 2, 3)) > 0],
        over_seeds(score_of_confusion),  # annotators stand where seeds do: one mean score
        n_resamples=n_resamples,
        level=level,
        method=method,
        seed=seed,
    )
