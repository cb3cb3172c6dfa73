"""Small named rules: each reads the tokens around one cue and says who holds, or nothing.

A rule never looks further than a bounded number of tokens. Which findings are worth believing
is not decided here but learned (see ``features``).
"""

from __future__ import annotations

from stance.articles.cues import Lexicon, lexicon
from stance.articles.phrases import Hit, Range, phrase_after, phrase_before
from stance.articles.subjects import (
    antecedent,
    first_subject,
    group_start,
    subject_before,
)
from stance.articles.tokens import Clause
from stance.articles.verb_rules import verb_cue
from stance.articles.vocabulary import words as word_list

_LIGHT = word_list("light")
_DOCUMENTS = word_list("documents")
_AUTHOR_SIDE = frozenset(["by", "from", "of", "among", "between", "in"])
_COPULAS = word_list("copulas")


def noun_cue(c: Clause, i: int, lemma: str, spoken: Range | None) -> Hit | None:
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
            holder = antecedent(c, start - 1)
        if holder is None:
            holder = spoken or first_subject(c)
        if holder is not None and holder[1] <= k:
            return Hit("light-verb", lemma, (k, i + 1), holder)
    if i + 1 < len(c) and c.word[i + 1] == "that":
        return Hit("noun-that", lemma, (i, i + 1), None)
    return None


def adjective_cue(c: Clause, i: int, word: str, spoken: Range | None) -> Hit | None:
    k = i - 1
    while k >= 0 and i - k < 5 and c.kind[k] == "A":
        k -= 1
    if k < 0 or c.word[k] not in _COPULAS:
        return None
    start = group_start(c, k)
    holder = subject_before(c, start)
    if holder is None and start > 0 and c.kind[start - 1] == "R":
        holder = antecedent(c, start - 1)
    if holder is None and start > 0 and c.kind[start - 1] == "C":
        holder = spoken or first_subject(c)
    if holder is None:
        return None
    return Hit("predicate", word, (start, i + 1), holder)


def document_cue(c: Clause, i: int) -> Hit | None:
    """``In the latest poll, ...``: a document that speaks."""
    if i + 1 >= len(c) or c.kind[i + 1] not in "DGN":
        return None
    holder = phrase_after(c, i + 1)
    if holder is None or not any(c.word[k] in _DOCUMENTS for k in range(*holder)):
        return None
    if i and c.kind[i - 1] not in ",;:":
        return None
    return Hit("document", c.word[holder[1] - 1], (i, i + 1), holder)


def phrase_cue(c: Clause, i: int, words: Lexicon) -> Hit | None:
    """``according to S``, ``in the words of S``."""
    for phrase in words.phrases[c.word[i]]:
        stop = i + len(phrase)
        if tuple(c.word[i:stop]) == phrase:
            holder = phrase_after(c, stop)
            if holder is None:
                return None
            return Hit("according-to", " ".join(phrase), (i, stop), holder)
    return None


def label_cue(c: Clause) -> Hit | None:
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


_MAIN = ("subject", "pronoun", "apposition", "infinitive", "coordinated", "progressive")
"""Rules whose holder is the subject of its clause."""


def hits(c: Clause) -> list[Hit]:
    """Every rule's finding in the sentence, in the order of the cues."""
    words = lexicon()
    found: list[Hit] = []
    spoken: Range | None = None
    """The first speaker of the clause, for the verbs that are coordinated with its verb."""
    titled = _title_case(c)
    i, n = 0, len(c)
    while i < n:
        kind = c.kind[i]
        word = c.word[i]
        if word in words.phrases:
            hit = phrase_cue(c, i, words)
            if hit is not None:
                found.append(hit)
                i = hit.cue[1]
                continue
        hit = None
        if kind == ";" or word in ("while", "but", "whereas"):
            spoken = None
        if kind in "LP" or (kind == "N" and titled):
            form = words.verbs.get(word)
            if form is not None:
                hit = verb_cue(c, i, form, spoken, words)
                if spoken is None and hit is not None and hit.rule in _MAIN:
                    spoken = hit.holder
            if hit is None and word in words.nouns:
                hit = noun_cue(c, i, words.nouns[word], spoken)
            if hit is None and word in words.adjectives:
                hit = adjective_cue(c, i, word, spoken)
            if hit is None and word in ("in", "under", "per") and kind == "P":
                hit = document_cue(c, i)
        if hit is not None:
            found.append(hit)
        i += 1
    hit = label_cue(c)
    if hit is not None:
        found.append(hit)
    return found


def _title_case(c: Clause) -> bool:
    """Whether the sentence is a headline in which every word has a capital."""
    words = sum(kind in "NL" for kind in c.kind)
    return words > 2 and sum(kind == "N" for kind in c.kind) >= words - 1
