"""Whom an actor belongs to, where the text says so: a country, an office, an organisation.

Read off the words around the speaker as written: an apposition ("Anna Petra, the mayor of
Karsa"), a title with its house ("ministry spokesman Taren Oluk"), a possessive ("Ostvia's
foreign ministry"), a party in brackets ("(R-Dell.)"). The first statement wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from stance.articles.actors import AliasTable
from stance.articles.cues import lexicon
from stance.articles.vocabulary import words
from stance.schema import Attribution, Quote

_NAME = r"[A-ZÀ-ÖØ-Þ][\w.'’&-]{0,30}"
_HOUSE = rf"(?:the\s)?({_NAME}(?:\s(?:(?:of|and|for|the|on)\s){{0,2}}{_NAME}){{0,6}})"
_OFFICES = "|".join(
    sorted(words("offices") | {"head", "member", "chief", "analyst", "officer", "lawyer"})
)
_BEHIND = re.compile(
    rf"^,?\s(?:(?:the|a|an|its|their)\s)?(?:[\w'’-]{{1,20}}\s){{0,4}}(?:{_OFFICES})s?\s"
    rf"(?:of|for|at|with|in|from)\s{_HOUSE}"
)
_INSIDE = re.compile(rf"\b(?:{_OFFICES})s?\s(?:of|for|at|with|in|from)\s{_HOUSE}")
_PARTY = re.compile(r"^\s?\(([A-Z][\w.]{0,12}[-–][\w.'’ ]{1,24}|[A-Z][\w ]{2,30})\)")
_OWNER = re.compile(rf"^(?:the\s)?({_NAME}(?:\s{_NAME}){{0,4}})['’]s\s", re.IGNORECASE)
_TITLED = re.compile(
    rf"^((?:[\w'’-]{{1,30}}\s){{1,5}}?)(?:{_OFFICES})\s{_NAME}(?:\s{_NAME}){{0,4}}$"
)
_WINDOW = 160


def affiliations(
    text: str, attributions: Iterable[Attribution], aliases: AliasTable | None = None
) -> dict[str, str]:
    """Canonical actor to affiliation, for the actors whose affiliation is known.

    The user's table has the last word; otherwise it is the text's own words.
    """
    found: dict[str, str] = {}
    for attribution in attributions:
        actor = attribution.actor
        if not actor or actor in found:
            continue
        told = aliases.affiliation.get(actor) if aliases is not None else None
        if told is None and attribution.speaker_span is not None:
            behind = attribution.speaker_span[1]
            told = _stated(attribution.speaker, text[behind : behind + _WINDOW])
        if told:
            found[actor] = told
    return found


def side_of(actor: str, affiliation: str, aliases: AliasTable | None) -> str:
    """The user's side of an actor: given for it, or for the house that it speaks for."""
    if aliases is None:
        return ""
    own = aliases.side.get(aliases.canonical(actor) or actor)
    if own is not None:
        return own
    return aliases.side.get(aliases.canonical(affiliation) or affiliation, "")


def _stated(speaker: str, behind: str) -> str:
    for pattern, where in ((_PARTY, behind), (_BEHIND, behind), (_INSIDE, speaker)):
        match = pattern.search(where)
        if match:
            return match.group(1)
    owner = _OWNER.match(speaker)
    if owner and owner.group(1)[0].isupper():
        return owner.group(1)
    titled = _TITLED.match(speaker)
    return titled.group(1).strip().removeprefix("the ").removeprefix("The ") if titled else ""


_WORDS, _TITLES = words("outlet_words"), words("outlet_titles")
_NAMES, _REPORTING = words("outlet_names"), words("reporting")


def is_report(attribution: Attribution) -> bool:
    """Whether an attribution is an outlet's plain report: "the Karsa Herald reported that ..."."""
    if attribution.quote is Quote.DIRECT or not attribution.actor:
        return False
    if not _is_outlet(attribution.actor):
        return False
    cue = attribution.cue.casefold().split()
    if not cue:
        return False
    if cue[0] in ("according", "in", "per"):
        return True
    form = lexicon().verbs.get(cue[-1])
    return (form.lemma if form is not None else cue[-1]) in _REPORTING


def _is_outlet(name: str) -> bool:
    """Whether a name is a medium's: "state television", "the Karsa Post", no "observer"."""
    *before, last = name.split()
    head = last.casefold()
    if head in _WORDS or head in _NAMES:
        return True
    if head == "agency":
        return bool(before) and before[-1].casefold() == "news"
    # Words that are common nouns as well make a medium only as the end of a longer title.
    return head in _TITLES and last[0].isupper() and bool(before) and before[-1][0].isupper()
