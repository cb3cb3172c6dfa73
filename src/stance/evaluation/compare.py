"""Two models on the same rows: by how much one is better, how surely, and on which rows.

Works on answers that are already aligned, row by row; ``runs.comparison`` makes
them so. A difference is always *new minus base*: above 0 where the second of a pair is better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from stance.errors import InputError
from stance.evaluation.dominance import Dominance, almost_stochastic_order
from stance.evaluation.paired import McNemar, holm, mcnemar, paired_bootstrap, permutation_test
from stance.evaluation.resampling import FloatArray, IntArray, Interval
from stance.evaluation.results import Predicted
from stance.evaluation.scores import SCORES, Counts, ScoreOfConfusion, macro_f1_of
from stance.evaluation.uncertainty import seed_tables

RELATION_SCORE = "relation_macro_f1"
ALWAYS = ("macro_f1", "accuracy", RELATION_SCORE)
"""The scores that every comparison shows, where the labels have relations."""


@dataclass(frozen=True, slots=True)
class Gap:
    """One score of two models, new minus base.

    ``p_value`` is of the paired permutation test over groups; ``p_holm`` is corrected over all
    pairs that were compared by this score, and ``significant`` says whether it holds.
    """

    score: str
    base: float
    new: float
    difference: Interval
    p_value: float
    p_holm: float
    significant: bool


@dataclass(frozen=True, slots=True)
class Flips:
    """Numbers of the rows whose label differs between the two models.

    ``fixed``: only the new model is right; ``broken``: only the base is; ``moved``: both are
    wrong, each in its own way. Models of several seeds answer with the mean of their
    probabilities.
    """

    fixed: IntArray
    broken: IntArray
    moved: IntArray


@dataclass(frozen=True, slots=True)
class PairComparison:
    """All that is said of one pair. ``order`` is None where a model has a single seed.

    ``order`` asks whether the new model's seeds score almost stochastically higher; its level
    is corrected (Bonferroni) for the number of pairs.
    """

    base: str
    new: str
    n_rows: int
    n_groups: int
    gaps: Mapping[str, Gap]
    mcnemar: McNemar
    mcnemar_holm: float
    order: Dominance | None
    flips: Flips


def scores_for(metric: str, relations: Sequence[int] = ()) -> dict[str, ScoreOfConfusion]:
    """Return the scores of a comparison by name, ``metric`` first.

    Args:
        relations: for each label the id of its coarse group; empty where there are no groups.

    Raises:
        InputError: there is no such score, or it needs groups that the labels do not have.
    """
    known: dict[str, ScoreOfConfusion] = dict(SCORES)
    if relations:
        known[RELATION_SCORE] = relation_macro_f1(relations)
    if metric not in known:
        raise InputError(f"no score {metric!r} here; allowed: {', '.join(known)}")
    return {name: known[name] for name in dict.fromkeys((metric, *ALWAYS)) if name in known}


def relation_macro_f1(relations: Sequence[int]) -> ScoreOfConfusion:
    """A score: macro-F1 after merging labels into their coarse groups."""
    merge = np.eye(max(relations) + 1)[list(relations)]

    def score(table: Counts) -> FloatArray:
        return macro_f1_of(merge.T @ table @ merge)

    return score


def consensus(answers: Predicted) -> IntArray:
    """One label per row: the most probable by the mean over seeds."""
    return np.asarray(answers.probabilities.mean(axis=0).argmax(axis=1), dtype=np.int64)


def compare_pairs(
    pairs: Sequence[tuple[Predicted, Predicted]],
    n_labels: int,
    scores: Mapping[str, ScoreOfConfusion],
    *,
    resamples: int = 2000,
    level: float = 0.95,
) -> list[PairComparison]:
    """Compare each (base, new) pair, and correct p-values over the pairs, score by score.

    The first of ``scores`` is the one whose seeds are set in stochastic order. Both models of a
    pair must have the same rows in the same order.
    """
    keys = [str(at) for at in range(len(pairs))]
    gaps: dict[str, list[Gap]] = {key: [] for key in keys}
    for name, score in scores.items():
        raw = [_gap(name, score, *pair, n_labels, resamples, level) for pair in pairs]
        corrected = holm(
            {key: gap.p_value for key, gap in zip(keys, raw, strict=True)}, level=level
        )
        for key, gap in zip(keys, raw, strict=True):
            p_holm, holds = corrected[key]
            gaps[key].append(
                Gap(name, gap.base, gap.new, gap.difference, gap.p_value, p_holm, holds)
            )
    # First argument of the test is the base, so ``only_second`` counts what the new one fixes.
    rows = [mcnemar(base.truth, consensus(base), consensus(new), n_labels) for base, new in pairs]
    by_rows = holm({key: test.p_value for key, test in zip(keys, rows, strict=True)}, level=level)
    first = next(iter(scores.values()))
    order_level = 1 - (1 - level) / max(1, len(pairs))
    return [
        PairComparison(
            base=base.model,
            new=new.model,
            n_rows=len(base.truth),
            n_groups=len(set(base.groups)),
            gaps={gap.score: gap for gap in gaps[key]},
            mcnemar=test,
            mcnemar_holm=by_rows[key][0],
            order=_order(base, new, n_labels, first, order_level),
            flips=find_flips(base.truth, consensus(base), consensus(new)),
        )
        for key, (base, new), test in zip(keys, pairs, rows, strict=True)
    ]


def _gap(
    name: str,
    score: ScoreOfConfusion,
    base: Predicted,
    new: Predicted,
    n_labels: int,
    resamples: int,
    level: float,
) -> Gap:
    one, other = base.decisions, new.decisions
    difference = paired_bootstrap(
        base.truth, other, one, n_labels, base.groups, score, n_resamples=resamples, level=level
    ).difference
    test = permutation_test(base.truth, other, one, n_labels, base.groups, score)
    before, after = (float(seed_scores(side, n_labels, score).mean()) for side in (base, new))
    return Gap(name, before, after, difference, test.p_value, float("nan"), False)


def seed_scores(answers: Predicted, n_labels: int, score: ScoreOfConfusion) -> FloatArray:
    """Return one score per seed, ``(n_seeds,)``."""
    tables = seed_tables(answers.truth, answers.decisions, n_labels, answers.groups)
    return np.asarray(score(tables.sum(axis=0)), dtype=np.float64)


def _order(
    base: Predicted, new: Predicted, n_labels: int, score: ScoreOfConfusion, level: float
) -> Dominance | None:
    if min(len(base.probabilities), len(new.probabilities)) < 2:
        return None
    first, second = (seed_scores(side, n_labels, score) for side in (new, base))
    return almost_stochastic_order(first, second, level=level)


def find_flips(truth: ArrayLike, base: ArrayLike, new: ArrayLike) -> Flips:
    """Divide the rows on which two label arrays ``(n,)`` differ by who is right."""
    gold, one, other = (np.asarray(values, dtype=np.int64) for values in (truth, base, new))
    differs = one != other
    return Flips(
        fixed=np.flatnonzero(differs & (other == gold)),
        broken=np.flatnonzero(differs & (one == gold)),
        moved=np.flatnonzero(differs & (one != gold) & (other != gold)),
    )


def flips_by_label(flips: Flips, truth: IntArray, n_labels: int) -> list[tuple[int, int, int, int]]:
    """Return ``(rows, fixed, broken, moved)`` for each gold label."""
    every = np.bincount(truth, minlength=n_labels)
    parts = [
        np.bincount(truth[rows], minlength=n_labels)
        for rows in (flips.fixed, flips.broken, flips.moved)
    ]
    return [
        (int(every[at]), *(int(part[at]) for part in parts))  # type: ignore[misc]
        for at in range(n_labels)
    ]
