"""Shares of labels by counting predictions, as they are and corrected for known confusions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stance.estimation.clusters import mean, variance_of_mean, wald, with_width
from stance.estimation.sample import Sample
from stance.evaluation.resampling import FloatArray, Interval, Method, resample_tables


def classify_and_count(sample: Sample, *, level: float = 0.95) -> list[Interval]:
    """The share of each label among the predictions: the naive estimate, for comparison.

    Its intervals hold what the model would predict on more such documents, not how common
    the labels are: the model's bias is in the estimate and not in the interval.
    """
    inside = sample.take(~sample.outside)
    return wald(
        mean(inside.scores),
        variance_of_mean(inside.scores, inside.groups),
        level=level,
        method="classify-and-count",
        n_groups=len(np.unique(inside.groups)),
    )


def adjusted_count(
    sample: Sample,
    *,
    n_resamples: int = 1000,
    level: float = 0.95,
    method: Method = "percentile",
    seed: int = 0,
) -> list[Interval]:
    """Predicted shares corrected by the confusion matrix measured on labelled rows.

    Solves "predicted shares = true shares x mean score given the true label" for the true
    shares (Forman 2008, "Quantifying counts and costs via classification"; Saerens, Latinne
    and Decaestecker 2002), as the distribution nearest to the least-squares solution. The
    labelled rows may come from another corpus (``outside``) with other shares of labels,
    as long as the model confuses labels there as it does here. Intervals resample
    documents. A label that no person gave has no confusions to correct by: its share is NaN
    and counted as 0 in the others'.
    """
    n_labels = sample.n_labels
    codes = np.unique(sample.groups, return_inverse=True)[1]
    tables = np.zeros((int(codes.max()) + 1, n_labels + 1, n_labels))
    rows = sample.labelled
    np.add.at(tables, (codes[rows], sample.y_true[rows]), sample.scores[rows])
    rows = ~sample.outside
    np.add.at(tables[:, n_labels], codes[rows], sample.scores[rows])
    resamples = resample_tables(
        tables, _corrected_shares, n_resamples=n_resamples, method=method, seed=seed
    )
    n_gold = len(np.unique(codes[sample.labelled]))
    found = [resamples.interval(label, level=level) for label in range(n_labels)]
    return [
        with_width(
            replace(one, method=f"adjusted count, {method}"),
            n_gold,
        )
        for one in found
    ]


def _corrected_shares(tables: FloatArray) -> FloatArray:
    """True shares ``(m, k)`` from sums of scores by true label, and over the corpus."""
    sums, corpus = tables[:, :-1], tables[:, -1]
    size = sums.sum(axis=2, keepdims=True)
    seen = size[..., 0] > 0
    given_truth = np.divide(sums, size, out=np.zeros_like(sums), where=size > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        predicted = corpus / corpus.sum(axis=1, keepdims=True)
    solved = (np.linalg.pinv(given_truth.transpose(0, 2, 1)) @ predicted[..., None])[..., 0]
    return np.where(seen, nearest_distribution(np.where(seen, solved, -np.inf)), np.nan)


def nearest_distribution(points: FloatArray) -> FloatArray:
    """The distributions nearest to ``points`` ``(m, k)`` in Euclidean distance.

    Duchi et al. (2008), "Efficient projections onto the l1-ball". An entry of minus
    infinity gets no share.
    """
    ranked = -np.sort(-points, axis=1)
    finite = np.isfinite(ranked)
    number = np.arange(1, points.shape[1] + 1)
    excess = (np.cumsum(np.where(finite, ranked, 0), axis=1) - 1) / number
    kept = (finite & (ranked > excess)).sum(axis=1)
    shift = np.take_along_axis(excess, kept[:, None] - 1, axis=1)
    return np.maximum(points - shift, 0)
