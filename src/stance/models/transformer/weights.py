"""The weights that training starts from: a pretrained encoder's, or a stance model's encoder.

A model that has learned stance in one corpus is a start for another (sequential transfer; Phang
et al. 2018, "Sentence encoders on STILTs"). Its heads are left behind: labels differ.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stance.errors import ModelError
from stance.models.base import MODEL_FILE
from stance.models.sealed import require_whole
from stance.models.transformer.adapter import is_adapter, merged_weights
from stance.models.transformer.backbone import go_offline

_ENCODER = "encoder."  # what a stance model's network puts before its encoder's names


def load_encoder(path: Path) -> Any:
    """Load an encoder's weights as a ``transformers`` model, safetensors only.

    Args:
        path: the folder of a pretrained encoder, or of a transformer trained for stance.

    Raises:
        ModelError: the folder holds neither.
        IntegrityError: a stance model's file is missing or altered.
    """
    go_offline()
    from transformers import AutoConfig, AutoModel
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        if not (path / MODEL_FILE).is_file():
            return AutoModel.from_pretrained(
                path, local_files_only=True, use_safetensors=True, trust_remote_code=False
            )
        require_whole(path)
        config = AutoConfig.from_pretrained(path, local_files_only=True, trust_remote_code=False)
        encoder = AutoModel.from_config(config, trust_remote_code=False)
        encoder.load_state_dict(
            {
                name.removeprefix(_ENCODER): value
                for name, value in stored_tensors(path).items()
                if name.startswith(_ENCODER)
            }
        )
        return encoder
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise ModelError(f"{path}: not a usable encoder ({reason})") from None


def stored_tensors(folder: Path) -> dict[str, Any]:
    """Read a network's torch tensors from its folder, whole or as an adapter over its encoder."""
    import torch

    if is_adapter(folder):
        return {name: torch.from_numpy(value) for name, value in merged_weights(folder).items()}
    from safetensors.torch import load_file

    tensors: dict[str, Any] = load_file(folder / "model.safetensors")
    return tensors
