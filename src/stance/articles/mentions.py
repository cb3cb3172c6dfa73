"""Find the noun phrase that stands before or after a point: who, without a parser.

Walks are bounded, so that a text of a million capitals costs no more per cue than any other.
A phrase is a half-open range of token indices.
"""

from __future__ import annotations

from stance.articles.cues import lexicon
from stance.articles.tokens import Clause
from stance.articles.vocabulary import BE, GENERIC_PRONOUNS, HAVE

Range = tuple[int, int]
_REACH = 40
"""Tokens that a walk may cover."""
_NOMINAL = frozenset("NL#")
_ATTACHING = frozenset(
    [
        "of",
        "for",
        "in",
        "at",
        "from",
        "with",
        "on",
        "to",
        "about",
        "against",
        "under",
        "among",
        "between",
        "within",
        "inside",
        "near",
        "around",
        "behind",
        "like",
        "across",
        "over",
        "including",
    ]
)
_NOT_NOUN = frozenset(
    [
        "according",
        "due",
        "because",
        "more",
        "less",
        "able",
        "such",
        "same",
        "likely",
        "unlikely",
        "set",
        "free",
        "ready",
    ]
)


def nounlike(c: Clause, i: int) -> bool:
    """Whether token ``i`` may end a noun phrase."""
    kind = c.kind[i]
    if kind == "N" or kind == "#":
        return True
    if kind == "L":
        return c.word[i] not in _NOT_NOUN and not _verbal(c, i)
    return False


def _verbal(c: Clause, i: int) -> bool:
    """Whether lower-case token ``i`` reads as a verb where it stands."""
    word = c.word[i]
    previous = c.kind[i - 1] if i else ";"
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
    floor = max(0, end - _REACH)
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
            if kind == "L" and i < end - 1 and _verbal(c, i):
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
    n = min(len(c), start + _REACH)
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
            if kind == "L" and i > nouns and _breaks(c, i, n):
                break
            i += 1
            if i < n and c.genitive[i - 1] and c.kind[i] in "DAT":
                i += 1
            continue
        if (
            kind == "P"
            and i > nouns
            and i + 1 < n
            and (
                c.word[i] == "of"
                or (
                    c.word[i] in ("for", "at", "with")
                    and c.word[i - 1][:6] in ("spokes", "direct", "profes", "analys", "report")
                )
            )
            and c.kind[i + 1] in "DGNL#"
        ):
            i += 1
            while i < n and c.kind[i] in "DG":
                i += 1
            continue
        if (
            kind == "C"
            and i > nouns
            and i + 1 < n
            and c.kind[i - 1] == "N"
            and c.kind[i + 1] == "N"
        ):
            i += 1
            continue
        break
    if i == nouns:
        return (begin, i) if i > begin else None
    return (begin, i)


def _breaks(c: Clause, i: int, n: int) -> bool:
    """Whether a participle or verb ends the phrase ("a report published on Monday")."""
    word = c.word[i]
    following = c.kind[i + 1] if i + 1 < n else ";"
    if word.endswith("ed") and len(word) > 4:
        return True
    if word.endswith("ing") and len(word) > 4:
        return following not in "NL"
    form = lexicon().verbs.get(word)
    return form is not None and bool(form.tags & {"past", "third"}) and following in "DGOXPRSA"


def group_start(c: Clause, i: int) -> int:
    """The first token of the verb group whose main verb is ``i`` ("has also repeatedly said")."""
    j = i
    while j > 0 and i - j < 8:
        kind = c.kind[j - 1]
        if kind in "XA":
            j -= 1
        elif kind == "T" and j - 1 > 0:
            j -= 1
            if j > 0 and c.word[j - 1] in ("on", "this", "last", "late", "early", "in"):
                j -= 1
        else:
            break
    return j


def passive(c: Clause, i: int) -> bool:
    """Whether participle ``i`` follows a form of *be* ("was sharply criticised")."""
    j = i - 1
    while j >= 0 and i - j < 6 and c.kind[j] in "AX":
        if c.word[j] in BE:
            return True
        if c.word[j] in HAVE:
            return False
        j -= 1
    return False


def subject_before(c: Clause, end: int) -> Range | None:
    """The subject of the verb group that starts at ``end``, over what stands between them.

    Steps back over brackets, appositions between commas, reduced relative clauses and
    prepositional phrases that hang on the subject.
    """
    floor = max(0, end - _REACH)
    j = end - 1
    while j >= floor and c.kind[j] == ")":
        while j >= floor and c.kind[j] != "(":
            j -= 1
        j -= 1
    if j < floor:
        return None
    if c.kind[j] in ",;" and c.word[j] != ";":
        return _over_apposition(c, j, floor)
    found = phrase_before(c, j + 1)
    if found is None:
        return None
    return _attached(c, found, floor)


