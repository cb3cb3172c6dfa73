"""Speakers of quotations that name none: the cue beside them, or whoever spoke last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from stance.articles.phrases import Hit
from stance.articles.quotes import Quotation
from stance.articles.tagging import Tagged
from stance.articles.tokens import Clause
from stance.articles.vocabulary import bundled
from stance.schema import Attribution, Quote, Span


@dataclass(frozen=True, slots=True)
class Reading:
    """One sentence with its tokens, the quotations in it and what the rules found."""

    clause: Clause
    quotes: tuple[int, ...]
    """Indices of the quotations that are somebody's utterance."""
    quote: Quote
    """How an attribution in this sentence reaches it."""
    hits: tuple[Hit, ...]
    tagged: Tagged | None = None
    """What the tagger found, where there is one."""


@cache
def measured() -> Mapping[str, float]:
    """Precision of each rule on the training articles, for rules that have no cue of their own."""
    source = bundled("measured.tsv")
    table: dict[str, float] = {}
    for line in source.split("\n"):
        if line and not line.startswith("#"):
            rule, fired, right = line.split("\t")
            table[rule] = int(right) / max(1, int(fired))
    return table


def _quoted(clause: Clause) -> Span | None:
    places = [k for k in range(len(clause)) if clause.kind[k] == "Q"]
    return (clause.start[places[0]], clause.end[places[-1]]) if places else None


def spread(
    readings: Sequence[Reading], found: list[list[Attribution]], quotes: Sequence[Quotation]
) -> None:
    """Give each sentence of a quotation its speaker.

    First the cue in any sentence of the same quotation; then, across a paragraph, the
    quotation that it continues; then whoever spoke last, in the paragraph or before it.
    """
    speakers: dict[int, Attribution] = {}
    for reading, attributions in zip(readings, found, strict=True):
        speech = [a for a in attributions if a.actor]
        if speech:
            best = max(speech, key=lambda a: a.confidence)
            for k in reading.quotes:
                speakers.setdefault(k, best)
    for k in range(len(quotes) - 1, 0, -1):
        # A paragraph of a long quotation may be followed by the one that names the speaker.
        if quotes[k].continues and k in speakers:
            speakers.setdefault(k - 1, speakers[k])
    last: Attribution | None = None
    previous: int | None = None
    for position, reading in enumerate(readings):
        attributions = found[position]
        paragraph = reading.clause.sentence.paragraph
        if not attributions and reading.quotes:
            first = reading.quotes[0]
            source = speakers.get(first)
            rule = "quotation"
            if source is None and quotes[first].continues:
                source, rule = speakers.get(first - 1) or last, "continued"
            if source is None and last is not None:
                source = last
                rule = "floating" if previous == paragraph else "floating-far"
            if source is not None:
                found[position] = [
                    replace(
                        source, sentence=reading.clause.sentence.index, speaker="", cue="",
                        quote=Quote.DIRECT, speaker_span=None, cue_span=None,
                        content_span=_quoted(reading.clause), target="", target_span=None,
                        rule=rule, confidence=round(measured().get(rule, 0.5), 4),
                    )
                ]  # fmt: skip
                speakers.setdefault(first, source)
            else:
                found[position] = [
                    Attribution(
                        reading.clause.sentence.index,
                        "",
                        quote=Quote.DIRECT,
                        content_span=_quoted(reading.clause),
                        rule="unnamed",
                        confidence=0.5,
                    )
                ]
        for attribution in found[position]:
            if attribution.actor:
                last = attribution
                previous = paragraph
                break
