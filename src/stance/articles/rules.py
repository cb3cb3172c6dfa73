"""Small named rules: each reads the tokens around one cue and says who holds, or nothing.

A rule never looks further than a bounded number of tokens. Which rules and words are worth
believing is not decided here but measured (see ``cues``).
"""

from __future__ import annotations

from dataclasses import dataclass

from stance.articles.cues import Form, Lexicon, lexicon
from stance.articles.mentions import (
    Range,
    clause_subject,
    first_subject,
    group_start,
    nounlike,
    passive,
    phrase_after,
    phrase_before,
    subject_before,
)
from stance.articles.tokens import Clause
from stance.articles.vocabulary import BE, GENERIC_PRONOUNS, HAVE, MODALS


@dataclass(frozen=True, slots=True)
class Hit:
    """One cue and its holder in one sentence, as token ranges."""

    rule: str
    lemma: str
    cue: Range
    holder: Range | None
    """``None`` where the sentence leaves the holder out ("was expected to")."""


_LINKING = frozenset(
    [
        "went",
        "go",
        "goes",
        "going",
        "continue",
        "continued",
        "continues",
        "continuing",
        "begin",
        "began",
        "begins",
        "start",
        "started",
        "starts",
        "try",
        "tried",
        "tries",
        "trying",
        "attempt",
        "attempted",
        "need",
        "needed",
        "needs",
        "want",
        "wanted",
        "wants",
        "declined",
        "refuse",
        "refused",
        "come",
        "came",
        "like",
        "used",
        "able",
        "seemed",
        "seems",
        "appeared",
        "appears",
        "hesitated",
        "managed",
        "failed",
        "decided",
        "planned",
        "plans",
        "expected",
        "poised",
        "set",
        "ready",
        "likely",
        "eager",
        "willing",
        "quick",
        "careful",
        "chose",
        "proceeded",
        "moved",
        "vowed",
    ]
)
_LIGHT = frozenset(
    [
        "made",
        "make",
        "makes",
        "making",
        "issued",
        "issue",
        "issues",
        "issuing",
        "gave",
        "give",
        "gives",
        "giving",
        "expressed",
        "express",
        "expresses",
        "expressing",
        "voiced",
        "raised",
        "raise",
        "raising",
        "delivered",
        "offered",
        "offer",
        "released",
        "had",
        "have",
        "has",
        "drew",
        "took",
        "take",
        "reached",
        "held",
        "repeated",
        "renewed",
        "rejected",
        "launched",
        "leveled",
        "levelled",
        "lodged",
        "filed",
        "posted",
        "published",
        "stated",
        "showed",
        "wrote",
        "sent",
        "read",
        "cast",
        "announced",
        "defended",
        "reiterated",
    ]
)
_CONTROL = frozenset(
    [
        "for",
        "urged",
        "urge",
        "urging",
        "asked",
        "ask",
        "asking",
        "told",
        "tell",
        "prompted",
        "prompting",
        "allowed",
        "allowing",
        "allow",
        "forced",
        "forcing",
        "force",
        "led",
        "leading",
        "pushed",
        "pressed",
        "pressing",
        "helped",
        "help",
        "want",
        "wants",
        "wanted",
        "encouraged",
        "calling",
    ]
)
"""Words after which the phrase before *to* is who acts ("for critics to say")."""
_DOCUMENTS = frozenset(
    [
        "poll",
        "polls",
        "survey",
        "surveys",
        "report",
        "study",
        "interview",
        "statement",
        "letter",
        "email",
        "e-mail",
        "memo",
        "speech",
        "column",
        "editorial",
        "op-ed",
        "tweet",
        "post",
        "article",
        "book",
        "testimony",
        "transcript",
        "affidavit",
        "lawsuit",
        "complaint",
        "filing",
        "analysis",
        "documents",
        "records",
        "data",
        "polling",
        "account",
        "accounts",
        "ad",
        "video",
        "message",
        "footage",
        "images",
    ]
)
_AUTHOR_SIDE = frozenset(["by", "from", "of", "among", "between", "in"])
_COPULAS = frozenset(
    [
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "seem",
        "seems",
        "seemed",
        "appear",
        "appears",
        "appeared",
        "remain",
        "remains",
        "remained",
        "became",
        "become",
        "becomes",
        "feel",
        "feels",
        "felt",
        "sounded",
        "looked",
        "grew",
        "stayed",
        "isn't",
        "aren't",
        "wasn't",
        "weren't",
    ]
)


def hits(c: Clause) -> list[Hit]:
    """Every rule's finding in the sentence, in the order of the cues."""
    words = lexicon()
    found: list[Hit] = []
    spoken: Range | None = None
    """The subject of the last cue verb, for the verbs coordinated with it."""
    titled = _title_case(c)
    i, n = 0, len(c)
    while i < n:
        kind = c.kind[i]
        word = c.word[i]
        if word in words.phrases:
            hit = _phrase(c, i, words)
            if hit is not None:
                found.append(hit)
                i = hit.cue[1]
                continue
        hit = None
        if kind in "LP" or (kind == "N" and titled):
            form = words.verbs.get(word)
            if form is not None:
                hit = _verb(c, i, form, spoken, words)
                if hit is not None and hit.holder is not None and hit.rule != "passive-by":
                    spoken = hit.holder
            if hit is None and word in words.nouns:
                hit = _noun(c, i, words.nouns[word], spoken)
            if hit is None and word in words.adjectives:
                hit = _adjective(c, i, word, spoken)
            if hit is None and word in ("in", "under", "per") and kind == "P":
                hit = _document(c, i)
        if hit is not None:
            found.append(hit)
        i += 1
    hit = _label(c)
    if hit is not None:
        found.append(hit)
    return found


