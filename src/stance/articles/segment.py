"""Cut an article into sentences that cover every non-blank character exactly once.

Three passes, each linear in the text: lines, blocks (lines joined where a line break falls
inside a sentence), sentences (boundaries inside a block). Quotations are not protected:
each sentence of a long quotation is its own, since each takes its own stance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stance.articles.boilerplate import is_boilerplate, is_caption, prefix_length
from stance.articles.vocabulary import words
from stance.schema import Sentence

_TITLES = words("never_final")
"""Followed by a name, a number or more of the same sentence: never the end."""

_MONTHS = words("months")

_MAYBE = words("maybe_final")
"""May end a sentence: it does when what follows starts one."""

_STARTERS = words("starters")

_WORD = re.compile(r"[^\s(\[{\"“‘«„]+$")


def ends_sentence(before: str, after: str) -> bool:
    """Whether the full stop after ``before`` ends its sentence, given what follows it.

    ``before`` is the text up to the stop (the last 24 characters will do), ``after`` the
    next word without opening marks; it starts with no lower-case letter.
    """
    match = _WORD.search(before)
    if match is None:
        return True
    word = match.group().lower()
    first = re.match(r"[^\W_]+", after)
    follower = first.group() if first else ""
    bare = word.rsplit("-", 1)[-1]
    if word in _TITLES or bare in _TITLES:
        return False
    if word in _MONTHS or word in ("no", "nos", "art", "sec", "pp"):
        return not follower[:1].isdigit()
    if len(bare) == 1 and bare.isalpha():
        return follower.lower() in _STARTERS and follower != "A"
    if "." in bare or bare in _MAYBE:
        return not follower or follower.lower() in _STARTERS
    return True


# Every character that ends a line somewhere; U+2028 and U+0085 arrive from web pages.
_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_TERMINATORS = ".!?…。！？؟۔।｡"
_CLOSERS = "\"'”’»›)\\]}」』】"
_OPENERS = "\"'“‘«‹„‚([{「『【¿¡—–-"
# A run of terminators is entered only at its first character, so that long runs stay linear.
_END = re.compile(
    rf"(?<![{_TERMINATORS}])[{_TERMINATORS}]++[{_CLOSERS}]*+(?:\[\d{{1,3}}\])*+(?=\s|$)"
    rf"|[。！？｡]++[{_CLOSERS}]*+"
)
_NEXT = re.compile(rf"\s*+[{re.escape(_OPENERS)}]*+")
_BULLET = re.compile(r"\s*(?:[-*•‣◦▪–—]\s|\(?\d{1,3}[.)]\s|\(?[a-z][.)]\s)")
_DANGLING = re.compile(
    r"(?:[,;&(\[“‘«–—-]|\b(?:the|a|an|of|and|or|to|in|on|at|by|for|from|with|that|as|is|was|were|are"
    r"|be|has|have|had|will|would|said|told|its|his|her|their|who|which|but|Mr\.|Mrs\.|Ms\.|Dr\.))$",
    re.I,
)
# Question or exclamation closed by a quotation mark, then who said it: still one sentence.
_TAG = re.compile(
    r"\s+(?:[A-Z][\w.'’-]{0,24}\s+){1,4}(?:\(\S{1,12}\)\s+)?"
    r"(?:said|says|asked|asks|told|added|wrote|tweeted|replied|responded|shouted|wondered|continued"
    r"|exclaimed|joked|demanded|declared|cried|yelled)\b"
)
_SHORT = 45
"""Characters below which a line without a final mark may be a heading rather than a broken line."""


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    gap: bool
    """Whether a blank line stands before it."""


def segment(text: str) -> list[Sentence]:
    """Sentences of ``text`` in order; ``text[s.start:s.end] == s.text`` for each.

    Boilerplate lines and datelines come as sentences of their own, marked. A sentence that
    a line break cuts in two spans the break; none spans a real paragraph break.
    """
    sentences: list[Sentence] = []
    for paragraph, (start, end, plain) in enumerate(_blocks(text)):
        if plain and not is_caption(text[start:end]):
            head = prefix_length(text[start : start + 200])
            pieces = [(start, start + head, True)] if head else []
            pieces += [(a, b, False) for a, b in _whole(text, _split(text, start + head, end))]
        elif plain:
            pieces = [(a, b, True) for a, b in _whole(text, _split(text, start, end))]
        else:
            pieces = [(start, end, True)]
        for a, b, boilerplate in pieces:
            a, b = _trim(text, a, b)
            if a < b:
                sentences.append(Sentence(len(sentences), a, b, text[a:b], paragraph, boilerplate))
    return sentences


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


def _lines(text: str) -> Iterator[_Line]:
    previous = 0
    for match in _LINE.finditer(text):
        start, end = _trim(text, *match.span())
        if start < end:
            # Several breaks make a blank line; CR LF is one break.
            between = text[previous:start].replace("\r\n", "\n")
            breaks = sum(char in "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029" for char in between)
            yield _Line(start, end, breaks > 1)
            previous = end


def _blocks(text: str) -> Iterator[tuple[int, int, bool]]:
    """``(start, end, prose)`` for each run of lines that reads as one paragraph."""
    lines = list(_lines(text))
    widths = _wrapped_widths(text, lines)
    start: int | None = None
    for number, line in enumerate(lines):
        if is_boilerplate(text[line.start : min(line.end, line.start + 300)]) and (
            line.end - line.start <= 300
        ):
            if start is not None:
                yield start, lines[number - 1].end, True
                start = None
            yield line.start, line.end, False
            continue
        if start is not None and not _continues(text, lines[number - 1], line, widths[number]):
            yield start, lines[number - 1].end, True
            start = None
        if start is None:
            start = line.start
    if start is not None:
        yield start, lines[-1].end, True


def _wrapped_widths(text: str, lines: list[_Line]) -> list[int]:
    """For each line the wrap width of its run, or 0 where the run is not hard-wrapped.

    A run of lines without blank lines is wrapped when most lines end in mid-sentence and
    none is long: then a capital at the start of a line means nothing.
    """
    widths = [0] * len(lines)
    first = 0
    while first < len(lines):
        last = first + 1
        while last < len(lines) and not lines[last].gap:
            last += 1
        lengths = [line.end - line.start for line in lines[first:last]]
        broken = sum(
            text[lines[i + 1].start].islower() and text[lines[i].end - 1] not in _TERMINATORS
            for i in range(first, last - 1)
        )
        longest = max(lengths)
        if last - first >= 3 and 40 <= longest <= 130 and broken * 3 >= last - first - 1:
            widths[first:last] = [longest] * (last - first)
        first = last
    return widths


def _continues(text: str, before: _Line, line: _Line, width: int) -> bool:
    """Whether ``line`` goes on with the sentence or paragraph of ``before``."""
    tail = text[max(before.start, before.end - 40) : before.end]
    head = text[line.start : line.start + 40]
    if _BULLET.match(head):
        return False
    closed = tail.rstrip(_CLOSERS)[-1:] in _TERMINATORS
    lower = head.lstrip(_OPENERS)[:1].islower()
    if line.gap:
        # A blank line inside a sentence: only when both sides say so.
        return not closed and lower and tail[-1:] != ":" and before.end - before.start >= _SHORT
    if width:
        return before.end - before.start >= width * 0.6 or (not closed and lower)
    if closed and not lower:
        return _abbreviated(tail, head)
    if tail[-1:] == ":":
        return False
    if lower:
        return not closed
    return bool(_DANGLING.search(tail))


def _abbreviated(tail: str, head: str) -> bool:
    return tail.endswith(".") and not ends_sentence(tail[:-1], head)


def _whole(text: str, pieces: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join a piece without a letter or digit (a lone ``...``) to the one before it."""
    held: tuple[int, int] | None = None
    for a, b in pieces:
        if held is None:
            held = (a, b)
        elif any(char.isalnum() for char in text[a:b]):
            yield held
            held = (a, b)
        else:
            held = (held[0], b)
    if held is not None:
        yield held


def _split(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Sentence spans of one block; boundaries are decided mark by mark."""
    begin = start
    for match in _END.finditer(text, start, end):
        stop = match.end()
        if stop >= end or stop <= begin:
            continue
        if text[match.start()] in "。！？｡":
            yield begin, stop
            begin = stop
            continue
        opened = _NEXT.match(text, stop, min(end, stop + 60))
        after = opened.end() if opened else stop
        following = text[after : after + 24]
        if following[:1].islower():
            continue
        marks = match.group()
        if marks == ".":
            if not ends_sentence(text[max(begin, match.start() - 24) : match.start()], following):
                continue
            # "1. The first point": the number of a list item is not a sentence.
            if text[begin : match.start()].strip().isdigit() and match.start() - begin < 6:
                continue
        elif (
            marks[-1] in "\"'”’»"
            and marks[0] in "!?"
            and _TAG.match(text, stop, min(end, stop + 120))
        ):
            continue
        yield begin, stop
        begin = stop
    if begin < end:
        yield begin, end
