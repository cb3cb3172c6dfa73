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
from stance.models.backbone import find_backbone, weights_hash
from stance.models.differences import BITS, decode, encode

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


def stored_tensors(folder: Path) -> dict[str, Any]:
    """Read a network's torch tensors from its folder, whole or as an adapter over its encoder."""
    import torch

    if is_adapter(folder):
        return {name: torch.from_numpy(value) for name, value in merged_weights(folder).items()}
    from safetensors.torch import load_file

    tensors: dict[str, Any] = load_file(folder / "model.safetensors")
    return tensors
