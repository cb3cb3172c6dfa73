"""News media as holders: what an outlet reports as fact is its writer's, not a stance of its own.

The codebook gives an outlet's report to the writer; annotated attribution corpora give it to the
outlet. Attribution therefore keeps the outlet, and labelling asks here.
"""

from __future__ import annotations

from stance.articles.cues import lexicon
from stance.articles.wordlists import words
from stance.schema import Attribution, Quote

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
