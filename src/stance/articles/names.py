"""Names as strings: titles, gender, runs of capitals, and what is no name at all.

Gender goes by title or by a common first name; a name outside the lists fits every pronoun.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from stance.articles.tokens import Clause
from stance.articles.vocabulary import COLLECTIVE, KINDS, TITLES, words

MALE_TITLES = words("male_titles")
FEMALE_TITLES = words("female_titles")
MALE = words("male")
FEMALE = words("female")
ORGANISATION = words("organisation")
_PIECE = re.compile(r"[^\s,;:()\[\]\"“”]+")
_POSSESSIVE = re.compile(r"['’]s?$")
_INNER = words("inner")
_SUFFIX = frozenset(["jr", "sr", "ii", "iii", "iv"])


def surname_key(name: str) -> str:
    words = name.split()
    while len(words) > 1 and words[-1].lower().rstrip(".") in _SUFFIX:
        words.pop()
    return words[-1].lower()


def name_runs(c: Clause) -> Iterable[tuple[int, int]]:
    """Token ranges of capitalised words, small inner words included."""
    i, n = 0, len(c)
    while i < n:
        if c.kind[i] != "N":
            i += 1
            continue
        j = i + 1
        while j < n and not c.genitive[j - 1]:
            if c.kind[j] == "N" or (
                c.word[j] in _INNER
                and c.word[j] not in ("and", "&", "for", "the")
                and j + 1 < n
                and c.kind[j + 1] == "N"
            ):
                j += 1
            else:
                break
        yield i, j
        i = j


def gender_of(words: list[str], titles: str) -> str:
    for title in titles.lower().replace(".", "").split():
        if title in MALE_TITLES:
            return "he"
        if title in FEMALE_TITLES:
            return "she"
    lower = [word.lower() for word in words]
    if any(word in ORGANISATION for word in lower):
        return "it"
    if len(words) > 1 or titles:
        if lower[0] in MALE:
            return "he"
        if lower[0] in FEMALE:
            return "she"
    if len(words) == 1 and words[0].isupper() and len(words[0]) > 1:
        return "it"
    return ""


def core(phrase: str) -> tuple[str, str]:
    """``(name, titles)`` of a phrase: the last run of capitalised words without titles."""
    run: list[str] = []
    named: list[str] = []
    for piece in _PIECE.findall(phrase):
        bare = _POSSESSIVE.sub("", piece)
        lower = bare.lower()
        if bare[:1].isupper() and (lower not in KINDS or KINDS[lower] in "XT"):
            run.append(bare)
            named = run
            if piece != bare and not piece.endswith(("s'", "s’")):
                run = []
        elif run and lower in _INNER:
            run.append(piece)
        else:
            run = []
    name = list(named)
    while name and not name[-1][0].isupper():
        name.pop()
    if len(name) > 2 and "and" in name:
        name = (
            name[: name.index("and")] if name[0].lower().rstrip(".") not in ORGANISATION else name
        )
    titles: list[str] = []
    while len(name) > 1 and name[0].lower().rstrip(".") in TITLES:
        titles.append(name.pop(0))
    lowered = [piece.lower() for piece in phrase.split() if piece[:1].islower()]
    return " ".join(name), " ".join(titles + [word for word in lowered if word in TITLES])


def headed_by_noun(phrase: str) -> bool:
    """Whether the phrase is about a common noun ("the Ostvian candidate"), not about a name."""
    head = ""
    for piece in _PIECE.findall(phrase):
        if head and piece.lower() in (
            "of",
            "for",
            "at",
            "in",
            "from",
            "with",
            "on",
            "to",
            "against",
        ):
            break
        head = piece
    return head[:1].islower()


def generic_name(phrase: str, proper: frozenset[str]) -> str:
    """A holder without a name: no article, no capital that only the position gave."""
    phrase = " ".join(phrase.split())
    first, _, rest = phrase.partition(" ")
    if rest and first.lower() in ("the", "a", "an"):
        return rest
    lower = first.lower()
    by_place = (
        lower not in proper
        and (not rest or not _POSSESSIVE.search(first))
        and (rest[-1:].islower() and rest[:1].islower())
    )
    if (
        first[:1].isupper()
        and not first[1:].isupper()
        and (by_place or lower in COLLECTIVE or lower in KINDS)
    ):
        return phrase[0].lower() + phrase[1:]
    return phrase
