"""Find the noun phrase that stands before or after a point, without a parser.

Walks are bounded, so that a text of a million capitals costs no more per cue than any other.
A phrase is a half-open range of token indices.
"""

from __future__ import annotations

from dataclasses import dataclass

from stance.articles.cues import lexicon
from stance.articles.tokens import Clause
from stance.articles.vocabulary import GENERIC_PRONOUNS, words

Range = tuple[int, int]
_SPEAKING = ("spokes", "direct", "profes", "analys", "report")
REACH = 40
"""Tokens that a walk may cover."""
_NOMINAL = frozenset("NL#")
_NOT_NOUN = words("not_noun")
_ADJECTIVAL = words("adjectival")


def nounlike(c: Clause, i: int) -> bool:
    """Whether token ``i`` may end a noun phrase."""
    kind = c.kind[i]
    if kind == "N" or kind == "#":
        return True
    if kind == "L":
        return c.word[i] not in _NOT_NOUN and not verbal(c, i)
    return False


def verbal(c: Clause, i: int) -> bool:
    """Whether lower-case token ``i`` reads as a verb where it stands."""
    word = c.word[i]
    previous = c.kind[i - 1] if i else ";"
    if word in _ADJECTIVAL:
        return False
    if word.endswith("ed") and len(word) > 4:
        return previous not in "DG" and not (i and c.genitive[i - 1])
    form = lexicon().verbs.get(word)
    if form is None:
        return False
    if form.tags & {"past", "participle"}:
        return previous not in "DGP"
    following = c.word[i + 1] if i + 1 < len(c) else ""
    if following in lexicon().verbs or (i + 1 < len(c) and c.kind[i + 1] == "X"):
        return False  # "the agency's records show": before a verb it is a noun
    return previous in "OXR" or (word != form.lemma and previous == "N" and not c.genitive[i - 1])


def phrase_before(c: Clause, end: int) -> Range | None:
    """The noun phrase that ends right before token ``end``, modifiers and ``of`` included."""
    i = end - 1
    floor = max(0, end - REACH)
    if i < floor or not (nounlike(c, i) or c.kind[i] in "OD"):
        return None
    if c.kind[i] == "O":
        return (i, end)
    if c.kind[i] == "D":
        if c.word[i] in ("all", "both", "each") and i > floor and c.kind[i - 1] in "NO#":
            return phrase_before(c, i)  # "Petra and Sorin both said"
        return (i, end) if c.word[i] in GENERIC_PRONOUNS else None
    while i >= floor:
        kind = c.kind[i]
        if kind in "DG":
            # "all the", "both her": determiners may pile up.
            while i > floor and c.kind[i - 1] in "DG":
                i -= 1
            return (i, end)
        if kind in _NOMINAL or (kind == "T" and i < end - 1):
            if kind == "L" and i < end - 1 and verbal(c, i):
                return (i + 1, end)
            i -= 1
            continue
        if kind == "A" and i < end - 1 and i > floor and c.kind[i - 1] in "DG":
            i -= 1
            continue
        if kind == "P" and c.word[i] == "of" and i > floor and nounlike(c, i - 1) and i < end - 1:
            i -= 1
            continue
        if (
            kind == "C"
            and i > floor
            and i < end - 1
            and not c.genitive[i - 1]
            and (c.kind[i - 1] + c.kind[i + 1] == "NN" or _plurals(c, i))
        ):
            i -= 1
            continue
        return (i + 1, end) if i + 1 < end else None
    return (i + 1, end)


def _plurals(c: Clause, i: int) -> bool:
    """Whether coordinator ``i`` joins two plural nouns ("teachers and union officials")."""
    if not nounlike(c, i - 1) or not c.word[i - 1].endswith("s"):
        return False
    return any(
        c.kind[k] == "L" and c.word[k].endswith("s") for k in range(i + 1, min(i + 3, len(c)))
    )


def phrase_after(c: Clause, start: int) -> Range | None:
    """The noun phrase that begins at token ``start`` (an adverb may come first)."""
    n = min(len(c), start + REACH)
    i = start
    while i < n and c.kind[i] == "A":
        i += 1
    begin = i
    if i < n and c.kind[i] == "O":
        return (i, i + 1)
    while i < n and c.kind[i] in "DG":
        i += 1
    nouns = i
    while i < n:
        kind = c.kind[i]
        if kind in _NOMINAL:
            if kind == "L" and i > nouns and _breaks(c, i, n) and not (begin and _plural(c, i)):
                break
            i += 1
            if i < n and c.genitive[i - 1] and c.kind[i] in "DAT":
                i += 1
        elif kind == "T" and begin < nouns and i + 1 < n and c.kind[i + 1] in "NL":
            i += 1  # "the night raid"
        elif kind == "P" and i > nouns and _links(c, i, n):
            i += 1
            while i < n and c.kind[i] in "DG":
                i += 1
        elif kind == "C" and i > nouns and i + 1 < n and c.kind[i - 1] + c.kind[i + 1] == "NN":
            i += 1
        else:
            break
    return (begin, i) if i > begin else None


def _links(c: Clause, i: int, n: int) -> bool:
    """Whether preposition ``i`` goes on with the phrase: "of", or "for" behind a spokesman."""
    if i + 1 >= n or c.kind[i + 1] not in "DGNL#":
        return False
    if c.word[i] == "of":
        return not (c.kind[i + 1] == "L" and c.word[i + 1].endswith("ing"))
    return c.word[i] in ("for", "at", "with") and c.word[i - 1].startswith(_SPEAKING)


def _breaks(c: Clause, i: int, n: int) -> bool:
    """Whether a participle or verb ends the phrase ("a report published on Monday")."""
    word = c.word[i]
    following = c.kind[i + 1] if i + 1 < n else ";"
    if word in _ADJECTIVAL:
        return False
    if word.endswith("ed") and len(word) > 4:
        return True
    if word.endswith("ing") and len(word) > 4:
        return following not in "NL"
    form = lexicon().verbs.get(word)
    return form is not None and bool(form.tags & {"past", "third"}) and following in "DGOXPRSA"


def _plural(c: Clause, i: int) -> bool:
    """Whether a word that may be a verb is a noun: "(condemned) air strikes on the depots"."""
    form = lexicon().verbs.get(c.word[i])
    if form is None or "third" not in form.tags or i + 1 >= len(c):
        return False
    return c.kind[i - 1] == "L" and c.kind[i + 1] == "P"


def conjuncts(c: Clause, found: Range) -> list[Range]:
    """``Anna Petra and Sten Ode``: one phrase for each name; other phrases stay whole."""
    parts: list[Range] = []
    first = found[0]
    for k in range(found[0], found[1]):
        if c.word[k] in ("and", "&") and c.kind[k] == "C":
            parts.append((first, k))
            first = k + 1
    parts.append((first, found[1]))
    # "Johnson and Johnson", "the Department of Fish and Game": every part needs a full name.
    separate = len(parts) > 1 and all(
        b - a >= 2 and all(c.kind[k] == "N" for k in range(a, b)) for a, b in parts
    )
    return parts if separate else [found]


@dataclass(frozen=True, slots=True)
class Hit:
    """One cue and its holder in one sentence, as token ranges."""

    rule: str
    lemma: str
    cue: Range
    holder: Range | None
    """``None`` where the sentence leaves the holder out ("was expected to")."""
