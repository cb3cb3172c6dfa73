"""What a score must beat: the majority, names without text, text without names, n-grams.

All are kept as skops files or JSON, never pickle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from stance.errors import InputError, ModelError
from stance.models.base import (
    Classes,
    Probabilities,
    Progress,
    labelled,
    silent,
    softmax,
    spread,
    usable_tasks,
)
from stance.models.transformer.inputs import locate, without_span
from stance.schema import Example

View = Literal["masked", "text", "actor", "target"]
_HOLDER, _AIM, _NOBODY = "holderholder", "aimaim", "nobodynobody"  # words no text has
_FEWEST, _MOST = 20, 200  # rows of a target that has its own model; such targets


def view_text(example: Example, view: View, *, target: bool = False) -> str:
    """Return what an n-gram model reads of a row.

    ``masked``: the sentence with its holder (and, with ``target``, its target) replaced by
    stand-ins, so the model knows whose stance is asked but not the name. ``text``: the sentence
    as it stands, names and all, but nothing that says whose stance is asked; taking the holder
    out would give it away by the gap. ``actor``, ``target``: that string alone.
    """
    if view == "actor":
        return example.actor or _NOBODY
    if view == "target":
        return example.target or _NOBODY
    if view == "text":
        return example.text
    actor = example.actor_span or locate(example.text, example.actor)
    aim = (example.target_span or locate(example.text, example.target)) if target else None
    text = example.text
    if actor and aim and not (actor[0] < aim[1] and aim[0] < actor[1]):
        first, second = sorted([(actor, _HOLDER), (aim, _AIM)], reverse=True)
        return without_span(without_span(text, *first), *second)
    text = without_span(text, actor, _HOLDER)
    return text if actor or example.actor else f"{_NOBODY} {text}"


class MajorityClassifier:
    """Always the training rows' label frequencies."""

    kind: ClassVar[str] = "majority"

    def __init__(self, classes: Classes, *, seed: int = 0, allow_single_class: bool = True) -> None:
        self.classes_: Classes = dict(classes)
        self.frequencies_: dict[str, list[float]] = {}

    def fit(
        self,
        train: Sequence[Example],
        validation: Sequence[Example] = (),
        *,
        progress: Progress = silent,
    ) -> Self:
        for task, names in usable_tasks(train, self.classes_, allow_single_class=True).items():
            _, ids = labelled(train, task, names)
            counts = np.bincount(ids, minlength=len(names))
            self.frequencies_[task] = (counts / counts.sum()).tolist()
        return self

    def predict_proba(
        self, examples: Sequence[Example], *, progress: Progress = silent
    ) -> Probabilities:
        return {
            task: np.tile(np.array(shares), (len(examples), 1))
            for task, shares in self.frequencies_.items()
        }

    def save(self, folder: Path) -> dict[str, Any]:
        return {"frequencies": self.frequencies_}

    @classmethod
    def load(cls, folder: Path, state: Mapping[str, Any], classes: Classes) -> Self:
        model = cls(classes)
        model.frequencies_ = {task: list(shares) for task, shares in state["frequencies"].items()}
        return model


