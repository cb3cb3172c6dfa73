"""Find the subject of a verb group, over what stands between the two."""

from __future__ import annotations

from stance.articles.phrases import REACH, Range, nounlike, phrase_after, phrase_before, verbal
from stance.articles.tokens import Clause
from stance.articles.vocabulary import BE, HAVE, words

_ATTACHING = words("attaching")


def group_start(c: Clause, i: int) -> int:
    """The first token of the verb group whose main verb is ``i`` ("has also repeatedly said")."""
    j = i
    while j > 0 and i - j < 8:
        kind = c.kind[j - 1]
        if kind in "XA" or (
            c.word[j - 1] in ("all", "both", "each") and j > 1 and c.kind[j - 2] in "XNO"
        ):
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
    floor = max(0, end - REACH)
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
            # A phrase behind an opening preposition ("In Karsa on Monday ...") is no subject.
            if i > floor and c.kind[i - 1] == "P" and (i - 1 == 0 or c.kind[i - 2] in ",;:QC"):
                return best
            best = (head[0], found[1])
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
        while j < min(n, i + REACH) and c.kind[j] != ",":
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
    floor = max(1, end - REACH)
    while i >= floor:
        before = i - 1
        if (c.kind[i] == "X" or (c.kind[i] == "L" and verbal(c, i))) and (
            c.kind[before] in "NLO#D" or c.kind[before] in ",)"
        ):
            found = subject_before(c, i)
            if found is not None and not (
                found[0] > 0 and c.kind[found[0] - 1] == "P" and c.kind[found[0]] != "O"
            ):
                return found
        i -= 1
    return None


def antecedent(c: Clause, relative: int) -> Range:
    """Whom ``who`` stands for, or the word itself where nothing fits."""
    return subject_before(c, relative) or (relative, relative + 1)
