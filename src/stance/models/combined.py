"""Rows of one document read in order: what a sentence does, its neighbours are likelier to do.

The hybrid of a classifier and a hidden Markov model (Bourlard and Morgan 1994, "Connectionist
speech recognition: a hybrid approach"): the classifier's probabilities, divided by what it answers
on average, stand for the text; how often one label follows another in the training rows stands for
the order; forward and backward passes give every row its posterior. Nothing is tuned.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from stance.errors import ModelError
from stance.models.base import Classes, Probabilities, Progress, label_ids, silent
from stance.schema import Example

if TYPE_CHECKING:
    from pathlib import Path

    from stance.models.store import StoredModel


_MEMBER = "member"
_FLOOR = 1e-6  # a probability of 0 would forbid what the neighbours may know better


@dataclass(frozen=True, slots=True)
class Transitions:
    """How the labels of one task follow each other.

    ``lift`` of shape (labels, labels) is how many times likelier the column's label is after the
    row's than anywhere; ``prior`` of shape (labels,) is what the classifier answers on average,
    which calibration and class weights move away from the frequencies of the training rows.
    """

    lift: NDArray[np.float64]
    prior: NDArray[np.float64]

    def apply(
        self, probabilities: NDArray[np.float64], documents: Sequence[range]
    ) -> NDArray[np.float64]:
        """Return probabilities of shape (rows, labels) that know of the rows beside them."""
        result = probabilities.copy()
        follow = self.lift * self.prior
        follow /= follow.sum(axis=1, keepdims=True)
        text = np.maximum(probabilities, _FLOOR) / self.prior
        for document in documents:
            rows = slice(document.start, document.stop)
            result[rows] = _posterior(text[rows], follow, self.prior)
        return result

    def to_json(self) -> dict[str, Any]:
        return {"lift": self.lift.tolist(), "prior": self.prior.tolist()}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        return cls(np.asarray(raw["lift"], dtype=float), np.asarray(raw["prior"], dtype=float))


def documents_of(examples: Sequence[Example]) -> list[range]:
    """Return the stretches of two and more rows that stand together and name one document."""
    found, start = [], 0
    for at in range(1, len(examples) + 1):
        if at == len(examples) or examples[at].doc_id != examples[start].doc_id:
            if examples[start].doc_id and at - start > 1:
                found.append(range(start, at))
            start = at
    return found


def fit_transitions(
    train: Sequence[Example], answered: Probabilities, classes: Classes
) -> dict[str, Transitions]:
    """Count which label follows which in the training rows, task by task.

    Args:
        train: in the order of their documents.
        answered: what the classifier answers on rows that it was not trained on; its mean is
            taken as the classifier's prior. A task that is not there is left as it is.

    Counts are drawn towards independence by as many pairs as there are labels. A task without
    two labelled rows in succession is left out.
    """
    documents = documents_of(train)
    found = {}
    for task, names in classes.items():
        ids = label_ids(train, task, names)
        pairs = np.zeros((len(names), len(names)))
        for document in documents:
            inside = ids[document.start : document.stop]
            known = (inside[:-1] >= 0) & (inside[1:] >= 0)
            np.add.at(pairs, (inside[:-1][known], inside[1:][known]), 1)
        if not pairs.sum() or not len(answered.get(task, ())):
            continue
        shares = (pairs.sum(axis=0) + 1) / (pairs.sum() + len(names))
        rows = pairs.sum(axis=1, keepdims=True)
        lift = (pairs / shares + len(names)) / (rows + len(names))
        prior = np.maximum(answered[task].mean(axis=0), _FLOOR)
        found[task] = Transitions(lift, prior / prior.sum())
    return found


class ChainClassifier:
    """A trained model whose answers on the rows of a document inform each other.

    Rows that name no document, and rows asked alone, are answered as the member does.

    Args:
        member: the trained model.
        transitions: by task; those of ``fit_transitions``.
    """

    kind: ClassVar[str] = "chain"

    def __init__(
        self, classes: Classes, member: StoredModel, transitions: Mapping[str, Transitions]
    ) -> None:
        self.classes_: Classes = dict(classes)
        self.member = member
        self.transitions = dict(transitions)
        self.truncated_: list[bool] = []

    def fit(
        self,
        train: Sequence[Example],
        validation: Sequence[Example] = (),
        *,
        progress: Progress = silent,
    ) -> Self:
        raise ModelError("a chain is counted from labels and answers; train its member")

    def predict_proba(
        self, examples: Sequence[Example], *, progress: Progress = silent
    ) -> Probabilities:
        answers = self.member.predict_proba(examples, progress=progress)
        self.truncated_ = list(self.member.truncated)
        return chained(answers, self.transitions, examples)

    def save(self, folder: Path) -> dict[str, Any]:
        shutil.copytree(self.member.folder, folder / _MEMBER)
        return {"transitions": {task: item.to_json() for task, item in self.transitions.items()}}

    @classmethod
    def load(cls, folder: Path, state: Mapping[str, Any], classes: Classes) -> Self:
        from stance.models.store import load_model

        transitions = {
            task: Transitions.from_json(raw) for task, raw in state["transitions"].items()
        }
        return cls(classes, load_model(folder / _MEMBER, classes), transitions)


def chained(
    answers: Probabilities, transitions: Mapping[str, Transitions], examples: Sequence[Example]
) -> Probabilities:
    """Return the answers on ``examples``, read in order where a task has transitions."""
    documents = documents_of(examples)
    return {
        task: transitions[task].apply(found, documents) if task in transitions else found
        for task, found in answers.items()
    }


def _posterior(
    text: NDArray[np.float64], follow: NDArray[np.float64], prior: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Forward and backward over one document, each step scaled to a sum of one."""
    before, after = np.empty_like(text), np.ones_like(text)
    reached = prior
    for at, here in enumerate(text):
        before[at] = reached * here
        before[at] /= before[at].sum()
        reached = before[at] @ follow
    for at in range(len(text) - 2, -1, -1):
        after[at] = follow @ (text[at + 1] * after[at + 1])
        after[at] /= after[at].sum()
    both = before * after
    return both / both.sum(axis=1, keepdims=True)


