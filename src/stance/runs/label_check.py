"""Do labels mean the same everywhere? Held-out n-gram answers, place by place.

Where somebody exchanged two labels in part of a corpus (an export mapped wrongly, an annotator
who read the codebook the other way round), a model trained on the rest answers that part
crosswise. Every row is answered here by a model that saw neither it nor its article, and each
part of the corpus is then compared with all other rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stance.codebook import STANCE, Codebook
from stance.corpus.divide import column_of
from stance.corpus.splits import groups_of, stratified_parts
from stance.evaluation.metrics import confusion
from stance.evaluation.swaps import Swap, describe_swap, find_swaps
from stance.models.base import Progress, label_ids, silent
from stance.models.baselines import NgramClassifier
from stance.schema import Example

_FOLDS = 5
_LEAST_GROUPS = 2 * _FOLDS


@dataclass(frozen=True, slots=True)
class Suspect:
    """Two labels that look exchanged in one place: a value of a column."""

    column: str
    value: str
    swap: Swap
    text: str

    def __str__(self) -> str:
        return f"{self.column} {self.value!r}: {self.text}"


def find_exchanged(
    examples: Sequence[Example],
    codebook: Codebook,
    *,
    columns: Sequence[str] = (),
    progress: Progress = silent,
) -> list[Suspect]:
    """Look for exchanged stance labels in each split, each article and each value of columns.

    See ``evaluation.swaps`` for the test and its threshold, which holds over all places
    together. It needs some ten rows of the two labels in one place, so that a short article is
    beyond it, and of two parts of a corpus that contradict each other it names the smaller: an
    exchange that goes through most of a corpus shows as the rest being wrong. Too few articles
    or labels to train on: nothing is found.
    """
    names = codebook.classes[STANCE]
    rows = [example for example in examples if example.stance is not None]
    truth = label_ids(rows, STANCE, names)
    groups = groups_of(rows)
    if len(set(groups)) < _LEAST_GROUPS or len(set(truth.tolist())) < 2:
        return []
    answers = _held_out(rows, groups, names, progress)
    places = sorted(_places(rows, groups, columns), key=lambda place: int(place[2].sum()))
    sound = np.ones(len(rows), dtype=np.bool_)
    found = []
    # Smallest first: of two parts that contradict each other the smaller one is suspected, and
    # the larger is then compared with what is left.
    for column, value, within in places:
        rest = sound & ~within
        if not rest.any():
            continue
        here = confusion(truth[within], answers[within], len(names))
        there = confusion(truth[rest], answers[rest], len(names))
        swaps = find_swaps(here, there, looks=len(places))
        found += [Suspect(column, value, swap, describe_swap(swap, names)) for swap in swaps]
        if swaps:
            sound &= ~within
    return sorted(found, key=lambda suspect: -suspect.swap.evidence)


def _held_out(
    rows: Sequence[Example], groups: Sequence[str], names: Sequence[str], progress: Progress
) -> NDArray[np.int64]:
    """Return (rows,) label ids, each from a model of the other folds' articles."""
    classes: Mapping[str, tuple[str, ...]] = {STANCE: tuple(names)}
    parts = stratified_parts(rows, groups, _FOLDS, "label check")
    answers = np.zeros(len(rows), dtype=np.int64)
    for fold in range(_FOLDS):
        # Words alone: a third of the time of the characters, which change little here.
        model = NgramClassifier(
            classes, learner="svm", characters=False, c=0.5, allow_single_class=True
        )
        model.fit([rows[at] for at in np.flatnonzero(parts != fold).tolist()])
        held = np.flatnonzero(parts == fold)
        proba = model.predict_proba([rows[at] for at in held.tolist()])[STANCE]
        answers[held] = proba.argmax(axis=1)
        progress(fold + 1, _FOLDS)
    return answers


def _places(
    rows: Sequence[Example], groups: Sequence[str], columns: Sequence[str]
) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Yield column, value and which rows have it; a value of all rows has no rest to compare."""
    looked = {"split": [row.split for row in rows], "article": list(groups)}
    looked |= {column: column_of(rows, column) for column in columns}
    for column, values in looked.items():
        place = np.array(values, dtype=object)
        for value in sorted(set(values) - {""}):
            within = np.asarray(place == value, dtype=np.bool_)
            if not within.all():
                yield column, value, within
