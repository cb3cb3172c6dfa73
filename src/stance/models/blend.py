"""Several trained models answering as one: the mean of their calibrated probabilities."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from stance.errors import ModelError
from stance.models.base import Classes, Probabilities, Progress, silent
from stance.schema import Example

if TYPE_CHECKING:
    from stance.models.store import StoredModel

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
