"""Checkpoints that are whole or not there: a manifest of hashes, written last.

The Trainer writes a checkpoint file by file. The manifest is added when every file is on
disk; a folder without one, or with a file that does not match, is passed over with the
reason, and the one before it is used.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stance.errors import IntegrityError
from stance.files import read_json, sha256_file, write_json

MANIFEST = "manifest.json"
_PREFIX = "checkpoint-"


def write_manifest(folder: Path, facts: Mapping[str, Any] | None = None) -> None:
    """Seal a folder: hash every file in it, with what must not change until it is read again."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    for path in files:
        with path.open("rb") as handle:
            os.fsync(handle.fileno())
    hashes = {path.relative_to(folder).as_posix(): sha256_file(path) for path in files}
    write_json(folder / MANIFEST, {"facts": dict(facts or {}), "sha256": hashes})


def why_broken(folder: Path) -> str | None:
    """Return why a sealed folder cannot be trusted, or None where it can."""
    if not (folder / MANIFEST).exists():
        return "incomplete (no manifest)"
    try:
        hashes = read_json(folder / MANIFEST)["sha256"]
    except Exception as error:
        return f"unreadable manifest ({error})"
    for name, expected in hashes.items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        if sha256_file(path) != expected:
            return f"{name} has changed since it was written"
    return None


def require_whole(folder: Path) -> None:
    """Refuse a sealed folder that was altered.

    Raises:
        IntegrityError: names the file.
    """
    reason = why_broken(folder)
    if reason:
        raise IntegrityError(f"{folder}: {reason}; train the model again or restore the file")


def latest(
    folder: Path, facts: Mapping[str, Any], say: Callable[[str], None] = lambda _: None
) -> Path | None:
    """Return the newest whole checkpoint of a training folder, None where there is none.

    Broken ones are removed, each with a word to ``say``.

    Raises:
        IntegrityError: the checkpoint was made from other data, settings or labels; lists the
            differences.
    """
    found = sorted(
        folder.glob(f"{_PREFIX}*"), key=lambda path: -int(path.name.removeprefix(_PREFIX))
    )
    for path in found:
        reason = why_broken(path)
        if reason:
            say(f"passing over {path.name}: {reason}")
            shutil.rmtree(path)
            continue
        old = read_json(path / MANIFEST)["facts"]
        changed = sorted(key for key in {*old, *facts} if old.get(key) != facts.get(key))
        if changed:
            differences = "; ".join(
                f"{key}: {old.get(key)!r} then, {facts.get(key)!r} now" for key in changed
            )
            raise IntegrityError(f"{path}: cannot resume, {differences}")
        return path
    return None
