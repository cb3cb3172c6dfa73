"""Closed classes of English words, and the one-letter kinds that the rules read.

A kind is enough grammar for finding who stands before or after a cue; nothing here
parses. Kinds: ``N`` capitalised, ``L`` other word, ``#`` number, ``D`` determiner, ``G``
possessive pronoun, ``O`` pronoun, ``R`` relative, ``P`` preposition, ``C`` coordinator,
``S`` subordinator, ``X`` auxiliary, ``A`` adverb, ``T`` time word, ``,`` comma, ``(``/``)``
brackets, ``:`` colon, ``;`` other break, ``Q`` a quotation (one token).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def sections(name: str) -> Mapping[str, tuple[str, ...]]:
    """The lines of each section of a bundled file, read once."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in bundled(name).split("\n"):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            section = line.strip("[]")
            found[section] = []
        else:
            found[section].append(line)
    return {section: tuple(lines) for section, lines in found.items()}


def bundled(name: str) -> str:
    """The text of a data file that lies beside these modules."""
    return (files("stance.articles") / name).read_text(encoding="utf-8")


def words(section: str) -> frozenset[str]:
    """The words of one section of ``words.txt``."""
    return frozenset(" ".join(sections("words.txt")[section]).split())


DETERMINERS = words("determiners")
POSSESSIVES = words("possessives")
PRONOUNS = words("pronouns")
GENERIC_PRONOUNS = words("generic_pronouns")
RELATIVES = words("relatives")
PREPOSITIONS = words("prepositions")
COORDINATORS = words("coordinators")
SUBORDINATORS = words("subordinators")
BE = words("be")
HAVE = words("have")
MODALS = words("modals")
DO = words("do")
AUXILIARIES = BE | HAVE | MODALS | DO
ADVERBS = words("adverbs")
NOT_ADVERBS = words("not_adverbs")
TIMES = words("times")
TITLES = words("titles")
"""Words that stand before a surname and are no part of the name."""

COLLECTIVE = words("collective")
"""Holders that need no name."""


def kind_of(word: str, lower: str, first: bool) -> str:
    """The kind of one word token; ``first`` when it opens the sentence or a quotation."""
    if lower in KINDS:
        kind = KINDS[lower]
        # "Will" may be a person, "Today" a newspaper; a capital inside the sentence says so.
        if kind in "XA" and word[0].isupper() and not first:
            return "N"
        return kind
    if lower[0].isdigit() or lower[0] in "$£€#":
        return "#"
    if lower.endswith("ly") and lower not in NOT_ADVERBS and word[0].islower() and len(lower) > 4:
        return "A"
    if word[0].isupper():
        return "N"
    return "L"


KINDS: dict[str, str] = {}
for _kind, _words in (
    ("T", TIMES),
    ("A", ADVERBS),
    ("P", PREPOSITIONS),
    ("S", SUBORDINATORS),
    ("C", COORDINATORS),
    ("X", AUXILIARIES),
    ("O", PRONOUNS),
    ("G", POSSESSIVES),
    ("R", RELATIVES),
    ("D", DETERMINERS),
):
    KINDS.update(dict.fromkeys(_words, _kind))
