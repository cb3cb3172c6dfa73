"""Counts behind attribution scores; those of several articles add up."""

from __future__ import annotations

from dataclasses import dataclass, field

from stance.schema import Quote


@dataclass(frozen=True, slots=True)
class Ratio:
    """Counts behind a precision and a recall, and what follows from them."""

    matched_predicted: int = 0
    predicted: int = 0
    matched_gold: int = 0
    gold: int = 0

    @property
    def precision(self) -> float:
        return self.matched_predicted / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        return self.matched_gold / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def __add__(self, other: Ratio) -> Ratio:
        return Ratio(
            self.matched_predicted + other.matched_predicted,
            self.predicted + other.predicted,
            self.matched_gold + other.matched_gold,
            self.gold + other.gold,
        )


@dataclass(frozen=True, slots=True)
class Miss:
    """One sentence where prediction and annotation differ, for an error browser."""

    sentence: int
    gold: tuple[str, ...]
    """Head words of the annotated holders."""
    predicted: tuple[str, ...]
    rules: tuple[str, ...]
    article: str = ""
    text: str = ""
    quotes: tuple[str, ...] = ()
    """How each annotated holder's words reach the sentence."""


@dataclass(frozen=True, slots=True)
class AttributionScores:
    """Scores of one article or, added up, of many.

    ``attributed``: is the sentence attributed. ``holder``: (sentence, holder) pairs, in
    sentences where the annotation names a holder. ``named``: those sentences, right when at
    least one holder is. ``direct`` and ``direct_holder``: the same for direct quotations.
    ``cue_exact`` and ``cue_overlap``, ``speaker_exact`` and ``speaker_overlap``: spans.
    """

    attributed: Ratio = Ratio()
    holder: Ratio = Ratio()
    named: Ratio = Ratio()
    direct: Ratio = Ratio()
    direct_holder: Ratio = Ratio()
    cue_exact: Ratio = Ratio()
    cue_overlap: Ratio = Ratio()
    speaker_exact: Ratio = Ratio()
    speaker_overlap: Ratio = Ratio()
    by_quote: dict[Quote, Ratio] = field(default_factory=dict)
    """Recall of ``holder`` by the annotated quotation type."""
    by_rule: dict[str, Ratio] = field(default_factory=dict)
    """Precision of ``holder`` by the rule that decided."""
    misses: tuple[Miss, ...] = ()

    def __add__(self, other: AttributionScores) -> AttributionScores:
        quotes = dict(self.by_quote)
        for quote, ratio in other.by_quote.items():
            quotes[quote] = quotes.get(quote, Ratio()) + ratio
        rules = dict(self.by_rule)
        for rule, ratio in other.by_rule.items():
            rules[rule] = rules.get(rule, Ratio()) + ratio
        return AttributionScores(
            self.attributed + other.attributed,
            self.holder + other.holder,
            self.named + other.named,
            self.direct + other.direct,
            self.direct_holder + other.direct_holder,
            self.cue_exact + other.cue_exact,
            self.cue_overlap + other.cue_overlap,
            self.speaker_exact + other.speaker_exact,
            self.speaker_overlap + other.speaker_overlap,
            quotes,
            rules,
            self.misses + other.misses,
        )
