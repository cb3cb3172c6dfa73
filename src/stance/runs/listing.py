"""What lies in a folder of runs: finished, stopped, running or broken, and how good.

Reads local files only, and only small ones; a folder that is not whole is listed with the
reason, never trusted and never fatal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from stance.codebook import STANCE
from stance.errors import InputError, StanceError
from stance.evaluation.resampling import Interval
from stance.evaluation.results import HEADLINE, Results
from stance.files import read_json
from stance.runs.folder import RUN_FILE, STUDY_FILE

_PARQUET = b"PAR1"  # how a whole Parquet file ends


class RunStatus(StrEnum):
    """What became of a run."""

    FINISHED = "finished"
    STOPPED = "stopped"
    RUNNING = "running"
    SEARCH = "search"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class RunEntry:
    """One folder. What cannot be known is empty or None; ``reason`` says why it is broken.

    ``rows`` and ``articles`` are those tested, ``best`` the model with the highest macro-F1 on
    ``task`` (stance where there is one), ``started`` an ISO time in UTC.
    """

    name: str
    status: RunStatus
    started: str = ""
    data: str = ""
    task: str = ""
    rows: int | None = None
    articles: int | None = None
    best: str = ""
    macro_f1: Interval | None = None
    models: int | None = None
    seeds: tuple[int, ...] = ()
    commit: str = ""
    dirty: bool = False
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        made = asdict(self)
        if self.macro_f1 is not None:
            made["macro_f1"] = {
                key: None if value != value else value for key, value in made["macro_f1"].items()
            }
        return made


def list_runs(root: Path) -> list[RunEntry]:
    """Describe every folder in ``root``, the latest first and broken ones last.

    Raises:
        InputError: there is no such folder.
    """
    if not root.is_dir():
        raise InputError(
            f"{root}: no such folder; `stance run configs/default.yaml` makes a first run, "
            "--runs names another folder"
        )
    folders = [path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")]
    entries = [describe_run(folder) for folder in folders]
    entries.sort(key=lambda entry: entry.name)
    entries.sort(key=lambda entry: entry.started, reverse=True)
    return sorted(entries, key=lambda entry: entry.status is RunStatus.BROKEN)


def describe_run(folder: Path) -> RunEntry:
    """Describe one run folder, whatever state it is in."""
    try:
        return _describe(folder)
    except (StanceError, OSError) as error:
        return _broken(folder, str(error).splitlines()[0].removeprefix(f"{folder}/"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return _broken(folder, f"files are not as a run writes them ({type(error).__name__})")


def _broken(folder: Path, reason: str) -> RunEntry:
    return RunEntry(folder.name, RunStatus.BROKEN, reason=reason)


def _describe(folder: Path) -> RunEntry:
    if not (folder / RUN_FILE).exists():
        return _broken(folder, f"no {RUN_FILE}: not a run, or it died before it began")
    facts = read_json(folder / RUN_FILE)
    git = facts.get("git") or {}
    attribution = facts["config"].get("task") == "attribution"
    known: dict[str, Any] = {
        "started": str(facts["started"]),
        "data": str(facts["config"]["data"]["path"]),
        "seeds": tuple(int(seed) for seed in facts["seeds"]),
        "models": 1 if attribution else len(facts["config"]["models"]),
        "commit": str(git.get("commit") or ""),
        "dirty": bool(git.get("dirty")),
    }
    if (folder / STUDY_FILE).exists():
        return RunEntry(folder.name, RunStatus.SEARCH, **known)
    if _is_locked(folder / ".lock"):
        return RunEntry(folder.name, RunStatus.RUNNING, **known)
    if not (folder / "results.json").exists():
        return RunEntry(folder.name, RunStatus.STOPPED, **known)
    if attribution:
        raw = read_json(folder / "results.json")
        best = max(raw["scores"], key=lambda name: raw["scores"][name]["measures"]["holder"]["f1"])
        return RunEntry(
            folder.name, RunStatus.FINISHED, **known, task="attribution",
            articles=int(raw["articles"]), best=best,
        )  # fmt: skip
    if not _is_whole_parquet(folder / "predictions.parquet"):
        return RunEntry(
            folder.name, RunStatus.BROKEN, **known, reason="predictions.parquet is not whole"
        )
    return RunEntry(
        folder.name, RunStatus.FINISHED, **known, **_best(read_json(folder / "results.json"))
    )


def _best(raw: Mapping[str, Any]) -> dict[str, Any]:
    results = Results.from_json(raw)
    tasks = dict.fromkeys((STANCE, *(model.task for model in results.models)))
    scored = [(task, found[0]) for task in tasks if (found := results.of(task))]
    if not scored:
        raise InputError("results.json: no results in it")
    task, best = scored[0]
    return {
        "task": task,
        "rows": best.n_rows,
        "articles": best.n_groups,
        "best": best.model,
        "macro_f1": best.intervals[HEADLINE],
    }


def _is_whole_parquet(path: Path) -> bool:
    if not path.is_file() or path.stat().st_size < 2 * len(_PARQUET):
        return False
    with path.open("rb") as handle:
        handle.seek(-len(_PARQUET), 2)
        return handle.read() == _PARQUET


def _is_locked(lock: Path) -> bool:
    """Whether a process works in the run, by the kernel's table of locks.

    Trying the lock would hold it for a moment, in which a run that begins is refused. Where
    there is no such table (not Linux) a running run is listed as stopped.
    """
    try:
        inode = str(lock.stat().st_ino)
        table = Path("/proc/locks").read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return False
    for line in table.splitlines():
        fields = line.split()  # number: FLOCK ADVISORY WRITE pid major:minor:inode start end
        if len(fields) >= 6 and fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == inode:
            return True
    return False
