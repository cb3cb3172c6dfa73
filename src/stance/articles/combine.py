"""What rules find and what a tagger finds, put on one scale and chosen between.

Every finding of a rule and every cue of the tagger is a candidate (cue, holder). Two logistic
regressions over a handful of features say how probable it is that the cue introduces somebody's
speech and that the holder is right; their weights are fitted on annotated articles that
neither half was trained on and travel with the tagger. Without weights the tagger decides
alone; without a tagger the rules do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stance.articles.features import belief
from stance.articles.phrases import Hit, Range, phrase_after
from stance.articles.tagging import Tag, Tagged
from stance.articles.tokens import Clause
from stance.schema import Span

TAGGER = "tagger"
"""The rule's name in findings that the tagger alone makes."""
_FLOOR = 1e-3
Weights = Mapping[str, tuple[float, float]]
"""Feature to (weight for attribution, weight for right holder)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One cue with one holder, and how far both are believed."""

    hit: Hit
    attributed: float
    right: float


def candidates(
    clause: Clause, hits: Sequence[Hit], tagged: Tagged | None, weights: Weights | None
) -> list[Candidate]:
    """Every candidate of a sentence; of those on one cue the likeliest holder only."""
    if tagged is None:
        return [Candidate(hit, *belief(clause, hits, at)) for at, hit in enumerate(hits)]
    if weights is None:
        return [
            Candidate(hit, tag.confidence, tag.source_confidence)
            for tag in tagged.tags
            if (hit := as_hit(clause, tag)) is not None
        ]
    scored = [
        Candidate(hit, *_sigmoids(names, weights)) for hit, names in findings(clause, hits, tagged)
    ]
    chosen: list[Candidate] = []
    for candidate in sorted(scored, key=lambda item: -item.right):
        if not any(_overlap(candidate.hit.cue, other.hit.cue) for other in chosen):
            chosen.append(candidate)
    return sorted(chosen, key=lambda item: item.hit.cue)


def findings(
    clause: Clause, hits: Sequence[Hit], tagged: Tagged
) -> list[tuple[Hit, dict[str, float]]]:
    """Candidates of both halves with their features, chosen between by nobody yet."""
    own = [(tag, hit) for tag in tagged.tags if (hit := as_hit(clause, tag)) is not None]
    found: list[tuple[Hit, dict[str, float]]] = []
    for number, hit in enumerate(hits):
        attributed, right = belief(clause, hits, number)
        beside = [(tag, other) for tag, other in own if _overlap(hit.cue, other.cue)]
        cue = tagged.cue_probability(_within(clause, hit.cue))
        names = {
            "": 1.0,
            "rule": _logit(attributed),
            "rule holder": _logit(right),
            "cue": _logit(cue),
            "cue*rule": _logit(cue) * _logit(attributed) / 4,
        }
        best = max(beside, key=lambda item: item[0].confidence, default=None)
        if best is None:
            names["tagger silent"] = 1.0
        elif best[1].holder is None:
            names["no source"] = 1.0
        elif hit.holder is None:
            names["no holder"] = 1.0
        elif _overlap(best[1].holder, hit.holder):
            names["agree"] = 1.0
            names["agree sure"] = best[0].source_confidence
        else:
            names["disagree"] = 1.0
            names["disagree sure"] = best[0].source_confidence
        found.append((hit, names))
    for tag, hit in own:
        beside_rules = [other for other in hits if _overlap(hit.cue, other.cue)]
        if hit.holder is None and beside_rules:
            continue
        if any(o.holder and hit.holder and _overlap(o.holder, hit.holder) for o in beside_rules):
            continue
        names = {
            "own": 1.0,
            "own cue": _logit(tag.confidence),
            "own source": tag.source_confidence,
            "own without holder": float(hit.holder is None),
            "own against rule": float(bool(beside_rules)),
        }
        found.append((hit, names))
    return found


def as_hit(clause: Clause, tag: Tag) -> Hit | None:
    """Return a tag in tokens of the clause; None where its cue lies in a quotation."""
    cue = _tokens(clause, tag.cue)
    if cue is None:
        return None
    holder = _tokens(clause, tag.source) if tag.source is not None else None
    if holder is not None:
        holder = _phrase(clause, holder)
    return Hit(TAGGER, clause.word[cue[1] - 1], cue, holder)


def _tokens(clause: Clause, span: Span) -> Range | None:
    base = clause.sentence.start
    inside = [
        at
        for at in range(len(clause))
        if clause.kind[at] != "Q"
        and clause.start[at] < span[1] + base
        and clause.end[at] > span[0] + base
    ]
    if not inside:
        return None
    last = inside[0]
    for at in inside[1:]:  # a quotation in between ends it
        if at != last + 1:
            break
        last = at
    return inside[0], last + 1


def _phrase(clause: Clause, found: Range) -> Range:
    """Cut a source down to the noun phrase that it opens with: appositions are not the name."""
    first, last = found
    while first + 1 < last and clause.kind[first] in ",;:":
        first += 1
    phrase = phrase_after(clause, first)
    if phrase is not None and phrase[0] < last:
        return first, min(phrase[1], last)
    for at in range(first + 1, last):
        if clause.kind[at] in ",;(":
            return first, at
    return first, last


def _within(clause: Clause, place: Range) -> Span:
    base = clause.sentence.start
    return clause.start[place[0]] - base, clause.end[place[1] - 1] - base


def _overlap(one: Range, other: Range) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _logit(probability: float) -> float:
    bounded = min(1 - _FLOOR, max(_FLOOR, probability))
    return math.log(bounded / (1 - bounded))


def _sigmoids(names: Mapping[str, float], weights: Weights) -> tuple[float, float]:
    attributed = right = 0.0
    for name, value in names.items():
        pair = weights.get(name, (0.0, 0.0))
        attributed += pair[0] * value
        right += pair[1] * value
    return _sigmoid(attributed), _sigmoid(right)


def _sigmoid(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, value))))
