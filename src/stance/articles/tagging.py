"""What a learned tagger tells of a sentence: its cues, and the source and content of each.

The network itself lives in ``models``; here stand the records it fills, and how its scores over
tokens become spans. Needs numpy alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stance.schema import Span

CANDIDATE = 0.15
"""A token less probable than this in a cue does not begin one, not even as a candidate."""
_INSIDE = 0.5
_WEAK = 0.2
LONGEST = 8  # words of a cue


@dataclass(frozen=True, slots=True)
class Tag:
    """One attribution as the tagger sees it; spans index the sentence."""

    cue: Span
    source: Span | None
    content: Span | None
    confidence: float
    """Probability that the cue introduces somebody's speech, thought or attitude."""
    source_confidence: float
    """Mean probability over the source's tokens; 0 without a source."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """One sentence: the offsets of its words, P(word is in a cue), and the candidates."""

    words: Sequence[Span]
    cue: NDArray[np.floating]
    tags: tuple[Tag, ...]

    def cue_probability(self, span: Span) -> float:
        """The largest cue probability of the words that a span touches."""
        inside = [
            float(value)
            for (start, end), value in zip(self.words, self.cue, strict=True)
            if start < span[1] and end > span[0]
        ]
        return max(inside, default=0.0)


class Tagger(Protocol):
    """Reads sentences on their own, one by one, whatever batches it makes of them."""

    @property
    def weights(self) -> Mapping[str, tuple[float, float]] | None:
        """How its findings combine with the rules' (see ``combine``); None: it decides alone."""

    def tag(self, sentences: Sequence[str]) -> list[Tagged]:
        """Return one ``Tagged`` per sentence, in order."""


def decode(words: Sequence[Span], bio: NDArray[np.floating], pairs: NDArray[np.floating]) -> Tagged:
    """Turn probabilities over words into spans.

    Args:
        words: character offsets of ``n`` words.
        bio: (n, 3) probabilities that a word is outside, begins or continues a cue.
        pairs: (2, n, n); ``pairs[r, i, j]`` is the probability that word ``j`` belongs to the
            source (r = 0) or the content (r = 1) of a cue that begins at word ``i``.
    """
    inside = 1.0 - bio[:, 0]
    tags = []
    at, count = 0, len(words)
    while at < count:
        if inside[at] < CANDIDATE:
            at += 1
            continue
        end = at + 1
        while (
            end < min(count, at + LONGEST)
            and inside[end] >= max(CANDIDATE, 0.5 * inside[at])
            and bio[end, 2] >= bio[end, 1]
        ):
            end += 1
        source = _run(pairs[0, at], taken=(at, end))
        content = _cover(pairs[1, at])
        tags.append(
            Tag(
                cue=_characters(words, (at, end)),
                source=None if source is None else _characters(words, source),
                content=None if content is None else _characters(words, content),
                confidence=float(inside[at]),
                source_confidence=(
                    0.0 if source is None else float(pairs[0, at, slice(*source)].mean())
                ),
            )
        )
        at = end
    return Tagged(words, inside, tuple(tags))


def _characters(words: Sequence[Span], run: Span) -> Span:
    return words[run[0]][0], words[run[1] - 1][1]


def _run(scores: NDArray[np.floating], taken: Span) -> Span | None:
    """The unbroken run of words around the most probable one, outside the cue."""
    free = scores.copy()
    free[slice(*taken)] = 0.0
    best = int(free.argmax())
    if free[best] < _WEAK:
        return None
    level = min(_INSIDE, 0.6 * float(free[best]))
    first = last = best
    while first > 0 and free[first - 1] >= level:
        first -= 1
    while last + 1 < len(free) and free[last + 1] >= level:
        last += 1
    return first, last + 1


def _cover(scores: NDArray[np.floating]) -> Span | None:
    """From the first to the last word that is more likely in than out."""
    found = np.flatnonzero(scores >= _INSIDE)
    return (int(found[0]), int(found[-1]) + 1) if len(found) else None
