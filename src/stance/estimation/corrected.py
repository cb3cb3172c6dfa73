"""Shares of labels that stay valid when the model errs: predictions, corrected by people.

All of these add to what the model says the mean error that people found in it. The model
may be poor, which makes intervals wide; it cannot make them wrong. What must hold is that
the labelled rows were chosen by chance: all documents alike, or with known probabilities.
Where no row is labelled there is no estimate: NaN.
"""

from __future__ import annotations

import numpy as np

from stance.errors import InputError
from stance.estimation.clusters import mean, residual_sums, variance_of_mean, wald
from stance.estimation.sample import BoolArray, Sample
from stance.evaluation.resampling import FloatArray, Interval

MIN_CASES = 5
"""Documents with a labelled row that has a label, or is predicted to, below which the label
has no interval: the normal approximation is worthless there."""


def labelled_only(sample: Sample, *, level: float = 0.95) -> list[Interval]:
    """The share of each label among the rows people labelled, the model unused."""
    inside = _alike(sample)
    gold = inside.take(inside.labelled)
    return wald(
        mean(gold.truth),
        variance_of_mean(gold.truth, gold.groups),
        level=level,
        method="labelled only",
        n_groups=len(np.unique(gold.groups)),
        usable=_enough_cases(gold),
    )


def prediction_powered(
    sample: Sample, *, power: float | None = None, level: float = 0.95
) -> list[Interval]:
    """Prediction-powered shares: unlabelled documents predicted, labelled ones correct them.

    ``power`` 1 is prediction-powered inference (Angelopoulos, Bates, Fannjiang, Jordan and
    Zrnic 2023, Science 382), ``power`` 0 uses labelled rows only, and ``None`` tunes it for
    each label to the smallest variance (PPI++; Angelopoulos, Duchi and Zrnic 2023), so that
    a useless model costs nothing. Variances are over documents, all of which must have had
    the same chance of being labelled; for unequal chances see ``design_based``.
    """
    if power is not None and not 0 <= power <= 1:
        raise InputError(f"power {power!r} is not between 0 and 1")
    inside = _alike(sample)
    gold, rest = inside.take(inside.labelled), inside.take(~inside.labelled)
    if not len(rest.scores):
        return labelled_only(sample, level=level)
    n_groups = int(inside.groups.max()) + 1
    truth = residual_sums(gold.truth, gold.groups, n_groups)
    # Per document, how chance moves the model's part of the estimate: documents may hold
    # labelled and unlabelled rows, whose errors then do not add up independently.
    model = residual_sums(gold.scores, gold.groups, n_groups)
    model -= residual_sums(rest.scores, rest.groups, n_groups)
    tuned = np.full(inside.n_labels, power) if power is not None else _tune(truth, model)
    estimate = mean(gold.truth) + tuned * (mean(rest.scores) - mean(gold.scores))
    return wald(
        estimate,
        ((truth - tuned * model) ** 2).sum(axis=0),
        level=level,
        method="PPI++" if power is None else f"PPI, power {power:g}",
        n_groups=len(np.unique(gold.groups)),
        usable=_enough_cases(gold),
    )


def _tune(truth: FloatArray, model: FloatArray) -> FloatArray:
    """The power of each label with the smallest variance, in [0, 1]."""
    shared, total = (truth * model).sum(axis=0), (model**2).sum(axis=0)
    power = np.divide(shared, total, out=np.zeros_like(shared), where=total > 0)
    tuned: FloatArray = np.clip(power, 0, 1)
    return tuned


def design_based(sample: Sample, *, level: float = 0.95) -> list[Interval]:
    """Shares from predictions corrected row by row, each weighted by its chance of a label.

    Every row counts as predicted, and a labelled row adds its error divided by its
    probability of having been labelled (design-based supervised learning; Egami, Hinck,
    Stewart and Wei 2023, NeurIPS). The weights are scaled to sum to the number of rows
    (Hájek), without which a large bias of the model would widen the interval for nothing;
    with equal chances they need not be known. Rows may be chosen with unequal but known
    ``inclusion``, for example more of rare actors. The model must not have been trained on
    these labels; otherwise give predictions from cross-fitting.
    """
    inside = sample.take(~sample.outside)
    labelled = inside.labelled
    chance = np.where(np.isnan(inside.inclusion), 1.0, inside.inclusion)
    weight = np.where(labelled, 1 / chance, 0.0)
    weight = weight / weight.mean() if labelled.any() else np.full(len(weight), np.nan)
    error = inside.truth - inside.scores
    bias = weight @ error / len(weight)
    corrected = inside.scores + bias + weight[:, None] * (error - bias)
    return wald(
        mean(corrected),
        variance_of_mean(corrected, inside.groups),
        level=level,
        method="design-based",
        n_groups=len(np.unique(inside.groups[labelled])),
        usable=_enough_cases(inside.take(labelled)),
    )


def _alike(sample: Sample) -> Sample:
    """The rows of the corpus, refused where they had unequal chances of being labelled."""
    inside = sample.take(~sample.outside)
    chances = inside.inclusion[np.isfinite(inside.inclusion)]
    if chances.size and np.ptp(chances) > 0:
        raise InputError("inclusion differs between rows: use design_based")
    return inside


def _enough_cases(gold: Sample) -> BoolArray:
    """Labels whose truth or prediction occurs in enough labelled documents, ``(n_labels,)``."""
    predicted = gold.scores.argmax(axis=1)[:, None] == np.arange(gold.n_labels)
    involved = (gold.truth > 0) | predicted
    enough = [
        len(np.unique(gold.groups[involved[:, label]])) >= MIN_CASES
        for label in range(gold.n_labels)
    ]
    return np.array(enough)
