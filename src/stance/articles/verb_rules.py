"""Verbs that attribute: who stands before, behind or by them, one small rule a pattern."""

from __future__ import annotations

from stance.articles.cues import Form, Lexicon, lexicon
from stance.articles.phrases import Hit, Range, nounlike, phrase_after, phrase_before
from stance.articles.subjects import (
    antecedent,
    clause_subject,
    first_subject,
    group_start,
    passive,
    subject_before,
)
from stance.articles.tokens import Clause
from stance.articles.vocabulary import BE, GENERIC_PRONOUNS, HAVE, MODALS
from stance.articles.vocabulary import words as word_list

_LINKING = word_list("linking")
_CONTROL = word_list("control")
"""Words after which the phrase before *to* is who acts ("for critics to say")."""


def verb_cue(c: Clause, i: int, form: Form, spoken: Range | None, words: Lexicon) -> Hit | None:
    tags = form.tags
    lemma = form.lemma
    start = group_start(c, i)
    before = start - 1
    kind = c.kind[before] if before >= 0 else ""
    if "participle" in tags and (passive(c, i) or (kind == "" and i > start)):
        return _passive(c, i, start, form)
    if "participle" in tags and (kind == "S" or before < 0) and start == i:
        # "When asked why, ...", "Asked about the plan, ..."
        return _by_agent(c, i, i, lemma) or Hit("clause-open", lemma, (i, i + 1), None)
    if "participle" in tags and _by(c, i) and (start == i) and kind in "LN,":
        # "a plan backed by the mayor": a reduced passive.
        return _by_agent(c, i, i, lemma)
    if not form.families & {"speech", "stance", "attitude", "show", "seem"}:
        return None
    finite = "past" in tags or "third" in tags or ("base" in tags)
    helped = any(c.kind[k] == "X" for k in range(start, i))
    if "ing" in tags:
        if helped and any(c.word[k] in BE for k in range(start, i)):
            return _subject(c, i, start, lemma, "progressive", spoken)
        return _participle(c, i, start, lemma, spoken)
    if before >= 0 and c.word[before] == "to" and "base" in tags:
        return _infinitive(c, i, before, lemma, spoken)
    if not finite:
        if any(c.word[k] in HAVE for k in range(start, i)):
            return _subject(c, i, start, lemma, "subject", spoken)
        return None
    if not helped and tags & {"past", "third", "base"}:
        hit = _inverted(c, i, start, lemma)
        if hit is not None:
            return hit
    if not helped and "past" not in tags and _noun_reading(c, i, tags, c.word[i] in words.nouns):
        return None
    return _subject(c, i, start, lemma, "modal" if _modal(c, start, i) else "subject", spoken)


def _modal(c: Clause, start: int, i: int) -> bool:
    return any(c.word[k] in MODALS for k in range(start, i))


def _noun_reading(c: Clause, i: int, tags: frozenset[str], noun: bool) -> bool:
    """Whether a present form stands where a noun would ("the calls", "his support for")."""
    if i == 0:
        return True
    before = i - 1
    kind = c.kind[before]
    if kind == "D" and "base" in tags and c.word[before] in GENERIC_PRONOUNS:
        return False  # "many believe"
    if c.genitive[before] or kind in "DGP" or (kind == "#" and noun):
        return True
    if kind == "L" and i >= 2 and c.kind[i - 2] in "G" and not c.word[before].endswith("s"):
        return "base" in tags
    if "base" in tags and kind in "L" and noun:
        # A base form agrees with a plural: "officials say".
        return not c.word[before].endswith("s") and c.word[before] not in (
            "people",
            "police",
            "women",
            "men",
        )
    return False


def _by(c: Clause, i: int) -> bool:
    return i + 1 < len(c) and c.word[i + 1] == "by"


def _by_agent(c: Clause, i: int, start: int, lemma: str) -> Hit | None:
    # "by" may stand a few words on: "was condemned on Monday by the union".
    for k in range(i + 1, min(i + 9, len(c))):
        if c.kind[k] in ",;:QSR":
            break
        if c.word[k] == "by":
            agent = phrase_after(c, k + 1)
            if agent is None or c.kind[agent[1] - 1] in "T#":
                return None
            if c.word[agent[0]].endswith("ing"):
                return None
            return Hit("passive-by", lemma, (start, i + 1), agent)
    return None


def _passive(c: Clause, i: int, start: int, form: Form) -> Hit | None:
    agent = _by_agent(c, i, start, form.lemma)
    if agent is not None:
        return agent
    if "agentless" in form.families:
        return Hit("agentless", form.lemma, (start, i + 1), None)
    return Hit("passive-open", form.lemma, (start, i + 1), None)


