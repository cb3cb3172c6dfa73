"""The fine-tuned transformer as a classifier: fit, predict, save, load."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from stance.errors import ModelError
from stance.files import sha256_json
from stance.models.base import (
    Classes,
    Probabilities,
    Progress,
    label_ids,
    silent,
    softmax,
    usable_tasks,
    validation_f1,
)
from stance.models.transformer.backbone import MINILM, find_backbone, tokenizer_of
from stance.models.transformer.inputs import InputEncoder, InputStyle, by_length, load_tokenizer
from stance.models.transformer.options import TrainingOptions
from stance.models.transformer.weights import load_encoder
from stance.schema import Example

_PREDICT_BATCH = 64


class TransformerClassifier:
    """An encoder fine-tuned on stance and sentiment together.

    Args:
        classes: label names by task.
        backbone: ``minilm``, a folder, or a hub name that is cached (or ``download``).
        style: what the network sees of a row.
        options: how it is trained.
        work: folder for checkpoints; training resumes from what is there. A temporary one
            where None.
    """

    kind: ClassVar[str] = "transformer"

    def __init__(
        self,
        classes: Classes,
        *,
        backbone: str = MINILM,
        style: InputStyle | None = None,
        options: TrainingOptions | None = None,
        seed: int = 0,
        work: Path | None = None,
        download: bool = False,
        allow_single_class: bool = False,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.classes_: Classes = dict(classes)
        self.backbone = backbone
        self.style = style or InputStyle()
        self.options = options or TrainingOptions()
        self.seed = seed
        self.work = work
        self.download = download
        self.allow_single_class = allow_single_class
        self.say = say
        self.history_: list[dict[str, float]] = []
        self.truncated_: list[bool] = []
        self._network: Any = None
        self._inputs: InputEncoder | None = None

    # -- training -------------------------------------------------------------------------

    def fit(
        self,
        train: Sequence[Example],
        validation: Sequence[Example] = (),
        *,
        progress: Progress = silent,
    ) -> Self:
        usable_tasks(train, self.classes_, allow_single_class=self.allow_single_class)
        import torch

        from stance.models.transformer import training as finetune
        from stance.models.transformer.batches import RowDataset
        from stance.models.transformer.network import freeze_lower

        torch.manual_seed(self.seed)
        folder = find_backbone(self.backbone, download=self.download)
        self._inputs = inputs = self._input_encoder(tokenizer_of(folder))
        train_labels = self._labels(train)
        weighs = self.options.class_weights == "sqrt"
        weights = finetune.task_weights(train_labels, self.classes_) if weighs else None
        encoder = load_encoder(folder)
        encoder.resize_token_embeddings(
            max(inputs.tokenizer.get_vocab_size(), encoder.config.vocab_size),
            mean_resizing=False,
        )
        network = self._build(encoder, weights)
        freeze_lower(network.encoder, self.options.frozen_layers)
        rows = RowDataset(
            inputs,
            inputs.pieces(train),
            train_labels,
            seed=self.seed,
            mask=self.options.mask_actors,
            swap=self.options.swap_actors,
            shares=self._shares(train),
        )
        held_rows = RowDataset(inputs, inputs.pieces(validation), self._labels(validation))
        with tempfile.TemporaryDirectory(prefix="stance-") as temporary:
            self.history_ = finetune.train(
                network,
                rows,
                held_rows if validation else None,
                self.options,
                folder=self.work or Path(temporary),
                seed=self.seed,
                score=partial(validation_f1, self.classes_),
                facts=self._facts(train, validation),
                progress=progress,
                say=self.say,
            )
        self._network = network.eval()
        return self

    def _labels(self, examples: Sequence[Example]) -> np.ndarray[Any, np.dtype[np.int64]]:
        return np.stack([label_ids(examples, *item) for item in self.classes_.items()], axis=1)

    def _shares(self, train: Sequence[Example]) -> Any:
        if not self.options.soft_labels:
            return None
        from stance.models.transformer.batches import label_shares

        task = next(iter(self.classes_))
        return label_shares(train, task, self.classes_[task], self.options.soft_labels)

    def _facts(self, train: Sequence[Example], validation: Sequence[Example]) -> dict[str, Any]:
        votes = self.options.soft_labels

        def content(rows: Sequence[Example]) -> str:
            known = [[e.id, e.text, e.actor, e.target, e.stance, e.sentiment] for e in rows]
            return sha256_json([known, [e.extra.get(votes) for e in rows]] if votes else known)

        return {
            "train": content(train),
            "validation": content(validation),
            "classes": {task: list(names) for task, names in self.classes_.items()},
            "backbone": self.backbone,
            "style": self.style.to_json(),
            "options": asdict(self.options),
            "seed": self.seed,
        }

    def _build(self, encoder: Any, weights: Mapping[str, Any] | None = None) -> Any:
        from stance.models.transformer.network import StanceNetwork

        sizes = {task: len(names) for task, names in self.classes_.items()}
        return StanceNetwork(
            encoder, sizes, weights=weights, dropout=self.options.dropout,
            label_smoothing=self.options.label_smoothing, r_drop=self.options.r_drop,
        )  # fmt: skip

    def _input_encoder(self, tokenizer: Any) -> InputEncoder:
        return InputEncoder(tokenizer, self.style)

    # -- prediction -----------------------------------------------------------------------

    def predict_proba(
        self, examples: Sequence[Example], *, progress: Progress = silent
    ) -> Probabilities:
        logits = self.logits(examples, progress=progress)
        result, start = {}, 0
        for task, names in self.classes_.items():
            result[task] = softmax(logits[:, start : start + len(names)])
            start += len(names)
        return result

    def logits(
        self, examples: Sequence[Example], *, progress: Progress = silent
    ) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Return raw scores of shape (rows, all labels side by side)."""
        import torch

        from stance.models.transformer.batches import as_tensors

        if self._network is None or self._inputs is None:
            raise ModelError("the transformer has not been trained; call fit or load first")
        rows = self._inputs.encode(examples)
        self.truncated_ = [row.truncated_actor for row in rows]
        width = sum(len(names) for names in self.classes_.values())
        result = np.zeros((len(rows), width), dtype=np.float32)
        device = next(self._network.parameters()).device
        done = 0
        with torch.inference_mode():
            for batch in by_length(rows, _PREDICT_BATCH):
                tensors = as_tensors(self._inputs, [rows[at] for at in batch])
                output = self._network(**{key: value.to(device) for key, value in tensors.items()})
                result[batch] = output["logits"].float().cpu().numpy()
                done += len(batch)
                progress(done, len(rows))
        return result

    # -- storage --------------------------------------------------------------------------

    def save(self, folder: Path) -> dict[str, Any]:
        from safetensors.torch import save_file

        from stance.models.transformer.export import export_onnx, export_or_say

        if self._network is None or self._inputs is None:
            raise ModelError("nothing to save; fit the transformer first")
        network = self._network.cpu()
        save_file(
            {name: value.contiguous() for name, value in network.state_dict().items()},
            folder / "model.safetensors",
        )
        self._save_frame(folder)
        path, inputs = folder / "model.onnx", self._inputs
        export_or_say(lambda: export_onnx(network, inputs, path), path, self.say)
        return self._state()

    def save_adapter(
        self, folder: Path, *, bits: int, backbone: str | None = None
    ) -> dict[str, Any]:
        """Write an adapter over the encoder; this classifier then answers as what was written.

        Args:
            bits: for each number that training changed (``models.differences``).
            backbone: where the encoder is found on loading; as in training where None.
        """
        from stance.models.transformer.adapter import (
            GRAPH_FILE,
            merged_weights,
            write_initializers,
            write_weights,
        )
        from stance.models.transformer.export import export_onnx, strip_weights
        from stance.models.transformer.weights import stored_tensors

        if self._network is None or self._inputs is None:
            raise ModelError("nothing to save; fit or load the transformer first")
        network = self._network.cpu()
        write_weights(
            {name: value.numpy() for name, value in network.state_dict().items()},
            folder, backbone=backbone or self.backbone, bits=bits,
        )  # fmt: skip
        network.load_state_dict(stored_tensors(folder))
        self._save_frame(folder)
        with tempfile.TemporaryDirectory(prefix="stance-") as temporary:
            exported = Path(temporary) / "model.onnx"
            export_onnx(network, self._inputs, exported)
            places = strip_weights(exported, merged_weights(folder), folder / GRAPH_FILE)
        write_initializers(folder, places)
        return self._state()

    def _save_frame(self, folder: Path) -> None:
        self._network.encoder.config.save_pretrained(folder)
        if self._inputs is not None:
            self._inputs.tokenizer.save(str(folder / "tokenizer.json"))

    def _state(self) -> dict[str, Any]:
        packaged = self.backbone == MINILM
        return {
            "backbone": MINILM if packaged else Path(self.backbone).name,
            "style": self.style.to_json(),
            "options": asdict(self.options),
            "seed": self.seed,
            "pad_id": self._inputs.pad_id if self._inputs else 0,
            "history": self.history_,
        }

    @classmethod
    def load(cls, folder: Path, state: Mapping[str, Any], classes: Classes) -> Self:
        from stance.models.transformer.backbone import go_offline
        from stance.models.transformer.weights import stored_tensors

        go_offline()
        from transformers import AutoConfig, AutoModel

        model = cls(
            classes,
            backbone=state["backbone"],
            style=InputStyle(**state["style"]),
            options=TrainingOptions(**state["options"]),
            seed=state["seed"],
        )
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        network = model._build(AutoModel.from_config(config, trust_remote_code=False))
        network.load_state_dict(stored_tensors(folder))
        model._network = network.eval()
        model._inputs = model._input_encoder(load_tokenizer(folder / "tokenizer.json"))
        model.history_ = list(state["history"])
        return model
