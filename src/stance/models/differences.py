"""What fine-tuning added to a matrix, in a few bits a number.

Fine-tuning moves every weight a little. Stored as four-bit multiples of one step per group of
64 numbers, the movement costs an eighth of its float32 size and keeps the model's answers; a
truncated singular value decomposition of the same size loses several times as much, because
what full fine-tuning adds is not of low rank. The idea is that of Liu et al. (2024),
"BitDelta: Your Fine-Tune May Only Be Worth One Bit", with more bits and a step per group as in
weight quantisation. Rows that hardly moved (tokens that no training text has) stay as they were.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Parts = dict[str, NDArray[np.generic]]
"""One matrix's difference: ``codes``, ``steps`` and, where not all rows moved, ``rows``."""

BITS = (4, 8)
_GROUP = 64  # numbers that share a step
_STILL = 0.005  # of a row's length: weight decay alone moves rows by less
_CLIPS = (1.0, 0.9, 0.8, 0.7, 0.6)  # of a group's largest number, tried for the least error


def encode(before: Floats, after: Floats, bits: int) -> Parts:
    """Return the difference of two matrices of one shape; empty where no row moved.

    Args:
        bits: 4 or 8 a number.
    """
    difference = after - before
    moved = np.linalg.norm(difference, axis=1)
    rows = np.flatnonzero(moved > _STILL * np.linalg.norm(before, axis=1))
    if not len(rows):
        return {}
    codes, steps = _quantise(difference[rows], bits)
    parts: Parts = {"codes": codes, "steps": steps}
    if len(rows) < len(before):
        parts["rows"] = rows.astype(np.int32)
    return parts


def decode(before: Floats, parts: Mapping[str, NDArray[np.generic]]) -> Floats:
    """Return the matrix after fine-tuning, near enough; ``before`` is left as it is."""
    after = np.array(before, dtype=np.float32)
    rows = parts.get("rows", np.arange(len(before)))
    codes = np.asarray(parts["codes"], dtype=np.uint8)
    bits = codes.shape[1] * 8 // _GROUP
    if bits == 4:
        codes = np.stack([codes >> 4, codes & 15], axis=-1).reshape(len(codes), _GROUP)
    values = codes.astype(np.float32) - 2 ** (bits - 1)
    values *= np.asarray(parts["steps"], dtype=np.float32)[:, None]
    shape = (len(rows), before.shape[1])
    after[rows] += values.reshape(-1)[: shape[0] * shape[1]].reshape(shape)
    return after


def _quantise(values: Floats, bits: int) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    """Return codes (groups, bytes) and steps (groups,), the last group padded with zeros."""
    padded = np.zeros(-(-values.size // _GROUP) * _GROUP, dtype=np.float32)
    padded[: values.size] = values.reshape(-1)
    groups = padded.reshape(-1, _GROUP)
    largest = 2 ** (bits - 1) - 1
    reach = np.abs(groups).max(axis=1)
    codes = np.zeros(groups.shape, dtype=np.int16)
    steps = np.zeros(len(groups), dtype=np.float16)
    least = np.full(len(groups), np.inf, dtype=np.float32)
    for clip in _CLIPS:
        step = (reach * np.float32(clip / largest)).astype(np.float16)
        wide = np.maximum(step.astype(np.float32), np.finfo(np.float32).tiny)[:, None]
        found = np.clip(np.round(groups / wide), -largest, largest)
        error = ((found * step.astype(np.float32)[:, None] - groups) ** 2).sum(axis=1)
        better = error < least
        codes[better], steps[better], least[better] = found[better], step[better], error[better]
    unsigned = (codes + 2 ** (bits - 1)).astype(np.uint8)
    if bits == 4:
        unsigned = (unsigned[:, 0::2] << 4) | unsigned[:, 1::2]
    return unsigned, steps
