"""Rows to batches for training: names hidden, lengths grouped, all a function of the seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset, Sampler

from stance.errors import InputError
from stance.models.base import label_ids
from stance.models.transformer.inputs import SOMEONE, Encoded, InputEncoder, Pieces
from stance.schema import Example

_POOL = 50  # batches sorted by length at a time: short padding, order still shuffled


class TrainingData(Protocol):
    """What the training loop asks of its rows."""

    epoch: int

    def __len__(self) -> int: ...

    def length(self, at: int) -> int:
        """How long row ``at`` is, in any unit: rows of one length are batched together."""

    def collate(self, rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """Make one padded batch of rows."""


class RowDataset(Dataset[dict[str, Any]]):
    """Tokenised rows with their label ids; names hidden anew by (seed, epoch, row).

    The name is the actor's, or the target's in a row without an actor if the style shows it.

    ``shares`` of shape (rows, stances) are what the stance is learned from, if given.
    """

    def __init__(
        self,
        encoder: InputEncoder,
        pieces: Sequence[Pieces],
        labels: NDArray[np.int64],
        *,
        seed: int = 0,
        mask: float = 0.0,
        swap: float = 0.0,
        shares: NDArray[np.float32] | None = None,
    ) -> None:
        self.encoder = encoder
        self.pieces = pieces
        self.labels = labels
        self.shares = shares
        self.seed, self.mask, self.swap = seed, mask, swap
        self.epoch = 0
        targets = encoder.style.target
        self._names = [item.actor or (item.target if targets else []) for item in pieces]
        self._named = [at for at, name in enumerate(self._names) if name]

    def __len__(self) -> int:
        return len(self.pieces)

    def __getitem__(self, at: int) -> dict[str, Any]:
        item = {
            "row": self.encoder.assemble(self.pieces[at], self._name(at)),
            "labels": self.labels[at],
        }
        return item if self.shares is None else {**item, "shares": self.shares[at]}

    def _name(self, at: int) -> Sequence[int] | None:
        if self.mask + self.swap == 0 or not self._names[at]:
            return None
        # A generator of its own per row: resuming in mid-epoch hides the same names.
        draw = random.Random(f"{self.seed}/{self.epoch}/{at}")
        chance = draw.random()
        if chance < self.mask:
            return [self.encoder.marker[SOMEONE]]
        if chance < self.mask + self.swap:
            return self._names[draw.choice(self._named)]
        return None

    def length(self, at: int) -> int:
        return len(self.pieces[at].text) + len(self.pieces[at].actor)

    def collate(self, rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        tensors = as_tensors(self.encoder, [row["row"] for row in rows])
        for name in ("labels", "shares"):
            if name in rows[0]:
                tensors[name] = torch.from_numpy(np.stack([row[name] for row in rows]))
        return tensors


class LengthGrouped(Sampler[int]):
    """Shuffled rows, sorted by length within pools of batches; a function of (seed, epoch)."""

    def __init__(self, data: TrainingData, batch_size: int, seed: int) -> None:
        self.data, self.batch_size, self.seed = data, batch_size, seed

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[int]:
        draw = random.Random(f"order/{self.seed}/{self.data.epoch}")
        order = list(range(len(self.data)))
        draw.shuffle(order)
        batches: list[list[int]] = []
        pool = self.batch_size * _POOL
        for start in range(0, len(order), pool):
            part = sorted(order[start : start + pool], key=self.data.length, reverse=True)
            batches += [
                part[at : at + self.batch_size] for at in range(0, len(part), self.batch_size)
            ]
        short = [batch for batch in batches if len(batch) < self.batch_size]
        full = [batch for batch in batches if len(batch) == self.batch_size]
        draw.shuffle(full)
        return iter([at for batch in full + short for at in batch])


def as_tensors(encoder: InputEncoder, rows: Sequence[Encoded]) -> dict[str, torch.Tensor]:
    """Pad rows into the network's named inputs."""
    batch = encoder.batch(rows)
    return {
        "input_ids": torch.from_numpy(batch.ids),
        "attention_mask": torch.from_numpy(batch.mask),
        "token_type_ids": torch.from_numpy(batch.types),
        "actor_at": torch.from_numpy(batch.actor_at),
    }


def label_shares(
    examples: Sequence[Example], task: str, names: Sequence[str], column: str
) -> NDArray[np.float32]:
    """Return each row's label shares from a column of votes or of shares by label.

    Args:
        column: holds a list of label names, one for each vote, or a mapping from label name to
            a share or count. A row without it is taken by its one label.

    Returns:
        Shares of shape (rows, labels); every row sums to 1, or is all 0 where nothing is known.

    Raises:
        InputError: no row has the column, or a row's cell is neither form; names the row.
    """
    result = np.zeros((len(examples), len(names)), dtype=np.float32)
    ids = label_ids(examples, task, names)
    known = [at for at, example in enumerate(examples) if example.extra.get(column)]
    if not known:
        raise InputError(f"soft_labels: no row has votes or shares in a column {column!r}")
    voted = set(known)
    for at, label in enumerate(ids.tolist()):
        if at not in voted and label >= 0:
            result[at, label] = 1
    for at in known:
        counts = _counts(examples[at], names, column)
        result[at] = counts / counts.sum()
    return result


def _counts(example: Example, names: Sequence[str], column: str) -> NDArray[np.float64]:
    cell: Any = example.extra[column]
    counts = np.zeros(len(names))
    try:
        if isinstance(cell, str) or not isinstance(cell, Mapping | Sequence):
            raise TypeError
        for name in cell:
            counts[list(names).index(name)] += (
                float(cell[name]) if isinstance(cell, Mapping) else 1.0
            )
    except (TypeError, ValueError):
        counts[:] = -1
    if (counts < 0).any() or not 0 < counts.sum() < np.inf:
        raise InputError(
            f"row {example.id}: {column} holds {cell!r}; expected a list of labels or a share for "
            f"each of {', '.join(names)}"
        )
    return counts
