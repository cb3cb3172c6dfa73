"""From torch to ONNX, so that labelling starts without torch; torch stays the reference."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from stance.errors import ModelError
from stance.models.batches import as_tensors
from stance.models.inputs import InputEncoder
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
    from stance.models.runtime import INPUTS, OnnxSession

    network.eval()
    tensors = tuple(as_tensors(inputs, inputs.encode(_PROBES)).values())
    rows, length = torch.export.Dim("rows", min=1), torch.export.Dim("length", min=2)
    table = {0: rows, 1: length}
    shapes = (table, table, table, {0: rows})
    write_onnx(_LogitsOnly(network).eval(), tensors, path, INPUTS, ("logits",), shapes)
    batch = inputs.batch(inputs.encode(_PROBES[:2]))
    exported = OnnxSession(path).logits(batch)
    with torch.inference_mode():
        reference = network(*as_tensors(inputs, inputs.encode(_PROBES[:2])).values())["logits"]
    gap = float(np.abs(exported - reference.numpy()).max())
    if not gap < TOLERANCE:
        raise ModelError(f"{path}: the export differs from torch by {gap:.2g}; it was not kept")


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
