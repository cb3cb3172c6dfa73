"""Leaks between the parts of a split: shared groups and near-duplicate texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stance.corpus.duplicates import THRESHOLD, near_duplicates
from stance.corpus.splits import Split
from stance.errors import InputError
from stance.schema import Example

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Leak:
    """One thing that stands on both sides of a split."""

    kind: str
    rows: tuple[str, str]
    parts: tuple[str, str]
    detail: str

    def __str__(self) -> str:
        (first, second), (left, right) = self.rows, self.parts
        return f"{self.kind}: {first!r} ({left}) and {second!r} ({right}) {self.detail}"


def find_leaks(
    examples: Sequence[Example], split: Split, threshold: float = THRESHOLD
) -> list[Leak]:
    """Return every group and every near-duplicate pair that crosses the split."""
    part_of: dict[int, str] = {}
    for name, rows in _parts(split).items():
        part_of.update(dict.fromkeys(rows.tolist(), name))
    leaks = []
    first_of: dict[str, int] = {}
    for at in sorted(part_of):
        group = examples[at].group
        other = first_of.setdefault(group, at)
        if part_of[other] != part_of[at]:
            leaks.append(_leak("shared article", examples, part_of, other, at, f"are of {group!r}"))
    used = sorted(part_of)
    texts = [examples[at].text for at in used]
    for left, right, similarity in near_duplicates(texts, threshold):
        first, second = used[left], used[right]
        if part_of[first] != part_of[second]:
            detail = f"share {similarity:.0%} of their trigrams"
            leaks.append(_leak("near-duplicate", examples, part_of, first, second, detail))
    return leaks


def require_clean(examples: Sequence[Example], split: Split) -> None:
    """Refuse a split that leaks.

    Raises:
        InputError: names the first offenders and how many there are.
    """
    leaks = find_leaks(examples, split)
    if leaks:
        shown = "; ".join(str(leak) for leak in leaks[:_SHOWN])
        raise InputError(
            f"the split leaks in {len(leaks)} places: {shown}. "
            "Group by article (split.group), or set split.method=hash"
        )


def _parts(split: Split) -> Mapping[str, NDArray[np.int64]]:
    return {"train": split.train, "validation": split.validation, "test": split.test}


def _leak(
    kind: str,
    examples: Sequence[Example],
    part_of: Mapping[int, str],
    first: int,
    second: int,
    detail: str,
) -> Leak:
    return Leak(
        kind, (examples[first].id, examples[second].id), (part_of[first], part_of[second]), detail
    )
