"""What a classifier is here: five methods and the labels it knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from stance.errors import InputError
from stance.schema import Example

Classes = Mapping[str, tuple[str, ...]]
"""Label names by task, in codebook order."""
Probabilities = dict[str, NDArray[np.float64]]
"""For each task an array of shape (rows, labels); every row sums to 1."""
MODEL_FILE = "model.json"
"""What stands in every stored model's folder beside its weights."""


class Progress(Protocol):
    """Told how far long work has come; see ``cli.console`` for the one people see."""

    def __call__(self, done: int, total: int, note: str = "") -> None: ...


def silent(done: int, total: int, note: str = "") -> None:
    """Tell nobody."""


class StanceClassifier(Protocol):
    """A classifier of rows by stance and sentiment.

    The constructor stores, ``fit`` works. ``predict_proba`` gives one column per label of
    ``classes_`` whatever the training rows held, and does not depend on the order of rows or
    on how they are batched. ``save`` writes into an existing empty folder without pickle.
    """

    kind: ClassVar[str]
    classes_: Classes

    def fit(
        self,
        train: Sequence[Example],
        validation: Sequence[Example] = (),
        *,
        progress: Progress = silent,
    ) -> Self: ...

    def predict_proba(
        self, examples: Sequence[Example], *, progress: Progress = silent
    ) -> Probabilities: ...

    def save(self, folder: Path) -> dict[str, Any]:
        """Write weights into ``folder``; return the JSON that ``load`` needs beside them."""

    @classmethod
    def load(cls, folder: Path, state: Mapping[str, Any], classes: Classes) -> Self: ...


def label_ids(examples: Sequence[Example], task: str, names: Sequence[str]) -> NDArray[np.int64]:
    """Return each row's label id of one task, -1 where the row has no such label."""
    position = {name: at for at, name in enumerate(names)}
    labels = (getattr(example, task) for example in examples)
    return np.array([-1 if name is None else position[name] for name in labels], dtype=np.int64)


def labelled(
    examples: Sequence[Example], task: str, names: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of the rows that have this label, and their label ids."""
    ids = label_ids(examples, task, names)
    rows = np.flatnonzero(ids >= 0)
    return rows, ids[rows]


def usable_tasks(
    examples: Sequence[Example], classes: Classes, *, allow_single_class: bool = False
) -> dict[str, tuple[str, ...]]:
    """Return the tasks that the rows can teach.

    Raises:
        InputError: no row has a label, or a task has one label only (nothing to learn).
    """
    result = {}
    for task, names in classes.items():
        _, ids = labelled(examples, task, names)
        found = sorted(set(ids.tolist()))
        if not found:
            continue
        if len(found) == 1 and not allow_single_class:
            raise InputError(
                f"all {len(ids)} training rows have {task} {names[found[0]]!r}: nothing to learn; "
                "add rows of another label, or set allow_single_class=true"
            )
        result[task] = names
    if not result:
        raise InputError(f"no training row has a label of {' or '.join(classes)}")
    return result


def spread(
    known: NDArray[np.int64], probabilities: NDArray[np.floating[Any]], n_labels: int
) -> NDArray[np.float64]:
    """Widen columns for the labels seen in training to the full label list, zeros elsewhere."""
    full = np.zeros((len(probabilities), n_labels))
    full[:, known] = probabilities
    return full


def softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Turn logits of shape (rows, labels) into probabilities."""
    shifted = np.asarray(logits, dtype=np.float64)
    shifted = np.exp(shifted - shifted.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def validation_f1(
    classes: Classes, logits: NDArray[np.floating[Any]], labels: NDArray[np.int64]
) -> float:
    """Return macro-F1 over the full label list of the first task that the rows have labels of.

    Args:
        logits: (rows, all labels side by side), in the order of ``classes``.
        labels: (rows, tasks) label ids, negative where a row lacks one.
    """
    from sklearn.metrics import f1_score

    start = 0
    for at, names in enumerate(classes.values()):
        known = labels[:, at] >= 0
        if known.any():
            guess = logits[known, start : start + len(names)].argmax(axis=1)
            every = range(len(names))
            truth = labels[known, at]
            return float(f1_score(truth, guess, labels=every, average="macro", zero_division=0))
        start += len(names)
    raise InputError("validation rows have no labels; leave them out or label them")
