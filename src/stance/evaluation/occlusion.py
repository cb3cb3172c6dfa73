"""Which words an answer hangs on: each word left out in turn, and the answer asked again.

Leave-one-out occlusion: Zeiler and Fergus (2014), "Visualizing and Understanding Convolutional
Networks", ECCV, hid patches of a picture; Li, Monroe and Jurafsky (2016), "Understanding Neural
Networks through Representation Erasure", arXiv:1612.08220, erased words. It needs nothing but
the model's answers, so it holds for every classifier alike. It shows what one word changes while
the others stay: two words that say the same hide each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stance.schema import Example, Span

Predict = Callable[[Sequence[Example]], NDArray[np.float64]]
"""Rows to probabilities ``(rows, labels)`` of one task."""
MOST_PARTS = 80
"""Most parts that a text is cut into; the words of longer ones are left out several at once."""
_WORD = re.compile(r"\w+(?:['’-]\w+)*")


@dataclass(frozen=True, slots=True)
class Part:
    """``text[start:end]``, and the label's probability when that is left out."""

    start: int
    end: int
    without: float


@dataclass(frozen=True, slots=True)
class Occlusion:
    """One row: the probability of one label, and of the same label without each part."""

    row: str
    label: int
    probability: float
    parts: Sequence[Part]


def parts_of(text: str, most: int = MOST_PARTS) -> list[Span]:
    """Cut a text into its words, or into ``most`` runs of as many neighbouring words."""
    words = [found.span() for found in _WORD.finditer(text)]
    size = max(1, -(-len(words) // most))
    runs = [words[at : at + size] for at in range(0, len(words), size)]
    return [(run[0][0], run[-1][1]) for run in runs]


def without(example: Example, part: Span) -> Example:
    """Leave a part of the text out, with the blank before it; holder and target stay asked for.

    A span that loses all its characters is None: the name is then asked about but not in sight.
    """
    start, end = part
    if start and example.text[start - 1] == " ":
        start -= 1
    return replace(
        example,
        text=example.text[:start] + example.text[end:],
        actor_span=_shifted(example.actor_span, start, end),
        target_span=_shifted(example.target_span, start, end),
    )


def _shifted(span: Span | None, start: int, end: int) -> Span | None:
    if span is None:
        return None
    first, last = (
        at if at <= start else max(start, at - (end - start)) for at in span
    )  # what stood inside the gap falls on its edge
    return (first, last) if first < last else None


def occlude(predict: Predict, asked: Sequence[tuple[Example, int]]) -> list[Occlusion]:
    """Leave out every word of every row in turn and ask for the row's label again.

    Args:
        predict: called once, with all rows and all their shortened versions.
        asked: rows, each with the id of the label whose probability counts.
    """
    if not asked:
        return []
    cuts = [parts_of(example.text) for example, _ in asked]
    rows = [
        row
        for (example, _), parts in zip(asked, cuts, strict=True)
        for row in (example, *(without(example, part) for part in parts))
    ]
    values = iter(predict(rows))
    return [_read(row.id, label, parts, values)
            for (row, label), parts in zip(asked, cuts, strict=True)]  # fmt: skip


def _read(
    row: str, label: int, parts: Sequence[Span], values: Iterator[NDArray[np.float64]]
) -> Occlusion:
    whole = float(next(values)[label])
    return Occlusion(row, label, whole, [Part(*part, float(next(values)[label])) for part in parts])


def mean_of(found: Sequence[Sequence[Occlusion]]) -> list[Occlusion]:
    """Average several models' answers on the same rows, part by part."""
    return [
        Occlusion(
            same[0].row,
            same[0].label,
            float(np.mean([one.probability for one in same])),
            [
                Part(at[0].start, at[0].end, float(np.mean([part.without for part in at])))
                for at in zip(*(one.parts for one in same), strict=True)
            ],
        )
        for same in zip(*found, strict=True)
    ]
