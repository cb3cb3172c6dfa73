"""Sentences to token ids for the tagger, and its scores back to words; ``tokenizers`` alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from stance.models.transformer.inputs import load_tokenizer, pad_of
from stance.schema import Span

LONGEST = 128
"""Word pieces of a sentence that the tagger reads; what stands behind them is left to rules."""


@dataclass(frozen=True, slots=True)
class TagRow:
    """One tokenised sentence.

    ``heads`` are the positions, among ``ids``, of each word's first piece: one score per word.
    """

    ids: list[int]
    heads: list[int]
    words: list[Span]


@dataclass(frozen=True, slots=True)
class TagBatch:
    """Padded arrays: ``ids`` and ``mask`` (rows, longest), ``heads`` (rows, most words)."""

    ids: NDArray[np.int64]
    mask: NDArray[np.int64]
    heads: NDArray[np.int64]


class TagInputs:
    """Turns sentences into rows with one tokenizer, framed as its authors frame one segment."""

    def __init__(self, tokenizer: Tokenizer, pad_id: int = 0) -> None:
        self.tokenizer = tokenizer
        self.pad_id = pad_id
        framed = tokenizer.encode("a", add_special_tokens=True)
        inside = [at for at, flag in enumerate(framed.special_tokens_mask) if not flag]
        self._front, self._back = framed.ids[: inside[0]], framed.ids[inside[-1] + 1 :]

    def encode(self, sentences: Sequence[str]) -> list[TagRow]:
        """Tokenise sentences; one that holds no word gives a row without words."""
        encoded = self.tokenizer.encode_batch(list(sentences), add_special_tokens=False)
        return [self._row(item) for item in encoded]

    def _row(self, encoded: Any) -> TagRow:
        heads: list[int] = []
        words: list[Span] = []
        before = None
        for at, (word, offsets) in enumerate(
            zip(encoded.word_ids[:LONGEST], encoded.offsets[:LONGEST], strict=True)
        ):
            if word != before:
                heads.append(at + len(self._front))
                words.append((int(offsets[0]), int(offsets[1])))
                before = word
            else:
                words[-1] = (words[-1][0], int(offsets[1]))
        return TagRow([*self._front, *encoded.ids[:LONGEST], *self._back], heads, words)

    def batch(self, rows: Sequence[TagRow]) -> TagBatch:
        """Pad rows to the longest of them."""
        longest = max(len(row.ids) for row in rows)
        most = max(1, *(len(row.heads) for row in rows))
        ids = np.full((len(rows), longest), self.pad_id, dtype=np.int64)
        mask = np.zeros_like(ids)
        heads = np.zeros((len(rows), most), dtype=np.int64)
        for at, row in enumerate(rows):
            ids[at, : len(row.ids)] = row.ids
            mask[at, : len(row.ids)] = 1
            heads[at, : len(row.heads)] = row.heads
        return TagBatch(ids, mask, heads)


def load_inputs(path: Path) -> TagInputs:
    """Read a tagger's ``tokenizer.json``."""
    tokenizer = load_tokenizer(path)
    return TagInputs(tokenizer, pad_id=pad_of(tokenizer))
