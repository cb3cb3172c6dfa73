"""News media as holders: what an outlet reports as fact is its writer's, not a stance of its own.

The codebook gives an outlet's report to the writer; annotated attribution corpora give it to the
outlet. Attribution therefore keeps the outlet, and labelling asks here.
"""

from __future__ import annotations

from stance.articles.cues import lexicon
from stance.articles.wordlists import words
from stance.schema import Attribution, Quote

_HEADS, _NAMES, _REPORTING = words("outlet_heads"), words("outlet_names"), words("reporting")


def is_report(attribution: Attribution) -> bool:
    """Whether an attribution is an outlet's plain report: "the Karsa Herald reported that ..."."""
    if attribution.quote is Quote.DIRECT or not attribution.actor:
        return False
    name = attribution.actor.casefold().split()
    if name[-1] not in _HEADS and name[-1] not in _NAMES:
        return False
    # "the Post's editor said", "the agency for refugees": people and public bodies speak for
    # themselves, and an outlet alone is written in one breath.
    if name[-1] == "agency" and "news" not in name:
        return False
    cue = attribution.cue.casefold().split()
    if not cue:
        return False
    if cue[0] in ("according", "in", "per"):
        return True
    form = lexicon().verbs.get(cue[-1])
    return (form.lemma if form is not None else cue[-1]) in _REPORTING