def _attached(c: Clause, found: Range, floor: int) -> Range:
    """``found``, or the phrase that it hangs on: "officials in Karsa", "people who know her"."""
    best = found
    i = found[0]
    for _ in range(5):
        if i - 1 <= floor:
            break
        before = i - 1
        if c.kind[before] == "P" and c.word[before] in _ATTACHING:
            outer = before - 1
            if c.kind[outer] == "L" and c.word[outer].endswith("ed") and nounlike(c, outer - 1):
                outer -= 1  # "officials briefed on the plan"
            head = phrase_before(c, outer + 1) if nounlike(c, outer) else None
            if head is None:
                break
            i = head[0]
            # A phrase that itself opens with a preposition ("In Karsa on Monday ...") is no subject.
            if i > floor and c.kind[i - 1] == "P" and (i - 1 == 0 or c.kind[i - 2] in ",;:QC"):
                return best
            best = head
            continue
        break
    who = _relative(c, best[0], floor)
    return who or best


def _relative(c: Clause, start: int, floor: int) -> Range | None:
    """The antecedent, where ``start`` stands inside a relative clause: "people who know her"."""
    i = start - 1
    verb = False
    while i >= floor and c.kind[i] not in ",;:Q(":
        if c.kind[i] == "L" or c.kind[i] == "X":
            verb = True
        if c.word[i] in ("who", "which") and verb and i > 0 and nounlike(c, i - 1):
            return phrase_before(c, i)
        if c.kind[i] in "SOC" or c.word[i] == "that":
            return None
        i -= 1
    return None


def _over_apposition(c: Clause, comma: int, floor: int) -> Range | None:
    """The phrase before the commas: "Anna Petra, the mayor of Karsa, said"."""
    best: Range | None = None
    i = comma - 1
    commas = 0
    while i >= floor and commas < 6:
        kind = c.kind[i]
        if kind in ";:Q" or (kind == "S" and c.kind[i + 1] != ","):
            break
        if kind == "," or (kind in ";" and c.word[i] in "–—-"):
            commas += 1
            found = subject_of_segment(c, i, floor)
            if found is not None:
                best = found
        i -= 1
    return best


def subject_of_segment(c: Clause, end: int, floor: int) -> Range | None:
    """A phrase right before ``end`` that may be a subject: it opens its clause."""
    j = end - 1
    while j >= floor and c.kind[j] == ")":
        while j >= floor and c.kind[j] != "(":
            j -= 1
        j -= 1
    found = phrase_before(c, j + 1) if j >= floor else None
    if found is None:
        return None
    found = _attached(c, found, floor)
    i = found[0] - 1
    if i < 0 or c.kind[i] in ",;:QCS" or c.word[i] == "that":
        return found
    return None


def first_subject(c: Clause) -> Range | None:
    """The subject of the sentence's main clause, as far as position tells."""
    n = len(c)
    i = 0
    while i < n and c.kind[i] in "AC;":
        i += 1
    if (i < n and c.kind[i] in "PS") or (i < n and c.word[i].endswith("ing") and c.kind[i] == "L"):
        # "In a speech on Monday, the minister ...": start behind the first comma.
        j = i
        while j < min(n, i + _REACH) and c.kind[j] != ",":
            j += 1
        if j < n and c.kind[j] == ",":
            i = j + 1
        else:
            return None
    elif i + 1 < n and c.kind[i] in "T" and c.kind[i + 1] == ",":
        i += 2
    if i < n and c.kind[i] == "Q":
        return None
    found = phrase_after(c, i)
    if found is None or found[0] - i >= 3 or c.kind[found[1] - 1] in "DG":
        return None
    return found


def clause_subject(c: Clause, end: int) -> Range | None:
    """The subject of the nearest finite verb before token ``end``: whom "and added" continues."""
    i = end - 1
    floor = max(1, end - _REACH)
    while i >= floor:
        before = i - 1
        if (c.kind[i] == "X" or (c.kind[i] == "L" and _verbal(c, i))) and (
            c.kind[before] in "NLO#D" or c.kind[before] in ",)"
        ):
            found = subject_before(c, i)
            if found is not None and not (
                found[0] > 0 and c.kind[found[0] - 1] == "P" and c.kind[found[0]] != "O"
            ):
                return found
        i -= 1
    return None
