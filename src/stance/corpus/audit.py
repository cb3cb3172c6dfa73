"""Leaks between the parts of a split: shared groups, texts twice, pairs torn apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stance.codebook import Codebook
from stance.corpus.duplicates import THRESHOLD, near_duplicates
from stance.corpus.splits import Split, contrast_pairs, groups_of
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

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def find_leaks(
    examples: Sequence[Example], split: Split, threshold: float = THRESHOLD
) -> list[Leak]:
    """Return every group, every text and every contrast pair that crosses the split.

    ``shared article``: each row that is not in the part of its group's first row.
    ``duplicate``: the same words, whatever their case and punctuation. ``near-duplicate``: at
    least ``threshold`` of the two texts' word trigrams in common. ``contrast pair``: a row and
    its minimal edit, which teach the answer to each other.
    """
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
    texts = [item.text for item in examples]  # all of them, so that they are compared once
    for first, second, similarity in near_duplicates(texts, threshold):
        if part_of.get(first, "") != part_of.get(second, "") and {first, second} <= part_of.keys():
            same = similarity == 1
            detail = "say the same" if same else f"share {similarity:.0%} of their trigrams"
            kind = "duplicate" if same else "near-duplicate"
            leaks.append(_leak(kind, examples, part_of, first, second, detail))
    for first, second in contrast_pairs(examples):
        if first in part_of and second in part_of and part_of[first] != part_of[second]:
            detail = "are a sentence and its contrast"
            leaks.append(_leak("contrast pair", examples, part_of, first, second, detail))
    return leaks


def capped(leaks: Sequence[Leak], most: int) -> Iterator[str]:
    """Say the first ``most`` leaks of each kind in words, then how many more there are."""
    for kind in dict.fromkeys(leak.kind for leak in leaks):
        own = [leak for leak in leaks if leak.kind == kind]
        yield from (str(leak) for leak in own[:most])
        if len(own) > most:
            yield f"{kind}: and {len(own) - most} more"


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
            "Group by article (split.group), or set split.method=hash; "
            "'stance data audit' lists them"
        )


def untrained_labels(
    examples: Sequence[Example], splits: Sequence[Split], codebook: Codebook
) -> list[str]:
    """Say which labels of the rows have not one training row, so that no model can give them."""
    found = []
    for task, names in codebook.classes.items():
        labels = np.array([getattr(item, task) or "" for item in examples], dtype=object)
        for name in names:
            rows = np.flatnonzero(labels == name)
            lacking = [split for split in splits if not np.isin(rows, split.train).any()]
            if not len(rows) or not lacking:
                continue
            tested = any(np.isin(rows, split.test).any() for split in lacking)
            folds = ", ".join(str(split.fold + 1) for split in lacking)
            where = f" in folds {folds}" if len(splits) > 1 else ""
            found.append(
                f"{task} {name!r} is {'tested' if tested else 'in the rows'} and has no training "
                f"row{where}"
            )
    return found


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
