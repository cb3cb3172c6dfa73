"""Head words of annotated sources, and whether a predicted holder is the same one.

The head is the word that a source is about: "officials" in "two officials at the ministry".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from stance.schema import Attribution, Span

_WORD = re.compile(r"[^\W_]+(?:[.'’-][^\W_]+)*")
_FUNCTION = frozenset(
    [
        "the",
        "a",
        "an",
        "this",
        "that",
        "these",
        "those",
        "his",
        "her",
        "its",
        "their",
        "our",
        "my",
        "your",
        "some",
        "many",
        "most",
        "several",
        "both",
        "all",
        "mr",
        "mrs",
        "ms",
        "dr",
        "sen",
        "rep",
        "gov",
        "gen",
    ]
)
_STOP = frozenset(
    [
        "of",
        "in",
        "on",
        "at",
        "by",
        "for",
        "from",
        "with",
        "to",
        "about",
        "who",
        "which",
        "that",
        "whose",
        "where",
        "when",
        "and",
        "or",
        "including",
        "like",
        "as",
        "under",
        "near",
        "behind",
        "against",
        "among",
        "between",
        "familiar",
        "close",
        "involved",
        "briefed",
    ]
)
PRONOUNS = frozenset(
    [
        "he",
        "she",
        "they",
        "it",
        "we",
        "i",
        "you",
        "who",
        "which",
        "that",
        "his",
        "her",
        "their",
        "its",
        "our",
        "my",
        "him",
        "them",
        "us",
        "whom",
        "himself",
        "herself",
        "themselves",
    ]
)
_RELATIVES = frozenset(["who", "which", "that", "whom", "whose"])


def head_span(text: str, spans: Sequence[Span]) -> Span | None:
    """The head word of a source: the last word of its first chunk.

    The chunk ends at a comma, bracket, preposition or relative word; a source of one
    preposition-like word ("who") is its own head.
    """
    for start, end in spans:
        head: Span | None = None
        previous = start
        text = _blank_brackets(text, start, end)
        for match in _WORD.finditer(text, start, end):
            word = match.group().lower()
            if head is not None and (
                word in _STOP or any(char in ",;:(–—" for char in text[previous : match.start()])
            ):
                break
            if head is not None and word.endswith("ed") and match.group() == word and len(word) > 4:
                break  # "a lawsuit filed in Karsa"
            previous = match.end()
            if word in _FUNCTION and word != "that" and head is None:
                first = match.span()
                if match.end() >= end:
                    return first
                continue
            head = match.span()
        if head is not None:
            return head
    return None


def _blank_brackets(text: str, start: int, end: int) -> str:
    """The text with ``(R-Karsa)`` inside a name blanked, so that the name goes on behind it."""
    piece = text[start:end]
    blanked = re.sub(r"\([^()]{0,40}\)(?= \w)", lambda match: " " * len(match.group()), piece)
    return text[:start] + blanked + text[end:] if blanked != piece else text


def fold(word: str) -> str:
    """A word as heads are compared: without case and possessive."""
    return re.sub(r"['’]s?$", "", word.casefold())


def same_holder(
    text: str, head: Span, attribution: Attribution, by_speaker: Sequence[tuple[Span, str]]
) -> bool:
    """Whether the annotated head word and a predicted attribution name the same holder.

    By place, where the speaker stands in the text; by word, where the actor is resolved from
    elsewhere. An annotated pronoun counts as the actor that was predicted for that pronoun.
    """
    span = attribution.speaker_span
    own = head_span(text, [span]) if span is not None else None
    if own is not None and own[0] < head[1] and own[1] > head[0]:
        return True
    word = fold(text[slice(*head)])
    if span is not None and word in _RELATIVES and span[1] <= head[0]:
        # "who" is whoever stands right before it.
        return not any(char.isalnum() for char in text[span[1] : head[0]])
    if word not in PRONOUNS:
        named = {
            fold(match.group())
            for match in _WORD.finditer(f"{attribution.actor} {attribution.speaker}")
        }
        return word in named
    return bool(attribution.actor) and any(
        place[0] < head[1] and place[1] > head[0] and actor == attribution.actor
        for place, actor in by_speaker
    )
