"""Attribution scores of many articles: added up, with intervals over articles, as plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from stance.evaluation.attribution_scores import AttributionScores, Miss, Ratio
from stance.resampling import Interval
from stance.schema import Quote

MEASURES = {
    "attributed": "sentence is attributed or not",
    "holder": "holder right, where the annotation has one",
    "named": "at least one holder of the sentence right",
    "direct": "direct quotation: attributed",
    "direct_holder": "direct quotation: holder right",
    "cue_exact": "cue span, exact",
    "cue_overlap": "cue span, overlapping",
    "speaker_exact": "speaker span, exact",
    "speaker_overlap": "speaker span, overlapping",
}
_RESAMPLES = 1000
_FEWEST = 10
_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores of one way of attributing; ``intervals`` are of F1, by measure."""

    total: AttributionScores
    intervals: Mapping[str, Interval]
    articles: int
    misses: tuple[Miss, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, scores: Sequence[AttributionScores], *, seed: int = 0) -> Scored:
        """Add up one score per article.

        Intervals are 95 % percentile intervals of F1 over 1,000 resamplings of whole articles;
        their bounds are NaN for fewer than ten.
        """
        total = sum(scores, AttributionScores())
        draws = np.random.default_rng(seed).integers(
            0, max(1, len(scores)), size=(_RESAMPLES, len(scores))
        )
        intervals = {name: _interval(scores, total, name, draws) for name in MEASURES}
        return cls(total, intervals, len(scores), total.misses)

    def to_json(self) -> dict[str, Any]:
        """Return counts, precision, recall, F1 and its interval by measure, quote and rule."""
        return {
            "articles": self.articles,
            "measures": {
                name: {
                    **_ratio(getattr(self.total, name)),
                    "low": _plain(self.intervals[name].low),
                    "high": _plain(self.intervals[name].high),
                }
                for name in MEASURES
            },
            "holder_recall_by_quote": {
                quote.value: _ratio(self.total.by_quote[quote])
                for quote in Quote
                if quote in self.total.by_quote
            },
            "holder_precision_by_rule": {
                rule: _ratio(ratio) for rule, ratio in sorted(self.total.by_rule.items())
            },
            "misses": [asdict(miss) for miss in self.misses],
        }


def _ratio(ratio: Ratio) -> dict[str, Any]:
    return {
        "f1": ratio.f1,
        "precision": ratio.precision,
        "recall": ratio.recall,
        "predicted": ratio.predicted,
        "gold": ratio.gold,
    }


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value


def _interval(
    scores: Sequence[AttributionScores], total: AttributionScores, name: str, draws: Any
) -> Interval:
    estimate = getattr(total, name).f1
    if len(scores) < _FEWEST:
        return Interval(math.nan, math.nan, estimate, _LEVEL, "percentile", len(scores))
    ratios = [getattr(item, name) for item in scores]
    counts = np.array(
        [[r.matched_predicted, r.predicted, r.matched_gold, r.gold] for r in ratios], dtype=float
    )
    sums = counts[draws].sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.nan_to_num(sums[:, 0] / sums[:, 1])
        recall = np.nan_to_num(sums[:, 2] / sums[:, 3])
        f1 = np.nan_to_num(2 * precision * recall / (precision + recall))
    low, high = np.quantile(f1, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return Interval(float(low), float(high), estimate, _LEVEL, "percentile", len(scores))
