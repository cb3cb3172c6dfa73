"""The records that travel between the rooms: frozen, plain, without behaviour of their own.

Offsets are half-open ``(start, end)`` pairs of Unicode code points, always into the raw
text they name, so ``text[start:end]`` is what a reader sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Span = tuple[int, int]
"""Half-open code-point offsets ``(start, end)``."""


class Quote(StrEnum):
    """How the holder's words reach the sentence."""

    DIRECT = "direct"
    INDIRECT = "indirect"
    MIXED = "mixed"
    NONE = "none"


class Status(StrEnum):
    """What became of one labelled sentence."""

    OK = "ok"
    ABSTAINED = "abstained"
    BOILERPLATE = "boilerplate"
    EMPTY = "empty"
    INVALID_TEXT = "invalid_text"
    TRUNCATED_ACTOR = "truncated_actor"


@dataclass(frozen=True, slots=True)
class Article:
    """One text as it was read; ``text`` is never rewritten."""

    name: str
    text: str
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence (or boilerplate line) of an article: ``article.text[start:end]``."""

    index: int
    start: int
    end: int
    text: str
    paragraph: int
    boilerplate: bool = False


@dataclass(frozen=True, slots=True)
class Attribution:
    """One holder of one sentence: who speaks in it, by which cue, and how we know.

    ``actor`` is canonical for the article and empty for the writer; ``speaker`` is the
    holder as written in the sentence (empty in a floating quotation). The spans index the
    article's raw text. ``confidence`` is in [0, 1]; ``rule`` names what decided.
    """

    sentence: int
    actor: str
    speaker: str = ""
    cue: str = ""
    quote: Quote = Quote.NONE
    speaker_span: Span | None = None
    cue_span: Span | None = None
    content_span: Span | None = None
    target: str = ""
    target_span: Span | None = None
    rule: str = "writer"
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled row: the stance of one holder in one sentence.

    ``stance`` and ``sentiment`` are ``None`` where the row lacks that label. ``group`` is
    what splits must not tear apart. ``actor_span``/``target_span`` index ``text``.
    ``extra`` carries every other column along, untouched.
    """

    id: str
    text: str
    actor: str = ""
    target: str = ""
    stance: str | None = None
    sentiment: str | None = None
    quote: str = ""
    doc_id: str = ""
    split: str = ""
    actor_span: Span | None = None
    target_span: Span | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def group(self) -> str:
        """The article the row comes from, or the row itself where none is named."""
        return self.doc_id or self.id


@dataclass(frozen=True, slots=True)
class Prediction:
    """One row of labelling output; the field names are the output's column names.

    Offsets index the article's raw text; they are ``None`` where the article does not name the
    thing. ``rule`` says how the holder was found, ``attribution_probability`` how surely.
    """

    article: str
    sentence: int
    start: int
    end: int
    text: str
    actor: str
    speaker: str
    cue: str
    quote: str
    target: str
    stance: str
    stance_probability: float | None
    sentiment: str
    sentiment_probability: float | None
    status: str
    paragraph: int = 0
    speaker_start: int | None = None
    speaker_end: int | None = None
    cue_start: int | None = None
    cue_end: int | None = None
    content_start: int | None = None
    content_end: int | None = None
    target_start: int | None = None
    target_end: int | None = None
    affiliation: str = ""
    side: str = ""
    rule: str = ""
    attribution_probability: float | None = None
