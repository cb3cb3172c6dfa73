"""An exported network without its weights: fifty kilobytes that say how to compute.

The exporter keeps the names of some weights and transposes and renames others. So each one is
found again by its name or, where that is gone, by its values; one that cannot be found is an
error, never a silent copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stance.errors import ModelError

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