_MEMBERS = "members"


def mean_of(answers: Sequence[Probabilities]) -> Probabilities:
    """Return the mean probabilities of the tasks that all of ``answers`` have."""
    shared = [task for task in answers[0] if all(task in other for other in answers)]
    return {task: np.mean([answer[task] for answer in answers], axis=0) for task in shared}


class BlendClassifier:
    """The equally weighted mean of trained models' calibrated probabilities.

    Models that err on different rows are better together (linear opinion pool; Kuncheva 2014,
    "Combining pattern classifiers", section 5); equal weights need no rows to be fitted on.

    Args:
        members: trained models of one label set, in folders whose names differ.
    """

    kind: ClassVar[str] = "blend"

    def __init__(self, classes: Classes, members: Sequence[StoredModel]) -> None:
        self.classes_: Classes = dict(classes)
        self.members = list(members)
        self.truncated_: list[bool] = []

    def fit(
        self,
        train: Sequence[Example],
        validation: Sequence[Example] = (),
        *,
        progress: Progress = silent,
    ) -> Self:
        raise ModelError("a blend has nothing to train; train its members")

    def predict_proba(
        self, examples: Sequence[Example], *, progress: Progress = silent
    ) -> Probabilities:
        answers, lost = [], np.zeros(len(examples), dtype=bool)
        for member in self.members:
            answers.append(member.predict_proba(examples, progress=progress))
            if len(member.truncated) == len(examples):
                lost |= np.asarray(member.truncated, dtype=bool)
        self.truncated_ = lost.tolist()
        return mean_of(answers)

    def save(self, folder: Path) -> dict[str, Any]:
        for member in self.members:
            shutil.copytree(member.folder, folder / _MEMBERS / member.folder.name)
        return {"members": [member.folder.name for member in self.members]}

    @classmethod
    def load(cls, folder: Path, state: Mapping[str, Any], classes: Classes) -> Self:
        from stance.models.store import load_model

        return cls(
            classes, [load_model(folder / _MEMBERS / name, classes) for name in state["members"]]
        )
