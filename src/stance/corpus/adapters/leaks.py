"""Published splits that share articles or near-copies: keep the test rows, drop the others.

A run refuses a split that leaks. Dropping from the training side keeps the published test rows
whole, so that figures on them stay comparable.
"""

from __future__ import annotations

from collections.abc import Sequence

from stance.corpus.splits import groups_of
from stance.schema import Example

_RANK = {"test": 2, "validation": 1}


def without_leaks(examples: Sequence[Example]) -> list[Example]:
    """Return the rows without those that share a document or near-copy with a later part.

    Later means: test before validation before training. Articles that share a near-copy count
    as one, so what is dropped does not depend on the order of the rows.
    """
    groups = groups_of(examples)
    best: dict[str, int] = {}
    for group, item in zip(groups, examples, strict=True):
        best[group] = max(best.get(group, 0), _RANK.get(item.split, 0))
    return [
        item
        for group, item in zip(groups, examples, strict=True)
        if _RANK.get(item.split, 0) == best[group]
    ]
