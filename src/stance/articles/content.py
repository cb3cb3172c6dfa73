"""What is said: the span of a finding's content within its sentence."""

from __future__ import annotations

from stance.articles.cues import lexicon
from stance.articles.phrases import Hit, Range, phrase_after
from stance.articles.subjects import subject_before
from stance.articles.tokens import Clause
from stance.articles.vocabulary import words
from stance.schema import Span

_SKIPPED = frozenset([",", ":", ";"])


def content_span(c: Clause, hit: Hit) -> Span | None:
    """Offsets of the content: the quotations of the sentence, or the words around the cue.

    Indirect content follows the cue to the end of the sentence; where the cue and its holder
    close the sentence ("..., officials said"), it is what stands before them. ``None`` where
    neither side holds a word.
    """
    quoted = [k for k in range(len(c)) if c.kind[k] == "Q"]
    if quoted:
        return c.start[quoted[0]], c.end[quoted[-1]]
    first, last = hit.cue
    if hit.holder is not None:
        first, last = min(first, hit.holder[0]), max(last, hit.holder[1])
        if hit.holder[0] < hit.cue[0]:
            last = hit.cue[1]
    after = _trimmed(c, last, len(c))
    before = _trimmed(c, 0, first)
    tail = 0 if after is None else after[1] - after[0]
    head = 0 if before is None else before[1] - before[0]
    # "on Monday", "in an interview": a few words behind the cue are no content when it closes.
    if before is not None and (after is None or (tail < 6 < head and c.kind[first - 1] == ",")):
        return c.start[before[0]], c.end[before[1] - 1]
    if after is not None:
        return c.start[after[0]], c.end[after[1] - 1]
    return None


def _trimmed(c: Clause, first: int, last: int) -> tuple[int, int] | None:
    while first < last and c.kind[first] in _SKIPPED:
        first += 1
    while last > first and c.kind[last - 1] in _SKIPPED:
        last -= 1
    return (first, last) if last > first else None


_PARTICLES = words("particles")
_NOUN_RULES = ("possessive", "light-verb", "noun-")
_REACH = 8


def target_range(c: Clause, hit: Hit) -> Range | None:
    """Tokens of the target of ``hit``, or ``None`` where no phrase names it."""
    if hit.rule == "passive-by":
        return _named(c, subject_before(c, hit.cue[0]))
    if hit.rule.startswith(_NOUN_RULES):
        return _behind_noun(c, hit)
    start = hit.cue[1]
    if hit.holder is not None and hit.holder[0] >= start:
        # "..., said the minister": what follows the cue is the holder.
        return _reported_before(c, hit.cue[0])
    form = lexicon().verbs.get(c.word[start - 1])
    speech = form is not None and "speech" in form.families
    opening = _opening(c, hit)
    if speech and opening and (start == len(c) or not _goes_on(c, start)):
        # "The raid was ..., she said in a statement": what follows is where, not what.
        return _reported_before(c, opening)
    while (
        start < len(c)
        and start < hit.cue[1] + 2
        and (c.word[start] in _PARTICLES or c.kind[start] in "AT")
    ):
        start += 1
    if speech and start < len(c) and c.kind[start] != "Q":
        found = _reported(c, start)
        if found is not None:
            return found
    return _named(c, phrase_after(c, start)) if start < len(c) else None


def _reported(c: Clause, start: int) -> Range | None:
    """The subject of the clause after ``that``, or of the words right after the cue."""
    for k in range(start, min(start + _REACH, len(c))):
        if c.word[k] == "that":
            return _named(c, phrase_after(c, k + 1))
        if c.kind[k] in ",;:Q":
            break
    return None


def _goes_on(c: Clause, start: int) -> bool:
    """Whether what is said may begin at ``start``, right behind its cue."""
    return c.kind[start] in "DGNLAQ" or c.word[start] == "that"


def _opening(c: Clause, hit: Hit) -> int:
    """Where what is reported ends if it stands before holder and cue ("..., she said"), else 0."""
    if hit.holder is None or not 0 < hit.holder[0] < hit.cue[0]:
        return 0
    return hit.holder[0] - 1 if c.kind[hit.holder[0] - 1] in ",Q" else 0


def _reported_before(c: Clause, end: int) -> Range | None:
    """The phrase that opens the words before the cue."""
    return _named(c, phrase_after(c, 0)) if end > 1 and c.kind[0] in "DGNL" else None


def _behind_noun(c: Clause, hit: Hit) -> Range | None:
    start = hit.cue[1]
    for k in range(start, min(start + _REACH, len(c))):
        if hit.holder is not None and hit.holder[0] <= k < hit.holder[1]:
            continue
        if c.kind[k] in ",;:QSX":
            return None
        if c.kind[k] == "P" and (hit.holder is None or k + 1 != hit.holder[0]):
            return _named(c, phrase_after(c, k + 1))
        if c.word[k] == "that":
            return _named(c, phrase_after(c, k + 1))
    return None


def _named(c: Clause, found: Range | None) -> Range | None:
    if found is None:
        return None
    first, last = found
    if all(c.kind[k] in "OGDAT#" for k in range(first, last)):
        return None
    return found