def _subject(
    c: Clause, i: int, start: int, lemma: str, rule: str, spoken: Range | None
) -> Hit | None:
    """``S said``: the holder stands before the verb group."""
    cue = (start, i + 1)
    before = start - 1
    if before < 0:
        return None
    kind = c.kind[before]
    if kind == "R":
        return Hit(f"relative-{c.word[before]}", lemma, cue, antecedent(c, before))
    if kind == "C":
        holder = spoken or clause_subject(c, before) or first_subject(c)
        return Hit("coordinated", lemma, cue, holder) if holder else None
    holder = subject_before(c, start)
    if holder is not None:
        if c.kind[before] in ",;)":
            rule = "apposition"
        elif c.kind[holder[0]] == "O" and holder[1] - holder[0] == 1:
            rule = "pronoun" if rule == "subject" else rule
        return Hit(rule, lemma, cue, holder)
    if kind in ",;:Q":
        holder = spoken or first_subject(c)
        if holder is not None and holder[1] <= start:
            return Hit("coordinated", lemma, cue, holder)
    return None


def _inverted(c: Clause, i: int, start: int, lemma: str) -> Hit | None:
    """``"...," said S``: the verb follows a quotation or a comma and the holder follows it."""
    before = start - 1
    if before < 0 or i + 1 >= len(c) or start != i:
        return None
    if c.kind[before] == "Q":
        pass
    elif c.kind[before] in ",;" and lemma in ("say", "ask", "add", "write", "explain", "note"):
        if subject_before(c, start) is not None and c.kind[i + 1] not in "N":
            return None
    else:
        return None
    holder = phrase_after(c, i + 1)
    if holder is None or c.kind[holder[1] - 1] in "T":
        return None
    stop = holder[1]
    if c.kind[holder[0]] == "O" and c.word[holder[0]] not in ("he", "she", "they", "i", "we"):
        return None
    after = c.kind[stop] if stop < len(c) else ";"
    if c.kind[before] != "Q" and after not in ",;:PT(":
        return None
    return Hit("inverted", lemma, (i, i + 1), holder)


def _participle(c: Clause, i: int, start: int, lemma: str, spoken: Range | None) -> Hit | None:
    """``..., adding that``: a participle speaks for the subject of its clause."""
    before = start - 1
    kind = c.kind[before] if before >= 0 else ""
    if (kind in "DG" and kind) or (before >= 0 and c.genitive[before]):
        return None
    if kind in ("N", "L", "#", "O") and before >= 0:
        if kind != "O" and not nounlike(c, before):
            holder = spoken or first_subject(c)
            return Hit("participle", lemma, (i, i + 1), holder) if holder else None
        near = phrase_before(c, start)
        return Hit("postmodifier", lemma, (i, i + 1), near) if near else None
    holder = spoken or first_subject(c)
    if holder is None or holder[0] >= i:
        holder = None
        if before < 0 or kind in "PS":
            # "Speaking in Karsa, the minister ...": the subject comes after the comma.
            for k in range(i + 1, min(len(c), i + 30)):
                if c.kind[k] == ",":
                    holder = phrase_after(c, k + 1)
                    break
    rule = "gerund" if kind in "PS" and kind else "participle"
    return Hit(rule, lemma, (i, i + 1), holder) if holder else None


def _infinitive(c: Clause, i: int, to: int, lemma: str, spoken: Range | None) -> Hit | None:
    """``went on to say``, ``declined to comment``: the subject is that of the verb before."""
    previous = to - 1
    if previous < 0:
        return None
    if c.word[previous] in _LINKING or c.word[previous] in lexicon().verbs:
        start = group_start(c, previous)
        if start > 0 and c.word[start - 1] == "to":
            return None
        # "went on to": the particle belongs to the verb.
        holder = subject_before(c, start)
        if holder is not None:
            return Hit("infinitive", lemma, (start, i + 1), holder)
        if start > 0 and c.kind[start - 1] == "R":
            return Hit("infinitive", lemma, (start, i + 1), antecedent(c, start - 1))
    if c.word[previous] in ("on", "ahead") and previous and c.word[previous - 1] in _LINKING:
        holder = subject_before(c, group_start(c, previous - 1))
        if holder is not None:
            return Hit("infinitive", lemma, (previous - 1, i + 1), holder)
    near = phrase_before(c, to)
    if near is not None and near[0] > 0 and c.word[near[0] - 1] in _CONTROL:
        return Hit("controlled", lemma, (i, i + 1), near)
    holder = clause_subject(c, to) or spoken or first_subject(c)
    if holder is not None and holder[1] <= to:
        return Hit("purpose", lemma, (i, i + 1), holder)
    return None