def _title_case(c: Clause) -> bool:
    """Whether the sentence is a headline in which every word has a capital."""
    words = sum(kind in "NL" for kind in c.kind)
    return words > 2 and sum(kind == "N" for kind in c.kind) >= words - 1


# -- verbs ------------------------------------------------------------------------------------


def _verb(c: Clause, i: int, form: Form, spoken: Range | None, words: Lexicon) -> Hit | None:
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
    if "participle" in tags and _by(c, i) and (start == i) and kind in "LN":
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
        return Hit(f"relative-{c.word[before]}", lemma, cue, _antecedent(c, before))
    if kind == "C":
        holder = clause_subject(c, before) or spoken or first_subject(c)
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


def _antecedent(c: Clause, relative: int) -> Range:
    """Whom ``who`` stands for, or the word itself where nothing fits."""
    return subject_before(c, relative) or (relative, relative + 1)


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
            return Hit("infinitive", lemma, (start, i + 1), _antecedent(c, start - 1))
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


# -- nouns, adjectives, phrases ---------------------------------------------------------------


def _noun(c: Clause, i: int, lemma: str, spoken: Range | None) -> Hit | None:
    before = i - 1
    floor = max(0, i - 6)
    # "the ministry's repeated claim", "her opposition to".
    k = before
    while k >= floor and (c.kind[k] in "LA" and not c.genitive[k]):
        k -= 1
    if k >= floor and c.genitive[k]:
        holder = phrase_before(c, k + 1)
        if holder is not None:
            return Hit("possessive", lemma, (i, i + 1), holder)
    if k >= floor and c.kind[k] == "G":
        return Hit("possessive", lemma, (i, i + 1), (k, k + 1))
    if i + 2 < len(c) and c.word[i + 1] in _AUTHOR_SIDE:
        holder = phrase_after(c, i + 2)
        if holder is not None and c.kind[holder[1] - 1] not in "T#":
            return Hit(f"noun-{c.word[i + 1]}", lemma, (i, i + 1), holder)
    if k >= floor and c.kind[k] == "D":
        k -= 1
    if k >= floor and c.word[k] in _LIGHT:
        start = group_start(c, k)
        holder = subject_before(c, start)
        if holder is None and start > 0 and c.kind[start - 1] == "R":
            holder = _antecedent(c, start - 1)
        if holder is None:
            holder = spoken or first_subject(c)
        if holder is not None and holder[1] <= k:
            return Hit("light-verb", lemma, (k, i + 1), holder)
    if i + 1 < len(c) and c.word[i + 1] == "that":
        return Hit("noun-that", lemma, (i, i + 1), None)
    return None


def _adjective(c: Clause, i: int, word: str, spoken: Range | None) -> Hit | None:
    k = i - 1
    while k >= 0 and i - k < 5 and c.kind[k] == "A":
        k -= 1
    if k < 0 or c.word[k] not in _COPULAS:
        return None
    start = group_start(c, k)
    holder = subject_before(c, start)
    if holder is None and start > 0 and c.kind[start - 1] == "R":
        holder = _antecedent(c, start - 1)
    if holder is None and start > 0 and c.kind[start - 1] == "C":
        holder = spoken or first_subject(c)
    if holder is None:
        return None
    return Hit("predicate", word, (start, i + 1), holder)


def _document(c: Clause, i: int) -> Hit | None:
    """``In the latest poll, ...``: a document that speaks."""
    if i + 1 >= len(c) or c.kind[i + 1] not in "DGN":
        return None
    holder = phrase_after(c, i + 1)
    if holder is None or not any(c.word[k] in _DOCUMENTS for k in range(*holder)):
        return None
    if i and c.kind[i - 1] not in ",;:":
        return None
    return Hit("document", c.word[holder[1] - 1], (i, i + 1), holder)


def _phrase(c: Clause, i: int, words: Lexicon) -> Hit | None:
    """``according to S``, ``in the words of S``."""
    for phrase in words.phrases[c.word[i]]:
        stop = i + len(phrase)
        if tuple(c.word[i:stop]) == phrase:
            holder = phrase_after(c, stop)
            if holder is None:
                return None
            return Hit("according-to", " ".join(phrase), (i, stop), holder)
    return None


def _label(c: Clause) -> Hit | None:
    """``PETRA: We will stay.``: the speaker's name and a colon open the line."""
    for k in range(min(len(c), 7)):
        if c.kind[k] == ":":
            if k == 0:
                return None
            turn = "turn" if all(c.kind[j] == "N" for j in range(k)) else "title"
            return Hit(f"label-{turn}", ":", (k, k + 1), (0, k))
        if c.kind[k] not in "NLD#(),":
            return None
    return None
