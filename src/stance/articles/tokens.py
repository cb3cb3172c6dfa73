"""A sentence as the rules read it: words with kinds and offsets, each quotation one token."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from stance.articles.cues import lexicon
from stance.articles.quotes import Quotation
from stance.articles.vocabulary import kind_of
from stance.schema import Sentence

_TOKEN = re.compile(
    r"(?:[^\W\d_]\.){2,8}"  # U.S., J.K.
    r"|(?:Mr|Mrs|Ms|Dr|Sen|Rep|Gov|Gen|Maj|Lt|Col|Capt|Sgt|Adm|Prof|Rev|Hon|St|Jr|Sr|Amb|Sens|Reps"
    r"|Jan|Feb|Aug|Sept|Oct|Nov|Dec)\."
    r"|[^\W\d_]\.(?=\s[^\W\d_])"  # an initial
    r"|[@#$£€]?[^\W_]+(?:[.'’&/,-]?[^\W_]+){0,24}"
    r"|--|[,;:()\[\]–—?!…-]"
)
MAX_TOKENS = 400
"""Tokens of one sentence that the rules read; no sentence that a person wrote has more."""
_BREAKS = {",": ",", ":": ":", "(": "(", "[": "(", ")": ")", "]": ")"}


@dataclass(slots=True)
class Clause:
    """Parallel lists over the tokens of one sentence; offsets index the article's text.

    A quotation that overlaps the sentence is one token of kind ``Q`` (``quote[i]`` names it),
    so that what is said is never searched for who says it.
    """

    sentence: Sentence
    start: list[int]
    end: list[int]
    word: list[str]
    """Lower-case, with straight apostrophes and without a possessive ``'s``."""
    kind: list[str]
    genitive: list[bool]
    quote: list[int]
    """Index into the article's quotations, or -1."""

    def __len__(self) -> int:
        return len(self.word)


def tokenize(
    text: str, sentence: Sentence, quotes: Sequence[Quotation], overlapping: Sequence[int]
) -> Clause:
    """Tokens of ``sentence``; ``overlapping`` are the indices of the quotations in it, in order."""
    clause = Clause(sentence, [], [], [], [], [], [])
    at = sentence.start
    for index in overlapping:
        if len(clause) >= MAX_TOKENS:
            return clause
        quotation = quotes[index]
        _words(text, at, min(quotation.start, sentence.end), clause)
        begin, stop = max(quotation.start, sentence.start), min(quotation.end, sentence.end)
        _push(clause, begin, stop, "", "Q", False, index)
        at = stop
    _words(text, at, sentence.end, clause)
    return clause


def _push(
    clause: Clause, start: int, end: int, word: str, kind: str, genitive: bool, quote: int
) -> None:
    clause.start.append(start)
    clause.end.append(end)
    clause.word.append(word)
    clause.kind.append(kind)
    clause.genitive.append(genitive)
    clause.quote.append(quote)


def _words(text: str, start: int, end: int, clause: Clause) -> None:
    for match in _TOKEN.finditer(text, start, end):
        if len(clause) >= MAX_TOKENS:
            return
        begin, stop = match.span()
        word = match.group()
        if not word[0].isalnum() and word[0] not in "@#$£€":
            _push(clause, begin, stop, word, _BREAKS.get(word, ";"), False, -1)
            continue
        lower = word.lower().replace("’", "'")
        genitive = False
        if lower.endswith("'s") and lower not in (
            "it's",
            "he's",
            "she's",
            "that's",
            "let's",
            "there's",
        ):
            genitive, lower, stop = True, lower[:-2], stop - 2
            word = word[:-2]
        elif lower.endswith("s") and text[stop : stop + 1] in ("'", "’"):
            genitive = True
        first = not clause.word or clause.kind[-1] in ":Q"
        kind = kind_of(word, lower, first)
        if kind == "N" and first and not genitive and _opens_with_verb(lower):
            kind = "L"
        _push(clause, begin, stop, lower, kind, genitive, -1)


def _opens_with_verb(lower: str) -> bool:
    """Whether a sentence's first word has its capital from that only: "Asked", "Speaking"."""
    form = lexicon().verbs.get(lower)
    return form is not None and lower.endswith(("ed", "ing")) and len(lower) > 4
