"""Whether a full stop ends a sentence or only an abbreviation."""

from __future__ import annotations

import re

from stance.articles.wordlists import words

_TITLES = words("never_final")
"""Followed by a name, a number or more of the same sentence: never the end."""

_MONTHS = words("months")

_MAYBE = words("maybe_final")
"""May end a sentence: it does when what follows starts one."""

_STARTERS = words("starters")

_WORD = re.compile(r"[^\s(\[{\"“‘«„]+$")


def ends_sentence(before: str, after: str) -> bool:
    """Whether the full stop after ``before`` ends its sentence, given what follows it.

    ``before`` is the text up to the stop (the last 24 characters will do), ``after`` the
    next word without opening marks; it starts with no lower-case letter.
    """
    match = _WORD.search(before)
    if match is None:
        return True
    word = match.group().lower()
    first = re.match(r"[^\W_]+", after)
    follower = first.group() if first else ""
    bare = word.rsplit("-", 1)[-1]
    if word in _TITLES or bare in _TITLES:
        return False
    if word in _MONTHS or word in ("no", "nos", "art", "sec", "pp"):
        return not follower[:1].isdigit()
    if len(bare) == 1 and bare.isalpha():
        return follower.lower() in _STARTERS and follower != "A"
    if "." in bare or bare in _MAYBE:
        return not follower or follower.lower() in _STARTERS
    return True
