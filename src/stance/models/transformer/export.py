"""From torch to ONNX, so that labelling starts without torch; torch stays the reference."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stance.errors import ModelError
from stance.models.transformer.batches import as_tensors
from stance.models.transformer.inputs import InputEncoder
from stance.schema import Example

TOLERANCE = 1e-4
"""Largest difference in probability between torch and the export that is let pass."""

_PROBES = (
    Example("0", "The ministry of Orsk called the strike a disgrace.", "ministry of Orsk"),
    Example("1", "Nobody spoke."),
    Example(
        "2", "“We had no other way,” he said, after hours of talks in the capital.", "Ane Ruud"
    ),
)


class _LogitsOnly(nn.Module):
    """The network with positional inputs and one output, as the exporter wants it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: Tensor, mask: Tensor, types: Tensor, actor_at: Tensor) -> Tensor:
        logits: Tensor = self.network(ids, mask, types, actor_at)["logits"]
        return logits


def export_onnx(network: Any, inputs: InputEncoder, path: Path) -> None:
    """Write ``path`` and check it against torch on rows of several lengths.

    Raises:
        ModelError: the export's probabilities differ by more than ``TOLERANCE``.
    """
    from stance.models.transformer.runtime import INPUTS, OnnxSession

    network.eval()
    tensors = tuple(as_tensors(inputs, inputs.encode(_PROBES)).values())
    rows, length = torch.export.Dim("rows", min=1), torch.export.Dim("length", min=2)
    table = {0: rows, 1: length}
    shapes = (table, table, table, {0: rows})
    write_onnx(_LogitsOnly(network).eval(), tensors, path, INPUTS, ("logits",), shapes)
    batch = inputs.batch(inputs.encode(_PROBES[:2]))
    exported = torch.from_numpy(OnnxSession(path).logits(batch))
    with torch.inference_mode():
        reference = network(*as_tensors(inputs, inputs.encode(_PROBES[:2])).values())["logits"]
    sizes = [head.out_features for head in network.heads.values()]
    gap = max(
        float((one.softmax(dim=-1) - other.softmax(dim=-1)).abs().max())
        for one, other in zip(exported.split(sizes, 1), reference.split(sizes, 1), strict=True)
    )
    if not gap < TOLERANCE:
        raise ModelError(f"{path}: the export differs from torch by {gap:.2g}; it was not kept")


def export_or_say(export: Callable[[], None], path: Path, say: Callable[[str], None]) -> None:
    """Write an export if it can be had; a training must outlive an exporter that fails."""
    try:
        export()
    except Exception as error:  # the exporter raises many kinds
        path.unlink(missing_ok=True)
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else repr(error)
        say(f"no export: {reason}; the model is kept and answers with torch, more slowly")


def write_onnx(
    module: nn.Module,
    tensors: tuple[Tensor, ...],
    path: Path,
    inputs: Sequence[str],
    outputs: Sequence[str],
    shapes: tuple[Mapping[int, Any], ...],
) -> None:
    """Export a module whose inputs are positional.

    Args:
        shapes: by input, the dimensions that vary.
    """
    # The exporter warns of its own internals; nothing a user could act on.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            tensors,
            str(path),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=shapes,
            dynamo=True,
            external_data=False,
            verbose=False,
        )


_CONSTANT = 64  # numbers up to which an unnamed constant may stay in the graph
_PREFIX = "network."  # what the exporter's wrapper puts before the network's names


def strip_weights(
    exported: Path, weights: Mapping[str, NDArray[Any]], out: Path
) -> dict[str, tuple[str, bool]]:
    """Write an export's graph to ``out``, its weights left to be given when it is loaded.

    Args:
        weights: the network's tensors by name, exactly as they were exported.

    Returns:
        By name in the graph, the tensor that belongs there and whether transposed.

    Raises:
        ModelError: a weight in the graph is none of the network's.
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(exported))
    places = {}
    for item in model.graph.initializer:
        value = numpy_helper.to_array(item)
        found = _origin(item.name, value, weights)
        if found is None:
            # Positions and masks are counted in whole numbers; the network learns none.
            if value.size > _CONSTANT and np.issubdtype(value.dtype, np.floating):
                raise ModelError(
                    f"{exported}: the graph's {item.name} of shape {value.shape} is none of the "
                    "network's tensors; this exporter's version cannot be used"
                )
            continue
        places[item.name] = found
        item.ClearField("raw_data")
        item.ClearField("float_data")
        item.data_location = onnx.TensorProto.EXTERNAL
        entry = item.external_data.add()
        entry.key, entry.value = "location", "given-when-loaded"
    _drop_notes(model)
    out.write_bytes(model.SerializeToString(deterministic=True))
    return places


def _origin(
    name: str, value: NDArray[Any], weights: Mapping[str, NDArray[Any]]
) -> tuple[str, bool] | None:
    own = name.removeprefix(_PREFIX)
    if own in weights and np.array_equal(weights[own], value):
        return own, False
    if value.size <= _CONSTANT or not np.issubdtype(value.dtype, np.floating):
        return None
    # Tensors of the same values are the same wherever they are put in.
    for tensor, kept in weights.items():
        if kept.shape == value.shape and np.array_equal(kept, value):
            return tensor, False
        if kept.T.shape == value.shape and np.array_equal(kept.T, value):
            return tensor, True
    return None


def _drop_notes(model: Any) -> None:
    """Remove what the exporter wrote for people, paths of its source files among it."""
    model.ClearField("doc_string")
    del model.metadata_props[:]
    del model.graph.value_info[:]
    for part in (*model.graph.node, *model.graph.input, *model.graph.output):
        part.ClearField("doc_string")
        del part.metadata_props[:]
