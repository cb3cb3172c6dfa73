"""The exported tagger on onnxruntime and tokenizers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stance.articles.combine import Weights
from stance.articles.tagging import Tagged, decode
from stance.models.base import softmax
from stance.models.runtime import OnnxGraph
from stance.models.tag_inputs import TagBatch, TagInputs, load_inputs

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


class OnnxTagger:
    """Reads sentences; the ``Tagger`` that ``articles.attribution`` asks."""

    def __init__(
        self, session: TagSession, inputs: TagInputs, weights: Weights | None = None
    ) -> None:
        self._session = session
        self._inputs = inputs
        self.weights = weights

    @classmethod
    def load(cls, folder: Path, weights: Weights | None = None) -> OnnxTagger:
        """Read an exported tagger's folder."""
        inputs = load_inputs(folder / "tokenizer.json")
        return cls(TagSession(folder / "model.onnx"), inputs, weights)

    def alone(self) -> OnnxTagger:
        """Return the same tagger, deciding without the rules."""
        return OnnxTagger(self._session, self._inputs)

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
