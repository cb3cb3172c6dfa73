"""Score attributions against annotated articles, sentence by sentence and span by span.

Sentences are the unit that the project labels, so the first question is whether a sentence
is attributed to anybody, the second to whom. Holders match by head word: the word that the
annotated source is about ("officials" in "two officials at the ministry") lies in the
predicted speaker, or names the predicted actor.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np

from stance.evaluation.attribution.heads import PRONOUNS, fold, head_span, same_holder
from stance.evaluation.resampling import Interval
from stance.schema import Attribution, Quote, Sentence, Span


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


class Gold(Protocol):
    """What an annotated attribution must offer; see ``corpus.adapters.polnear``."""

    @property
    def source(self) -> Sequence[Span]: ...
    @property
    def cue(self) -> Sequence[Span]: ...
    @property
    def content(self) -> Sequence[Span]: ...
    @property
    def quote(self) -> Quote: ...


def score_article(
    text: str,
    sentences: Sequence[Sentence],
    predicted: Iterable[Attribution],
    gold: Sequence[Gold],
    *,
    name: str = "",
) -> AttributionScores:
    """Scores of one article's attributions; boilerplate sentences are left out on both sides.

    ``name`` is the article's, for its misses.
    """
    said: dict[int, list[Attribution]] = defaultdict(list)
    by_speaker: list[tuple[Span, str]] = []
    for attribution in predicted:
        if attribution.rule != "writer":
            said[attribution.sentence].append(attribution)
        if attribution.speaker_span is not None:
            by_speaker.append((attribution.speaker_span, attribution.actor))
    total = AttributionScores()
    for sentence in sentences:
        if sentence.boilerplate:
            continue
        here = [g for g in gold if _touches(text, sentence, (*g.cue, *g.content))]
        total += _score_sentence(text, sentence, said[sentence.index], here, by_speaker, name)
    return total + _score_spans(text, said, gold)


def _touches(text: str, sentence: Sentence, spans: Iterable[Span]) -> bool:
    """Whether a letter or digit of the spans lies in the sentence."""
    return any(
        start < sentence.end
        and end > sentence.start
        and any(
            char.isalnum() for char in text[max(start, sentence.start) : min(end, sentence.end)]
        )
        for start, end in spans
    )


def _score_sentence(
    text: str,
    sentence: Sentence,
    predicted: Sequence[Attribution],
    gold: Sequence[Gold],
    by_speaker: Sequence[tuple[Span, str]],
    name: str,
) -> AttributionScores:
    is_gold, is_said = bool(gold), bool(predicted)
    both = int(is_gold and is_said)
    attributed = Ratio(both, int(is_said), both, int(is_gold))
    gold_direct = any(g.quote is Quote.DIRECT and _touches(text, sentence, g.content) for g in gold)
    said_direct = any(a.quote is Quote.DIRECT for a in predicted)
    direct = Ratio(
        int(said_direct and is_gold),
        int(said_direct),
        int(gold_direct and is_said),
        int(gold_direct),
    )
    heads: dict[str, tuple[Span, Quote]] = {}
    joined: dict[str, Span] = {}
    for g in gold:
        head = head_span(text, g.source)
        if head is not None:
            word = fold(text[slice(*head)])
            heads.setdefault(word, (head, g.quote))
            joined.setdefault(word, (g.source[0][0], g.source[-1][1]))
    if not heads:
        return AttributionScores(
            attributed=attributed,
            direct=direct,
            misses=_misses(sentence, {}, [a for a in predicted if not is_gold], name),
        )
    candidates = [a for a in predicted if a.actor or a.speaker]
    if any(word not in PRONOUNS for word in heads):
        # Beside a name an annotated pronoun is nearly always the same person, and a holder is
        # wanted once: it is neither asked for nor held against the prediction.
        ignored = [head for word, (head, _) in heads.items() if word in PRONOUNS]
        heads = {word: pair for word, pair in heads.items() if word not in PRONOUNS}
        candidates = [
            a
            for a in candidates
            if not any(same_holder(text, head, a, by_speaker) for head in ignored)
            or any(same_holder(text, head, a, by_speaker) for head, _ in heads.values())
        ]
    matched_gold: set[str] = set()
    matched_said: set[int] = set()
    for word, (head, _) in heads.items():
        for number, attribution in enumerate(candidates):
            if same_holder(text, head, attribution, by_speaker) or _joined(
                text, joined[word], attribution
            ):
                matched_gold.add(word)
                matched_said.add(number)
    holder = Ratio(len(matched_said), len(candidates), len(matched_gold), len(heads))
    hit = int(bool(matched_gold))
    named = Ratio(hit, int(bool(candidates)), hit, 1)
    by_quote: dict[Quote, Ratio] = {}
    for word, (_, quote) in heads.items():
        one = Ratio(0, 0, int(word in matched_gold), 1)
        by_quote[quote] = by_quote.get(quote, Ratio()) + one
    by_rule: dict[str, Ratio] = {}
    for number, attribution in enumerate(candidates):
        one = Ratio(int(number in matched_said), 1)
        by_rule[attribution.rule] = by_rule.get(attribution.rule, Ratio()) + one
    whole = len(matched_gold) == len(heads) and len(matched_said) == len(candidates)
    return AttributionScores(
        attributed=attributed,
        holder=holder,
        named=named,
        direct=direct,
        direct_holder=holder if gold_direct else Ratio(),
        by_quote=by_quote,
        by_rule=by_rule,
        misses=() if whole else _misses(sentence, heads, candidates, name),
    )


def _misses(
    sentence: Sentence,
    heads: Mapping[str, tuple[Span, Quote]],
    predicted: Sequence[Attribution],
    name: str,
) -> tuple[Miss, ...]:
    if not heads and not predicted:
        return ()
    return (
        Miss(
            sentence.index,
            tuple(heads),
            tuple(a.actor for a in predicted),
            tuple(a.rule for a in predicted),
            name,
            sentence.text,
            tuple(quote.value for _, quote in heads.values()),
        ),
    )


def _joined(text: str, source: Span, attribution: Attribution) -> bool:
    """Whether the speaker is one of several that the annotation takes together ("A and B")."""
    span = attribution.speaker_span
    return (
        span is not None
        and source[0] <= span[0]
        and span[1] <= source[1]
        and " and " in text[slice(*source)]
        and text[span[0]].isupper()
    )


def _score_spans(
    text: str, said: dict[int, list[Attribution]], gold: Sequence[Gold]
) -> AttributionScores:
    every = [a for attributions in said.values() for a in attributions]
    cues = [a.cue_span for a in every if a.cue_span is not None]
    speakers = sorted({a.speaker_span for a in every if a.speaker_span is not None})
    gold_cues = [(g.cue[0][0], g.cue[-1][1]) for g in gold if g.cue]
    gold_speakers = sorted({(g.source[0][0], g.source[-1][1]) for g in gold if g.source})
    return AttributionScores(
        cue_exact=_exact(cues, gold_cues),
        cue_overlap=_overlap(cues, gold_cues),
        speaker_exact=_exact(speakers, gold_speakers),
        speaker_overlap=_overlap(speakers, gold_speakers),
    )


def _exact(predicted: Sequence[Span], gold: Sequence[Span]) -> Ratio:
    shared = len(set(predicted) & set(gold))
    return Ratio(shared, len(set(predicted)), shared, len(set(gold)))


def _overlap(predicted: Sequence[Span], gold: Sequence[Span]) -> Ratio:
    def covered(these: Sequence[Span], those: Sequence[Span]) -> int:
        return sum(any(a < d and c < b for c, d in those) for a, b in these)

    return Ratio(covered(predicted, gold), len(predicted), covered(gold, predicted), len(gold))


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
