"""A blend within a run: put together from what its members answered, without new training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stance.codebook import Codebook
from stance.models.base import Probabilities
from stance.models.blend import BlendClassifier, mean_of
from stance.models.store import load_model
from stance.predictions import Answers
from stance.runfolder import part_path, read_part

PROBA, VALIDATED, TIMING = "proba_", "validated_", "timing"


def blended(
    folder: Path, members: Sequence[tuple[str, int]], fold: int, codebook: Codebook, *, keep: bool
) -> Answers:
    """Average the members' answers on one split.

    Args:
        folder: the run's; the members' parts are in it, and their models where ``keep``.
        members: models by name and seed.
        keep: give the blend as a model that can be saved and asked again.
    """
    parts = [read_part(part_path(folder, name, seed, fold)) for name, seed in members]

    def answered(prefix: str) -> Probabilities:
        return mean_of(
            [
                {task: part[prefix + task] for task in codebook.classes if prefix + task in part}
                for part in parts
            ]
        )

    model = None
    if keep:
        stored = [
            load_model(folder / "models" / f"{name}-s{seed}", codebook.classes)
            for name, seed in members
        ]
        model = BlendClassifier(codebook.classes, stored)
    return Answers(
        model=model,
        validated=answered(VALIDATED),
        tested=answered(PROBA),
        seconds=float(sum(part[TIMING][0] for part in parts)),
        rate=float(1 / sum(1 / part[TIMING][1] for part in parts)),
    )
