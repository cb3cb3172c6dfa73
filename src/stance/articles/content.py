"""What is said: the span of a finding's content within its sentence."""

from __future__ import annotations

from stance.articles.findings import Hit
from stance.articles.tokens import Clause
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
