"""The exported transformer on onnxruntime and tokenizers: ready in half a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from stance.errors import ModelError
from stance.models.base import Classes, Probabilities, Progress, silent, softmax
from stance.models.transformer.adapter import GRAPH_FILE, graph_weights, is_adapter
from stance.models.transformer.inputs import (
    Batch,
    InputEncoder,
    InputStyle,
    by_length,
    load_tokenizer,
)
from stance.schema import Example

INPUTS = ("input_ids", "attention_mask", "token_type_ids", "actor_at")
_BATCH = 32


class OnnxGraph:
    """A graph that onnxruntime runs.

    Args:
        weights: by name in the graph, tensors that the file leaves to be given (``adapter``).
    """

    def __init__(
        self,
        path: Path,
        *,
        threads: int = 0,
        weights: Mapping[str, NDArray[Any]] | None = None,
    ) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # onnxruntime reads given tensors where they lie, so they must live as long as it does.
        self._weights = {
            name: onnxruntime.OrtValue.ortvalue_from_numpy(value)
            for name, value in (weights or {}).items()
        }
        try:
            if self._weights:
                options.add_external_initializers(list(self._weights), list(self._weights.values()))
            self._session = onnxruntime.InferenceSession(
                path.read_bytes() if self._weights else str(path),
                options,
                providers=["CPUExecutionProvider"],
            )
        except Exception as error:  # onnxruntime raises its own unrelated kinds
            raise ModelError(f"{path}: not a usable export ({str(error)[:160]})") from None
        self._names = {item.name for item in self._session.get_inputs()}

    def run(
        self, outputs: Sequence[str], arrays: Mapping[str, NDArray[Any]]
    ) -> list[NDArray[np.float32]]:
        """Return the outputs asked for; inputs that the graph does not have are left out."""
        feed = {name: value for name, value in arrays.items() if name in self._names}
        return [np.asarray(value) for value in self._session.run(list(outputs), feed)]


class OnnxSession(OnnxGraph):
    """An exported stance network."""

    def logits(self, batch: Batch) -> NDArray[np.float32]:
        """Return (rows, labels) scores of a padded batch."""
        arrays = (batch.ids, batch.mask, batch.types, batch.actor_at)
        return self.run(["logits"], dict(zip(INPUTS, arrays, strict=True)))[0]


class OnnxClassifier:
    """A trained transformer for prediction only; same answers as torch within 1e-4."""

    kind: ClassVar[str] = "transformer"

    def __init__(self, classes: Classes, session: OnnxSession, inputs: InputEncoder) -> None:
        self.classes_: Classes = dict(classes)
        self._session = session
        self._inputs = inputs
        self.truncated_: list[bool] = []

    def fit(self, *_: Any, **__: Any) -> Self:
        raise ModelError("an export cannot be trained; load the model with runtime='torch'")

    def save(self, folder: Path) -> dict[str, Any]:
        raise ModelError("an export is saved by the transformer it was made from")

    @classmethod
    def load(cls, folder: Path, state: Mapping[str, Any], classes: Classes) -> Self:
        tokenizer = load_tokenizer(folder / "tokenizer.json")
        inputs = InputEncoder(tokenizer, InputStyle(**state["style"]), pad_id=state["pad_id"])
        if is_adapter(folder):
            session = OnnxSession(folder / GRAPH_FILE, weights=graph_weights(folder))
        else:
            session = OnnxSession(folder / "model.onnx")
        return cls(classes, session, inputs)

    def predict_proba(
        self, examples: Sequence[Example], *, progress: Progress = silent
    ) -> Probabilities:
        rows = self._inputs.encode(examples)
        self.truncated_ = [row.truncated_actor for row in rows]
        width = sum(len(names) for names in self.classes_.values())
        logits = np.zeros((len(rows), width), dtype=np.float32)
        done = 0
        for batch in by_length(rows, _BATCH):
            logits[batch] = self._session.logits(self._inputs.batch([rows[at] for at in batch]))
            done += len(batch)
            progress(done, len(rows))
        result, start = {}, 0
        for task, names in self.classes_.items():
            result[task] = softmax(logits[:, start : start + len(names)])
            start += len(names)
        return result
