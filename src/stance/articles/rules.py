"""Small named rules: each reads the tokens around one cue and says who holds, or nothing.

A rule never looks further than a bounded number of tokens. Which findings are worth believing
is not decided here but learned (see ``features``).
"""

from __future__ import annotations

from stance.articles.cues import lexicon
from stance.articles.findings import Hit
from stance.articles.noun_rules import adjective_cue, document_cue, label_cue, noun_cue, phrase_cue
from stance.articles.phrases import Range
from stance.articles.tokens import Clause
from stance.articles.verb_rules import verb_cue

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
