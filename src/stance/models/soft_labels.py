"""What several annotators said of a row, as shares that a classifier can learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stance.errors import InputError
from stance.models.base import label_ids
from stance.schema import Example


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
