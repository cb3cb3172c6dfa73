"""Models on disk: one folder each, whole or refused, read by label name and without pickle."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from stance.codebook import STANCE, suggest
from stance.errors import ModelError
from stance.files import atomic_folder, read_json, write_json
from stance.models.abstention import Threshold, Thresholds, threshold_for
from stance.models.base import (
    MODEL_FILE,
    Classes,
    Probabilities,
    Progress,
    StanceClassifier,
    silent,
)
from stance.models.calibration import Calibration
from stance.models.sealed import require_whole, write_manifest
from stance.models.transformer.adapter import is_adapter
from stance.schema import Example

FORMAT = 2
LEARNED_FILE = "known-rows.json"
_READABLE = (1, 2)  # 1 knew temperatures only, and no thresholds
KINDS = ("majority", "ngrams", "lexicon", "frozen", "transformer", "blend", "chain")


def classifier_class(kind: str) -> Any:
    """Return the class of a kind; its module is imported only now."""
    if kind == "majority":
        from stance.models.baselines import MajorityClassifier

        return MajorityClassifier
    if kind == "ngrams":
        from stance.models.baselines import NgramClassifier

        return NgramClassifier
    if kind == "lexicon":
        from stance.models.lexicon import LexiconClassifier

        return LexiconClassifier
    if kind == "blend":
        from stance.models.combined import BlendClassifier

        return BlendClassifier
    if kind == "chain":
        from stance.models.combined import ChainClassifier

        return ChainClassifier
    if kind == "frozen":
        from stance.models.frozen import FrozenClassifier

        return FrozenClassifier
    if kind == "transformer":
        from stance.models.transformer.classifier import TransformerClassifier

        return TransformerClassifier
    raise ModelError(f"unknown kind of model {kind!r}; {suggest(kind, KINDS)}")


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model read back, its answers calibrated and in the caller's order of labels."""

    name: str
    kind: str
    classes: Classes
    classifier: StanceClassifier
    calibration: Calibration
    codebook: Mapping[str, Any]
    folder: Path
    thresholds: Thresholds = field(default_factory=dict)

    def predict_proba(
        self, examples: Sequence[Example], *, progress: Progress = silent
    ) -> Probabilities:
        """Return calibrated probabilities by task, columns in the order of ``classes``."""
        raw = self.calibration.apply(self.classifier.predict_proba(examples, progress=progress))
        result = {}
        for task, names in self.classes.items():
            if task not in raw:
                continue
            own = self.classifier.classes_[task]
            result[task] = raw[task][:, [own.index(name) for name in names]]
        return result

    def threshold(self, precision: float, task: str = STANCE) -> float:
        """Return the confidence below which to abstain for a wanted precision.

        Raises:
            ModelError: none is stored for it; names the precisions that have one.
        """
        return threshold_for(self.thresholds.get(task, ()), precision, model=self.name)

    @property
    def truncated(self) -> Sequence[bool]:
        """Which rows of the last prediction lost their actor, where the classifier can say."""
        return getattr(self.classifier, "truncated_", [])


@dataclass(frozen=True, slots=True)
class Learned:
    """Hashes of the rows that trained a model, and of those that only chose or calibrated it."""

    trained: frozenset[str] = frozenset()
    chosen: frozenset[str] = frozenset()

    @classmethod
    def of(cls, train: Iterable[Example] = (), validation: Iterable[Example] = ()) -> Self:
        trained = frozenset(map(row_hash, train))
        return cls(trained, frozenset(map(row_hash, validation)) - trained)

    def __or__(self, other: Learned) -> Learned:
        trained = self.trained | other.trained
        return Learned(trained, (self.chosen | other.chosen) - trained)

    def __len__(self) -> int:
        return len(self.trained) + len(self.chosen)

    def to_json(self) -> dict[str, list[str]]:
        return {"trained": sorted(self.trained), "chosen": sorted(self.chosen)}


