"""Behaviour tests within a run: kept beside each model's part, gathered into one file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stance.codebook import STANCE
from stance.evaluation.behaviour import run_suites, to_json
from stance.files import read_json, write_json
from stance.models.base import Probabilities
from stance.runfolder import BEHAVIOUR_FILE
from stance.schema import Example

CASES = 100  # most cases of one suite: about 1,000 predictions on the bundled corpus


def keep_behaviour(
    part: Path,
    model: str,
    predict: Callable[[Sequence[Example]], Probabilities],
    rows: Sequence[Example],
    names: Sequence[str],
    *,
    seed: int,
) -> None:
    """Put a trained model through the suites and keep the result beside its predictions.

    Written before the part itself, so a part that exists has its behaviour too.

    Args:
        part: where the model's predictions are kept.
        predict: rows to calibrated probabilities by task.
        names: the stance labels, in the order of the probabilities' columns.
    """
    if not any(row.stance is not None for row in rows):
        return
    found = run_suites(lambda asked: predict(asked)[STANCE], rows, names, limit=CASES, seed=seed)
    write_json(_beside(part), to_json({model: found}))


def gather_behaviour(folder: Path, parts: Mapping[str, Path]) -> None:
    """Write ``behaviour.json``: by model, what was kept beside its part."""
    gathered: dict[str, Any] = {}
    for part in parts.values():
        if _beside(part).exists():
            gathered |= read_json(_beside(part))
    if gathered:
        write_json(folder / BEHAVIOUR_FILE, gathered)


def _beside(part: Path) -> Path:
    return part.with_suffix(".behaviour.json")
