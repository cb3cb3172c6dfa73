"""A tagger's folder: sealed like a model's, read by its hashes and without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from stance.articles.combine import Weights
from stance.articles.tagging import Tagged, decode
from stance.errors import ModelError
from stance.files import read_json, write_json
from stance.models.base import softmax
from stance.models.sealed import require_whole, write_manifest
from stance.models.tagger.inputs import TagBatch, TagInputs, load_inputs
from stance.models.transformer.runtime import OnnxGraph

INPUTS = ("input_ids", "attention_mask", "heads")
OUTPUTS = ("cue", "pairs")
_BATCH = 32


class TagSession(OnnxGraph):
    """An exported tagger network."""

    def scores(self, batch: TagBatch) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return cue logits (rows, words, 3) and pair logits (rows, 2, words, words)."""
        arrays = dict(zip(INPUTS, (batch.ids, batch.mask, batch.heads), strict=True))
        cue, pairs = self.run(OUTPUTS, arrays)
        return cue, pairs


class Session(Protocol):
    """A tagger network that can be asked, exported or not."""

    def scores(self, batch: TagBatch) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return cue logits (rows, words, 3) and pair logits (rows, 2, words, words)."""


class StoredTagger:
    """Reads sentences; the ``Tagger`` that ``articles.attribution`` asks."""

    def __init__(self, session: Session, inputs: TagInputs, weights: Weights | None = None) -> None:
        self._session = session
        self._inputs = inputs
        self.weights = weights

    @classmethod
    def load(cls, folder: Path, weights: Weights | None = None) -> StoredTagger:
        """Read a tagger's folder: its export, or its weights in torch where there is none."""
        inputs = load_inputs(folder / "tokenizer.json")
        if (folder / "model.onnx").is_file():
            return cls(TagSession(folder / "model.onnx"), inputs, weights)
        from stance.models.tagger.network import TorchSession

        return cls(TorchSession.load(folder), inputs, weights)

    def alone(self) -> StoredTagger:
        """Return the same tagger, deciding without the rules."""
        return StoredTagger(self._session, self._inputs)

    def tag(self, sentences: Sequence[str]) -> list[Tagged]:
        rows = self._inputs.encode(sentences)
        order = sorted(range(len(rows)), key=lambda at: (-len(rows[at].ids), at))
        order = [at for at in order if rows[at].heads]
        found = [Tagged((), np.zeros(0), ())] * len(rows)
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            cue, pairs = self._session.scores(self._inputs.batch([rows[at] for at in batch]))
            bio = softmax(cue.reshape(-1, 3)).reshape(cue.shape)
            likely = 1.0 / (1.0 + np.exp(-np.clip(pairs, -30.0, 30.0)))
            for place, at in enumerate(batch):
                count = len(rows[at].heads)
                found[at] = decode(
                    rows[at].words, bio[place, :count], likely[place, :, :count, :count]
                )
        return found


TAGGER_FILE = "tagger.json"
TAGGER_FOLDER = "tagger"
"""Where a run keeps its tagger."""
FORMAT = 1


def seal_tagger(folder: Path, weights: Weights, state: Mapping[str, Any]) -> None:
    """Write what stands beside a tagger's network, and the manifest of hashes.

    Args:
        weights: how it combines with the rules (``models.tag_combination``).
        state: how it was trained.
    """
    facts = {"format": FORMAT, "weights": {k: list(v) for k, v in weights.items()}, "state": state}
    write_json(folder / TAGGER_FILE, facts)
    write_manifest(folder)


def load_tagger(folder: Path) -> StoredTagger:
    """Read a tagger's folder.

    Raises:
        ModelError: not a tagger of ours.
        IntegrityError: a file is missing or altered.
    """
    if not (folder / TAGGER_FILE).is_file():
        raise ModelError(
            f"{folder}: no attribution tagger; `stance attribution train configs/attribution.yaml` "
            "makes one"
        )
    require_whole(folder)
    facts = read_json(folder / TAGGER_FILE)
    if facts.get("format") != FORMAT:
        raise ModelError(
            f"{folder}: tagger format {facts.get('format')!r}, this version reads {FORMAT}"
        )
    weights = {name: (float(a), float(b)) for name, (a, b) in facts["weights"].items()}
    return StoredTagger.load(folder, weights)
