"""The encoder as it is, with logistic regression on its sentence vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from stance.errors import ModelError
from stance.models.base import (
    Classes,
    Probabilities,
    Progress,
    labelled,
    silent,
    spread,
    usable_tasks,
)
from stance.models.baselines import linear_probabilities, load_pipelines, save_pipelines
from stance.models.transformer.backbone import MINILM, find_backbone, tokenizer_of
from stance.models.transformer.inputs import InputEncoder, InputStyle, by_length
from stance.models.transformer.weights import load_encoder
from stance.schema import Example

_BATCH = 64


class FrozenClassifier:
    """Logistic regression on [mean of tokens, state at the actor], the encoder untrained.

    Markers would be noise to an encoder that never saw them, so the actor is found by position
    and named in the second segment.
    """

    kind: ClassVar[str] = "frozen"

    def __init__(
        self,
        classes: Classes,
        *,
        backbone: str = MINILM,
        target: bool = False,
        c: float = 1.0,
        max_length: int = 128,
        seed: int = 0,
        download: bool = False,
        allow_single_class: bool = False,
    ) -> None:
        self.classes_: Classes = dict(classes)
        self.backbone = backbone
        self.target = target
        self.c = c
        self.max_length = max_length
        self.seed = seed
        self.download = download
        self.allow_single_class = allow_single_class
        self.pipelines_: dict[str, Any] = {}
        self._network: tuple[Any, InputEncoder] | None = None

    def fit(
        self,
        train: Sequence[Example],
        validation: Sequence[Example] = (),
        *,
        progress: Progress = silent,
    ) -> Self:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        tasks = usable_tasks(train, self.classes_, allow_single_class=self.allow_single_class)
        features = self.features(train, progress=progress)
        for task, names in tasks.items():
            rows, ids = labelled(train, task, names)
            learner = LogisticRegression(C=self.c, class_weight="balanced", max_iter=2000)
            pipeline = make_pipeline(StandardScaler(), learner)
            self.pipelines_[task] = pipeline.fit(features[rows], ids)
        return self

    def features(
        self, examples: Sequence[Example], *, progress: Progress = silent
    ) -> NDArray[np.float32]:
        """Return (rows, 2 × width) vectors."""
        import torch

        from stance.models.transformer.batches import as_tensors
        from stance.models.transformer.network import StanceNetwork

        if self._network is None:
            folder = find_backbone(self.backbone, download=self.download)
            style = InputStyle(markers=False, target=self.target, max_length=self.max_length)
            inputs = InputEncoder(tokenizer_of(folder), style)
            self._network = (StanceNetwork(load_encoder(folder), {}).eval(), inputs)
        network, inputs = self._network
        rows = inputs.encode(examples)
        result: list[NDArray[np.float32] | None] = [None] * len(rows)
        done = 0
        with torch.inference_mode():
            for batch in by_length(rows, _BATCH):
                vectors = network.represent(**as_tensors(inputs, [rows[at] for at in batch]))
                for at, vector in zip(batch, vectors.float().numpy(), strict=True):
                    result[at] = vector
                done += len(batch)
                progress(done, len(rows))
        return np.stack([vector for vector in result if vector is not None])

    def predict_proba(
        self, examples: Sequence[Example], *, progress: Progress = silent
    ) -> Probabilities:
        if not self.pipelines_:
            raise ModelError("the frozen encoder's classifier has not been trained")
        features = self.features(examples, progress=progress)
        return {
            task: spread(
                pipeline.classes_,
                linear_probabilities(pipeline, features),
                len(self.classes_[task]),
            )
            for task, pipeline in self.pipelines_.items()
        }

    def save(self, folder: Path) -> dict[str, Any]:
        save_pipelines(self.pipelines_, folder)
        return {
            "backbone": self.backbone, "target": self.target, "c": self.c,
            "max_length": self.max_length, "seed": self.seed, "tasks": list(self.pipelines_),
        }  # fmt: skip

    @classmethod
    def load(cls, folder: Path, state: Mapping[str, Any], classes: Classes) -> Self:
        model = cls(classes, **{key: value for key, value in state.items() if key != "tasks"})
        model.pipelines_ = load_pipelines(state["tasks"], folder)
        return model
