"""The run folder: one process at a time, parts kept as they finish, nothing outside it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
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
    handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(f"{folder}: another process is working on this run") from None
        if not resume and any(item.name != _LOCK for item in folder.iterdir()):
            raise InputError(
                f"{folder} already holds a run; --resume continues it, name=OTHER starts another"
            )
        yield folder
    finally:
        os.close(handle)


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
