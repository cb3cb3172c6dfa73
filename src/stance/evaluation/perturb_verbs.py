"""Edits of the verb that performs a row's stance: stressed, or negated.

Only verbs of our own short table, and only where the row's gold label is the stance that the
verb performs by itself, so that the edit says something about that label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from stance.evaluation.perturb import Change, Edit, apply
from stance.evaluation.wording import VERBS
from stance.schema import Example

_FORMS = {form: verb for verb in VERBS for form in (verb.past, verb.third)}
_CUE = re.compile(rf"((?: has| have| had| also| since)*) ({'|'.join(_FORMS)})\b")
_CLAUSE_END = re.compile(
    r"[,;:—–]| (?:and|but|while|whereas|though|although|because|after) |\.\s*$"
)
_HANGING = re.compile(r"\b(?:of|to|that|as|for|with|by|in|on|at|than|from|the|an?|his|her|its)$")
_CLAUSE_START = re.compile(r"(?:^|[,;:] |\b(?:and|but|while|whereas) )$")


def stress(example: Example) -> Iterator[Change]:
    """Put an adverb before the verb that performs the row's stance: "flatly denied"."""
    found = _cue(example)
    if found is None:
        return
    at = found.start(2)
    adverb = _FORMS[found.group(2)].adverb
    yield f"{adverb} added", apply(example, [Edit(at, at, f"{adverb} ")], f"{adverb} added")


def negate(example: Example) -> Iterator[tuple[Example, Example]]:
    """Build the bare clause of holder, verb and object, and its negation.

    Only where the holder stands before a finite verb that performs the row's stance by itself
    and begins a clause, so that "did not condemn" is grammatical; what follows the clause is
    cut off, since it may take the same stance again.
    """
    found = _cue(example)
    span = example.actor_span
    if found is None or span is None or found.group(1):
        return
    if not _CLAUSE_START.search(example.text[: span[0]]):
        return
    rest = re.sub(r"\s", " ", example.text[found.end() :])
    end = _CLAUSE_END.search(rest)
    rest = (rest[: end.start()] if end else rest).rstrip(" .")
    quoted = rest.count("“") != rest.count("”") or rest.count('"') % 2 != 0
    if len(rest.split()) < 2 or _HANGING.search(rest) or quoted:
        return
    speaker = example.text[slice(*span)]
    speaker = speaker[0].upper() + speaker[1:]
    verb = found.group(2)
    made = []
    for how, words in (("clause", verb), ("negated", _FORMS[verb].negated[verb])):
        made.append(
            replace(
                example, id=f"{example.id}~{how}", text=f"{speaker} {words}{rest}.",
                actor_span=(0, len(speaker)), target_span=None, extra={},
            )
        )  # fmt: skip
    yield made[0], made[1]


def _cue(example: Example) -> re.Match[str] | None:
    """Find the verb after the holder that performs the row's stance by itself."""
    if example.actor_span is None:
        return None
    found = _CUE.match(example.text, example.actor_span[1])
    if found is None or _FORMS[found.group(2)].stance != example.stance:
        return None
    return found