def row_hash(row: Example) -> str:
    """Return what a row is known again by: text and holder, but for white space, case and form."""
    words = unicodedata.normalize("NFC", f"{row.text}\0{row.actor}").casefold().split()
    return hashlib.sha256(" ".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def read_learned(folder: Path) -> Learned | None:
    """Return which rows a model learned from; None where it does not know."""
    path = folder / LEARNED_FILE
    if not path.is_file():
        return None
    raw = read_json(path)
    return Learned(frozenset(raw["trained"]), frozenset(raw["chosen"]))


def save_model(
    model: StanceClassifier,
    folder: Path,
    *,
    name: str,
    calibration: Calibration,
    codebook: Mapping[str, Any],
    thresholds: Thresholds | None = None,
    learned: Learned | None = None,
    validation: float | None = None,
) -> None:
    """Write a model's folder atomically and seal it with a manifest of hashes.

    Args:
        codebook: the parsed codebook that the labels come from, kept beside the weights.
        thresholds: where to abstain, by task.
        learned: which rows it learned from; None where that is not known.
        validation: its score on validation rows, by which the best of a run is found.
    """
    with atomic_folder(folder) as temporary:
        state = model.save(temporary)
        if learned is not None:
            write_json(temporary / LEARNED_FILE, learned.to_json())
        write_json(
            temporary / MODEL_FILE,
            {
                "format": FORMAT,
                "name": name,
                "kind": model.kind,
                "classes": {task: list(names) for task, names in model.classes_.items()},
                "calibration": calibration.to_json(),
                "abstention": {
                    task: [item.to_json() for item in items]
                    for task, items in (thresholds or {}).items()
                },
                "codebook": codebook,
                "validation": validation,
                "state": state,
            },
        )
        write_manifest(temporary)


def load_model(
    folder: Path,
    classes: Classes | None = None,
    *,
    runtime: Literal["auto", "torch"] = "auto",
) -> StoredModel:
    """Read a model's folder.

    Args:
        classes: the label names wanted, by task; the model's own where None. Labels are matched
            by name, so a model that lists them in another order gives the same answers.
        runtime: ``auto`` runs a transformer from its export, ``torch`` from its weights.

    Raises:
        ModelError: not a model of ours, or one of another label set.
        IntegrityError: a file is missing or altered.
    """
    if not (folder / MODEL_FILE).is_file():
        hint = ""
        if (folder / "config.json").exists():
            hint = " (a bare encoder: fine-tune it with `stance train` first)"
        raise ModelError(f"{folder}: no trained stance model{hint}")
    require_whole(folder)
    facts = read_json(folder / MODEL_FILE)
    if facts.get("format") not in _READABLE:
        raise ModelError(
            f"{folder}: model format {facts.get('format')!r}, this version reads "
            f"{' and '.join(map(str, _READABLE))}"
        )
    own: Classes = {task: tuple(names) for task, names in facts["classes"].items()}
    wanted = dict(classes) if classes is not None else own
    for task, names in wanted.items():
        if task in own and set(own[task]) != set(names):
            differ = sorted(set(own[task]) ^ set(names))
            raise ModelError(
                f"{folder}: the model's {task} labels are not the codebook's "
                f"(differing: {', '.join(differ[:6])}); use the codebook it was trained with"
            )
    if "stance" in wanted and "stance" not in own:
        raise ModelError(f"{folder}: the model has no stance labels")
    kind = facts["kind"]
    exported = is_adapter(folder) or (folder / "model.onnx").exists()
    if runtime == "auto" and kind == "transformer" and exported:
        from stance.models.transformer.runtime import OnnxClassifier

        loader: Any = OnnxClassifier
    else:
        loader = classifier_class(kind)
    return StoredModel(
        name=facts["name"],
        kind=kind,
        classes={task: names for task, names in wanted.items() if task in own},
        classifier=loader.load(folder, facts["state"], own),
        calibration=Calibration.from_json(facts["calibration"]),
        codebook=facts["codebook"],
        folder=folder,
        thresholds=read_thresholds(facts),
    )


def read_thresholds(facts: Mapping[str, Any]) -> Thresholds:
    """Return the thresholds of a parsed ``model.json``; none where it knew none."""
    return {
        task: tuple(Threshold.from_json(item) for item in items)
        for task, items in facts.get("abstention", {}).items()
    }