class NgramClassifier:
    """TF-IDF over word 1–3 and character 2–5 n-grams with a linear model on top.

    Args:
        view: what of the row is read; see :func:`view_text`.
        target: also show where the target stands. Off where rows name a target only when there
            is a stance: its presence would give the label away.
        learner: ``logreg``, or ``svm`` (one-vs-rest hinge loss; its margins become
            probabilities by softmax, made honest by the calibration that follows training).
        characters: also use character n-grams.
        c: inverse regularisation strength.
        balanced: weigh classes by inverse frequency.
        binary: presence of an n-gram, and not its TF-IDF weight.
        per: ``target`` trains one model for each target that has 20 training rows or more; rows
            of other targets are answered by one model of all rows.
    """

    kind: ClassVar[str] = "ngrams"

    def __init__(
        self,
        classes: Classes,
        *,
        view: View = "masked",
        target: bool = False,
        learner: Literal["logreg", "svm"] = "logreg",
        characters: bool = True,
        c: float = 1.0,
        balanced: bool = True,
        binary: bool = False,
        per: Literal["target"] | None = None,
        seed: int = 0,
        allow_single_class: bool = False,
    ) -> None:
        self.classes_: Classes = dict(classes)
        self.view: View = view
        self.target = target
        self.learner: Literal["logreg", "svm"] = learner
        self.characters = characters
        self.c = c
        self.balanced = balanced
        self.binary = binary
        self.per: Literal["target"] | None = per
        self.seed = seed
        self.allow_single_class = allow_single_class
        self.pipelines_: dict[str, Any] = {}
        self.targets_: list[str] = []

    def fit(
        self,
        train: Sequence[Example],
        validation: Sequence[Example] = (),
        *,
        progress: Progress = silent,
    ) -> Self:
        tasks = usable_tasks(train, self.classes_, allow_single_class=self.allow_single_class)
        texts = [view_text(example, self.view, target=self.target) for example in train]
        counts = {target: len(own) for target, own in self._by_target(train).items()}
        self.targets_ = [target for target, rows in counts.items() if rows >= _FEWEST]
        if len(self.targets_) > _MOST:
            raise InputError(f"per: target makes {len(self.targets_)} models; take per: null")
        for done, (task, names) in enumerate(tasks.items()):
            rows, ids = labelled(train, task, names)
            self.pipelines_[task] = self._fitted([texts[at] for at in rows], ids)
            for target, own in self._by_target([train[at] for at in rows]).items():
                if target in self.targets_ and len(own) >= _FEWEST:
                    mine = [texts[rows[at]] for at in own]
                    self.pipelines_[self._part(task, target)] = self._fitted(mine, ids[own])
            progress(done + 1, len(tasks))
        return self

    def _fitted(self, texts: Sequence[str], ids: NDArray[np.int64]) -> Any:
        return self._pipeline(single=len(set(ids.tolist())) == 1).fit(texts, ids)

    def _by_target(self, examples: Sequence[Example]) -> dict[str, list[int]]:
        """Return the numbers of the rows of each target, none where there is one model for all."""
        found: dict[str, list[int]] = {}
        for at, example in enumerate(examples if self.per else ()):
            found.setdefault(example.target, []).append(at)
        return found

    def _part(self, task: str, target: str) -> str:
        """Return the name of a target's pipeline, safe as a file name."""
        return f"{task}-{self.targets_.index(target)}"

    def _pipeline(self, *, single: bool) -> Any:
        from sklearn.dummy import DummyClassifier
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import FeatureUnion, Pipeline
        from sklearn.svm import LinearSVC

        shared: dict[str, Any] = {"sublinear_tf": True, "dtype": np.float32, "strip_accents": None}
        if self.binary:
            shared |= {"sublinear_tf": False, "binary": True, "use_idf": False, "norm": None}
        parts = [
            ("words", TfidfVectorizer(ngram_range=(1, 3), token_pattern=r"(?u)\b\w+\b", **shared))
        ]
        if self.characters:
            parts.append(
                (
                    "characters",
                    TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, **shared),
                )
            )
        weight = "balanced" if self.balanced else None
        if single:
            learner: Any = DummyClassifier(strategy="prior")
        elif self.learner == "svm":
            learner = LinearSVC(C=self.c, class_weight=weight, random_state=self.seed)
        else:
            learner = LogisticRegression(C=self.c, class_weight=weight, max_iter=1000)
        return Pipeline([("tfidf", FeatureUnion(parts)), ("learner", learner)])

    def predict_proba(
        self, examples: Sequence[Example], *, progress: Progress = silent
    ) -> Probabilities:
        if not self.pipelines_:
            raise ModelError(f"{self.kind} has not been trained; call fit or load first")
        texts = [view_text(example, self.view, target=self.target) for example in examples]
        targets = self._by_target(examples)
        answers: Probabilities = {}
        for task, names in self.classes_.items():
            if task not in self.pipelines_:
                continue
            values = self._answer(task, texts, len(names))
            for target, own in targets.items():
                if target in self.targets_ and self._part(task, target) in self.pipelines_:
                    mine = [texts[at] for at in own]
                    values[own] = self._answer(self._part(task, target), mine, len(names))
            answers[task] = values
        return answers

    def _answer(self, name: str, texts: Sequence[str], n_labels: int) -> NDArray[np.float64]:
        pipeline = self.pipelines_[name]
        return spread(pipeline.classes_, linear_probabilities(pipeline, texts), n_labels)

    def save(self, folder: Path) -> dict[str, Any]:
        save_pipelines(self.pipelines_, folder)
        return {
            "view": self.view, "target": self.target, "learner": self.learner,
            "characters": self.characters, "c": self.c, "balanced": self.balanced,
            "binary": self.binary, "per": self.per, "targets": self.targets_,
            "seed": self.seed, "tasks": list(self.pipelines_),
        }  # fmt: skip

    @classmethod
    def load(cls, folder: Path, state: Mapping[str, Any], classes: Classes) -> Self:
        learned = ("tasks", "targets")
        arguments = {key: value for key, value in state.items() if key not in learned}
        model = cls(classes, **arguments)
        model.pipelines_ = load_pipelines(state["tasks"], folder)
        model.targets_ = list(state.get("targets", ()))
        return model


def linear_probabilities(estimator: Any, features: Any) -> NDArray[np.float64]:
    """Return (rows, seen classes) probabilities, from margins where there is nothing better."""
    if hasattr(estimator, "predict_proba"):
        return np.asarray(estimator.predict_proba(features), dtype=np.float64)
    margins = np.asarray(estimator.decision_function(features), dtype=np.float64)
    if margins.ndim == 1:
        margins = np.stack([-margins, margins], axis=1)
    return softmax(margins)


def save_pipelines(pipelines: Mapping[str, Any], folder: Path) -> None:
    """Write one skops file per task."""
    import skops.io

    for task, pipeline in pipelines.items():
        skops.io.dump(pipeline, folder / f"{task}.skops")


def load_pipelines(tasks: Sequence[str], folder: Path) -> dict[str, Any]:
    """Read skops files that hold scikit-learn and numpy types only.

    Raises:
        ModelError: absent, or with types that skops does not trust.
    """
    import zipfile

    import skops.io

    result = {}
    for task in tasks:
        path = folder / f"{task}.skops"
        try:
            unknown = skops.io.get_untrusted_types(file=path)
            if unknown:
                raise ModelError(f"{path}: holds untrusted types ({', '.join(unknown[:3])})")
            result[task] = skops.io.load(path)
        except FileNotFoundError:
            raise ModelError(f"{path}: no such file; train the model again") from None
        except (ValueError, KeyError, OSError, TypeError, zipfile.BadZipFile) as error:
            raise ModelError(f"{path}: not a readable model ({error})") from None
    return result
