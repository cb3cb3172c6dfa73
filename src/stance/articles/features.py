"""What decides how far a finding is believed: the rule, the cue, and what stands around it.

``weights.tsv`` holds one weight per feature for each of two questions, fitted by logistic
regression on annotated training articles (``benchmarks/articles.py fit``): is this an
attribution at all, and does it name the right holder.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache

from stance.articles.phrases import Hit
from stance.articles.tokens import Clause
from stance.articles.vocabulary import COLLECTIVE, TITLES, bundled, words

_NEGATIONS = words("negations")


def features(c: Clause, hits: Sequence[Hit], number: int) -> list[str]:
    """Names of the features that hold for ``hits[number]``, each at most once."""
    hit = hits[number]
    after = hit.cue[1]
    if after >= len(c):
        follow = "end"
    elif c.word[after] in (
        "that",
        "to",
        "about",
        "by",
        "for",
        "on",
        "of",
        "in",
        "as",
        "at",
        "with",
    ):
        follow = c.word[after]
    else:
        follow = c.kind[after]
    group = c.word[hit.cue[0] : after]
    form = c.word[after - 1]
    shape = "plain"
    if any(word in _NEGATIONS for word in group):
        shape = "negated"
    elif any(c.kind[k] == "X" for k in range(hit.cue[0], after)):
        shape = next(c.word[k] for k in range(hit.cue[0], after) if c.kind[k] == "X")
    holder = _holder(c, hit)
    quoted = "Q" in c.kind
    names = [
        "",
        f"rule={hit.rule}",
        f"lemma={hit.lemma}",
        f"rule+lemma={hit.rule} {hit.lemma}",
        f"rule+next={hit.rule} {follow}",
        f"lemma+next={hit.lemma} {follow}",
        f"form={form}",
        f"rule+shape={hit.rule} {shape}",
        f"holder={holder}",
        f"rule+holder={hit.rule} {holder}",
        f"lemma+holder={hit.lemma} {holder}",
    ]
    if quoted:
        names += ["quoted", f"quoted+rule={hit.rule}"]
    if after + 1 < len(c):
        names.append(f"next+2={follow} {c.kind[after + 1]}")
    before = hit.cue[0] - 1
    names.append(f"before={c.kind[before] if before >= 0 else 'start'}")
    names += _neighbours(c, hits, number)
    if hit.holder is not None:
        gap = before + 1 - hit.holder[1]
        names.append(f"gap={'after' if gap < 0 else min(gap, 4)}")
    return names


def _neighbours(c: Clause, hits: Sequence[Hit], number: int) -> list[str]:
    """The findings before and after: what stands inside another's speech counts for less."""
    hit = hits[number]
    names: list[str] = []
    if number:
        before = hits[number - 1]
        opened = before.cue[1] < len(c) and c.word[before.cue[1]] == "that"
        names += [
            f"earlier={before.lemma}",
            f"earlier-rule={before.rule}",
            f"rule+earlier={hit.rule} {before.rule}{' that' if opened else ''}",
        ]
    else:
        names.append("first")
    if number + 1 < len(hits):
        after = hits[number + 1]
        names += [f"later={after.lemma}", f"rule+later={hit.rule} {after.rule}"]
    else:
        names.append("last")
    near = min(
        (min(abs(k - hit.cue[0]), abs(k + 1 - hit.cue[1])) for k in _around(c, hit.cue)),
        default=9,
    )
    if near < 9:
        names.append(f"quote-gap={near}")
        names.append(f"rule+quote-gap={hit.rule} {near}")
    return names


def _around(c: Clause, cue: tuple[int, int]) -> list[int]:
    """Quotations within eight tokens of the cue."""
    return [k for k in range(max(0, cue[0] - 8), min(len(c), cue[1] + 8)) if c.kind[k] == "Q"]


def _holder(c: Clause, hit: Hit) -> str:
    if hit.holder is None:
        return "none"
    first, last = hit.holder[0], hit.holder[1] - 1
    kind, word = c.kind[last], c.word[last]
    if kind == "O" or (kind in "GRD" and first == last):
        return word
    if kind == "N":
        return "title" if c.word[first].rstrip(".") in TITLES else "name"
    if word in COLLECTIVE:
        return "collective"
    if word.endswith("s"):
        return "plural"
    return "thing"


@cache
def weights() -> Mapping[str, tuple[float, float]]:
    """Feature to (weight for attribution, weight for right holder)."""
    table: dict[str, tuple[float, float]] = {}
    source = bundled("weights.tsv")
    for line in source.split("\n"):
        if line and not line.startswith("#"):
            name, attributed, holder = line.split("\t")
            table[name] = (float(attributed), float(holder))
    return table


def belief(c: Clause, hits: Sequence[Hit], number: int) -> tuple[float, float]:
    """Probabilities that ``hits[number]`` is an attribution and that its holder is right."""
    table = weights()
    attributed = holder = 0.0
    for name in features(c, hits, number):
        pair = table.get(name)
        if pair is not None:
            attributed += pair[0]
            holder += pair[1]
    return _sigmoid(attributed), _sigmoid(holder)


def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, x))))
