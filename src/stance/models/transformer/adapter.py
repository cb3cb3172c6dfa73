"""A trained transformer as what it added to its encoder: a few MB instead of ninety.

An adapter's folder holds the difference of every tensor, the tensors that the encoder lacks
(heads, our markers' rows) and the network's graph without weights. Both are put together in
memory each time they are loaded, which takes less than reading a whole export. Names of tensors
are those of the network's state dict. Nothing here imports torch or onnx.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file

from stance.errors import IntegrityError, ModelError
from stance.files import read_json, write_json
from stance.models.transformer.backbone import find_backbone, weights_hash

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


ADAPTER_FILE = "adapter.json"
WEIGHTS_FILE = "adapter.safetensors"
GRAPH_FILE = "graph.onnx"
FORMAT = 1

Tensors = dict[str, NDArray[Any]]
_ENCODER = "encoder."  # what the network puts before the encoder's names
_PART = "|"  # between a tensor's name and one part of its difference
_WHOLE, _ADDED = "whole", "added"
_SMALL = 4096  # numbers up to which a matrix is kept whole


def is_adapter(folder: Path) -> bool:
    """Whether a model's folder holds an adapter instead of whole weights."""
    return (folder / ADAPTER_FILE).is_file()


def write_weights(
    tuned: Mapping[str, NDArray[Any]], folder: Path, *, backbone: str, bits: int
) -> None:
    """Write the difference between a fine-tuned network and its encoder into a folder.

    Args:
        tuned: the network's tensors by name.
        backbone: ``minilm``, a folder or a cached hub name, as it will be looked for on loading.
        bits: for each number of a matrix that changed: 4, or 8 for near exact weights.

    Raises:
        ModelError: the encoder is absent, or not the one that was fine-tuned.
    """
    if bits not in BITS:
        raise ModelError(f"bits {bits!r}: take {' or '.join(map(str, BITS))}")
    parts: Tensors = {}
    unchanged = []
    encoder = _Encoder(backbone)
    for name, after in tuned.items():
        found = _difference(name, encoder.tensor(name), after, bits)
        parts |= {f"{name}{_PART}{part}": np.ascontiguousarray(v) for part, v in found.items()}
        if not found:
            unchanged.append(name)
    if not any(encoder.has(name) for name in tuned):
        raise ModelError(f"encoder {backbone!r} has none of the network's tensors")
    save_file(parts, folder / WEIGHTS_FILE)
    facts = {
        "format": FORMAT,
        "backbone": backbone,
        "backbone_sha256": weights_hash(encoder.path),
        "bits": bits,
        "unchanged": unchanged,
        "initializers": {},
    }
    write_json(folder / ADAPTER_FILE, facts)


def _difference(name: str, before: NDArray[Any] | None, after: NDArray[Any], bits: int) -> Tensors:
    """Return what must be kept of one tensor; nothing where it is the encoder's own."""
    if before is None:
        return {_WHOLE: after}
    if before.shape[1:] != after.shape[1:] or len(before) > len(after):
        raise ModelError(
            f"{name} has shape {after.shape}, {before.shape} in the encoder; "
            "name the encoder that was fine-tuned"
        )
    if after.ndim != 2 or after.size <= _SMALL:
        return {} if np.array_equal(before, after) else {_WHOLE: after}
    found: Tensors = dict(encode(before, after[: len(before)], bits))
    if len(after) > len(before):
        found[_ADDED] = after[len(before) :]
    return found


def write_initializers(folder: Path, initializers: Mapping[str, tuple[str, bool]]) -> None:
    """Note where the graph's weights come from.

    Args:
        initializers: by name in the graph, a tensor and whether it stands there transposed.
    """
    write_json(folder / ADAPTER_FILE, {**read_facts(folder), "initializers": initializers})


def merged_weights(folder: Path) -> Tensors:
    """Return the whole network's tensors in float32, by name.

    Raises:
        ModelError: not an adapter of ours, or its encoder is absent.
        IntegrityError: the encoder is not the one that the adapter was made over.
    """
    facts = read_facts(folder)
    try:
        encoder = _Encoder(facts["backbone"])
    except ModelError as error:
        raise ModelError(f"{folder}: lies over an encoder that is not here: {error}") from None
    if weights_hash(encoder.path) != facts["backbone_sha256"]:
        raise IntegrityError(
            f"{encoder.path}: not the weights that {folder} was made over; reinstall that encoder"
        )
    parts: dict[str, Tensors] = {name: {} for name in facts["unchanged"]}
    for key, value in load_file(folder / WEIGHTS_FILE).items():
        name, _, part = key.rpartition(_PART)
        parts.setdefault(name, {})[part] = value
    return {name: _merged(encoder.tensor(name), found) for name, found in parts.items()}


def _merged(before: NDArray[Any] | None, parts: Tensors) -> NDArray[Any]:
    if _WHOLE in parts:
        return parts[_WHOLE]
    if before is None:
        raise IntegrityError("the adapter changes a tensor that its encoder lacks; export it again")
    after = decode(before, parts) if "codes" in parts else before
    return np.concatenate([after, parts[_ADDED]]) if _ADDED in parts else after


def graph_weights(folder: Path) -> Tensors:
    """Return the tensors that an adapter's graph lacks, under the graph's own names."""
    weights = merged_weights(folder)
    return {
        name: np.ascontiguousarray(weights[tensor].T if turned else weights[tensor])
        for name, (tensor, turned) in read_facts(folder)["initializers"].items()
    }


def read_facts(folder: Path) -> dict[str, Any]:
    """Read what stands beside an adapter's weights.

    Raises:
        ModelError: this version cannot read it.
    """
    facts: dict[str, Any] = read_json(folder / ADAPTER_FILE)
    if facts.get("format") != FORMAT:
        raise ModelError(
            f"{folder}: adapter format {facts.get('format')!r}, this version reads {FORMAT}"
        )
    return facts


class _Encoder:
    """A pretrained encoder's weights, read one at a time."""

    def __init__(self, name: str) -> None:
        self.path = find_backbone(name) / "model.safetensors"
        try:
            self._file = safe_open(self.path, framework="numpy")
        except (OSError, SafetensorError) as error:
            raise ModelError(f"{self.path}: no encoder weights to read ({error})") from None
        self._names = set(self._file.keys())

    def has(self, name: str) -> bool:
        return name.startswith(_ENCODER) and name.removeprefix(_ENCODER) in self._names

    def tensor(self, name: str) -> NDArray[Any] | None:
        """Return the tensor that a network's name stands for, None where it has none."""
        if not self.has(name):
            return None
        return np.asarray(self._file.get_tensor(name.removeprefix(_ENCODER)))
