"""Quotation marks of any script, paired into spans, however carelessly they were typed.

One pass over the marks. Inside an open quotation only its own closing mark counts, so that
nested quotations stay inside. What a missing mark does is bounded by the paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from stance.schema import Sentence

_PAIRS: dict[str, str | tuple[str, ...]] = {
    "“": "”“",
    "„": "“”",
    "«": "»",
    "»": "«",
    "‹": "›",
    "「": "」",
    "『": "』",
    "‘": "’",
    "‚": "‘’",
    '"': '"”',
    "'": "'",
    "``": ("''", '"'),
    "''": ("''",),
}
_MARK = re.compile("``|''|[\"'“”„«»‹›「」『』‘’‚]")
_SINGLE = "'‘‚’"
_SINGLE_CLOSE = re.compile(r"[’'](?![^\W_])")
_WORDS = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class Quotation:
    """``text[start:end]`` with its marks; ``inner`` is what stands between them.

    ``closed`` is false where the closing mark is missing: at the end of a paragraph that the
    next one continues, or by mistake. ``continues`` points back to the quotation that this one
    goes on with, across a paragraph break.
    """

    start: int
    end: int
    closed: bool
    words: int
    capitals: int
    """Words, and words that start with a capital, to tell titles from speech."""
    final: str
    """The last character inside the marks: ``,`` or ``.`` in a whole utterance."""
    continues: bool = False
    embedded: bool = False
    """Whether it is built into the words around it: ``called it "a crime"``."""

    @property
    def fragment(self) -> bool:
        """Whether it is too short or too much a title to be somebody's utterance."""
        if not self.closed:
            return self.words < 4 and self.final not in ".!?"
        if self.words < 2:
            return self.final not in ".!?,"
        if self.final in ".!?,…":
            # "Jaws," is a title in a list; "Great news," is said.
            return self.final == "," and self.words < 3 and self.capitals == self.words
        return self.words < 5 or self.capitals * 4 >= self.words * 3


def quotations(text: str, sentences: Sequence[Sentence]) -> list[Quotation]:
    """The outermost quotations of the article, in order, paragraph by paragraph."""
    found: list[Quotation] = []
    start = 0
    while start < len(sentences):
        stop = start
        paragraph = sentences[start].paragraph
        while stop < len(sentences) and sentences[stop].paragraph == paragraph:
            stop += 1
        if not (stop == start + 1 and sentences[start].boilerplate):
            _pair(text, sentences[start].start, sentences[stop - 1].end, found)
        start = stop
    return found


def _pair(text: str, start: int, end: int, found: list[Quotation]) -> None:
    opened: int | None = None
    closers: str | tuple[str, ...] = ""
    mark = ""
    closing = -1
    for match in _MARK.finditer(text, start, end):
        at, here = match.start(), match.group()
        before = text[at - 1] if at > start else " "
        after = text[match.end()] if match.end() < end else " "
        if opened is not None:
            closes = here in closers and (
                not before.isspace() or after.isspace() or here not in ('"', "'", "''", "“")
            )
            if here in _SINGLE and closes:
                # An apostrophe has letters on both sides; "the boys' " is closed only by luck.
                closes = not after.isalnum()
            if closes:
                _add(text, opened, match.end(), len(mark), len(here), True, found)
                opened = None
            elif (
                here == mark
                and here not in _SINGLE
                and mark not in ("``", "''")
                and before.isspace()
                and not after.isspace()
            ):
                # The closing mark was forgotten: a new opening mark ends the old quotation.
                _add(text, opened, at, len(mark), 0, False, found)
                opened = at
            continue
        opens = here in _PAIRS and not after.isspace()
        if here in _SINGLE:
            opens = opens and not before.isalnum() and before not in _SINGLE and after.isalpha()
            if opens and here != "’" and closing < match.end():
                # Looked up once for all marks before it, so that many marks stay linear.
                close = _SINGLE_CLOSE.search(text, match.end(), end)
                closing = close.start() if close else end
            opens = opens and here != "’" and closing < min(end, match.end() + 400)
        elif here in ('"', "''"):
            opens = opens and not before.isalnum()
        elif here == "»":
            opens = opens and (before.isspace() or at == start)
        if opens:
            opened, closers, mark = at, _PAIRS[here], here
    if opened is not None:
        _add(text, opened, end, len(mark), 0, False, found)


def _add(
    text: str, start: int, end: int, left: int, right: int, closed: bool, found: list[Quotation]
) -> None:
    inner = text[start + left : end - right].strip()
    if not inner:
        return
    words = _WORDS.findall(inner[:2000])
    capitals = sum(word[0].isupper() for word in words)
    continues = bool(
        found
        and not found[-1].closed
        and found[-1].end <= start
        and not any(char.isalnum() for char in text[found[-1].end : start])
    )
    around = text[max(0, start - 2) : start].rstrip()
    embedded = around[-1:].isalnum() and inner[:1].islower()
    found.append(
        Quotation(start, end, closed, len(words), capitals, inner[-1], continues, embedded)
    )
