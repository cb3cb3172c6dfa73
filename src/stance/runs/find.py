"""Runs, models and taggers by what people call them: one way for every command and function.

A name is a folder, or a run in the folder of runs. Where both are there, the one that holds what
is asked for is meant: a folder of articles named as a run is does not hide the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from stance.codebook import TASKS, nearest
from stance.errors import InputError, ModelError
from stance.evaluation.scores import macro_f1_of
from stance.files import bundled, read_json
from stance.models.base import MODEL_FILE
from stance.models.tagger.store import TAGGER_FILE, TAGGER_FOLDER
from stance.runs.folder import RUN_FILE, part_path, read_part

SHIPPED = "data/model"
"""The model that comes with the package, an adapter over the packaged encoder."""


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model's folder, and why it is the one meant; ``why`` is empty where it was named."""

    folder: Path
    why: str = ""

    def __str__(self) -> str:
        """Say in one line which model it is."""
        return f"model: {self.folder}" + (f" ({self.why})" if self.why else "")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One model that a run keeps; ``score`` is macro-F1 on its validation rows, if it had any."""

    folder: Path
    name: str
    score: float | None


def find_run(name: str | Path, root: Path = Path("runs")) -> Path:
    """Return a run's folder, given itself or by the run's name.

    Raises:
        InputError: there is none; names the run that may have been meant.
    """
    for folder in _places(name, root):
        if (folder / RUN_FILE).is_file():
            return folder
    there = sorted(path.parent.name for path in root.glob(f"*/{RUN_FILE}"))
    near = nearest(str(name), there)
    hint = f"did you mean {near!r}?" if near else "`stance run` makes one, `stance runs` lists them"
    raise InputError(f"{name}: no such run; {hint}")


def find_model(name: str | Path | None, root: Path = Path("runs")) -> FoundModel:
    """Return the model that a name means.

    Args:
        name: a model's folder, or a run's folder or name, which mean the run's best model on
            its validation rows, the first of the configuration where several are. Where None,
            the model that ships with the package.

    Raises:
        ModelError: there is none, or a run's validation rows do not say which; names them.
    """
    if name is None:
        try:
            return FoundModel(bundled(f"{SHIPPED}/{MODEL_FILE}").parent, "ships with stance")
        except InputError:
            raise ModelError(
                "no model ships with this installation; name a model or a run with --model"
            ) from None
    places = _places(name, root)
    for folder in places:
        if (folder / MODEL_FILE).is_file():
            return FoundModel(folder)
        if candidates := _candidates(folder):
            return _best(folder, candidates)
    for folder in places:
        if (folder / TAGGER_FOLDER / TAGGER_FILE).is_file() or (folder / TAGGER_FILE).is_file():
            raise ModelError(f"{folder}: holds a tagger of who says what; --tagger takes it")
        if (folder / RUN_FILE).is_file():
            raise ModelError(
                f"{folder}: the run keeps no model; it has not finished one, or it was divided "
                "into folds: train with split.method=hash to keep models"
            )
        if folder.is_dir() and any(folder.iterdir()):
            return FoundModel(folder)  # reading it says what it lacks
    raise ModelError(f"{name}: no such model or run; `stance runs` lists the runs in {root}/")


def find_tagger(name: str | Path, root: Path = Path("runs")) -> Path:
    """Return a tagger's folder: given itself, as its run's folder, or by the run's name.

    Raises:
        ModelError: there is none.
    """
    for folder in _places(name, root):
        for place in (folder, folder / TAGGER_FOLDER):
            if (place / TAGGER_FILE).is_file():
                return place
    raise ModelError(
        f"{name}: no attribution tagger or run; `stance attribution train` makes one, and "
        "`rules` scores the rules alone"
    )


def _places(name: str | Path, root: Path) -> list[Path]:
    """Where something of that name may be; an empty name is nothing, not the working folder."""
    return list(dict.fromkeys([Path(name), root / name])) if str(name).strip() else []


def _candidates(run: Path) -> list[_Candidate]:
    """Return the models that a run keeps, in the order of its configuration."""
    facts = read_json(run / RUN_FILE) if (run / RUN_FILE).is_file() else {}
    try:
        names = list(facts.get("config", {}).get("models", ()))
        seeds = [str(seed) for seed in facts.get("seeds", ())]
    except (AttributeError, TypeError):
        raise InputError(
            f"{run / RUN_FILE}: is not as a run writes it; start the run again"
        ) from None

    def place(item: tuple[Path, dict[str, Any]]) -> tuple[int, str, int, str]:
        folder, stored = item
        name, seed = str(stored["name"]), folder.name.rpartition("-s")[2]
        return (_index(names, name), name, _index(seeds, seed), seed.zfill(20))

    stored = [(path.parent, read_json(path)) for path in run.glob(f"models/*/{MODEL_FILE}")]
    return [
        _Candidate(folder, str(raw["name"]), _score(run, folder, raw))
        for folder, raw in sorted(stored, key=place)
    ]


def _index(names: Sequence[str], name: str) -> int:
    return names.index(name) if name in names else len(names)


def _score(run: Path, folder: Path, stored: dict[str, Any]) -> float | None:
    """Return a model's score on validation rows; older models do not hold it, their part does."""
    if stored.get("validation") is not None:
        return float(stored["validation"])
    model, _, seed = folder.name.rpartition("-s")
    part = part_path(run, model, int(seed), 0) if seed.isdigit() else None
    try:
        arrays = read_part(part) if part is not None else {}
    except (OSError, ValueError, BadZipFile):
        return None  # gone or damaged, so it says nothing
    for task in TASKS:
        table = arrays.get(f"validation_{task}")
        if table is not None and table.any():
            return float(macro_f1_of(table))
    return None


def _best(run: Path, candidates: Sequence[_Candidate]) -> FoundModel:
    scored = [item for item in candidates if item.score is not None]
    if scored:
        best = max(scored, key=lambda item: item.score or 0.0)  # the first of equals
        return FoundModel(
            best.folder,
            f"best of {len(scored)} on validation rows, macro-F1 {best.score:.3f}"
            if len(scored) > 1
            else "",
        )
    if len({item.name for item in candidates}) > 1:
        listed = ", ".join(str(item.folder) for item in candidates)
        raise ModelError(
            f"{run}: no validation rows say which of its models is best; name one: {listed}"
        )
    return FoundModel(candidates[0].folder, "the first seed" if len(candidates) > 1 else "")
