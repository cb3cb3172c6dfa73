"""Models within a run that train nothing: put together from what other models answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from stance.codebook import Codebook
from stance.models.base import Probabilities
from stance.models.combined import (
    BlendClassifier,
    ChainClassifier,
    chained,
    fit_transitions,
    mean_of,
)
from stance.models.store import StoredModel, load_model
from stance.predictions import Answers
from stance.runfolder import part_path, read_part
from stance.schema import Example

PROBA, VALIDATED, TIMING = "proba_", "validated_", "timing"

Member = tuple[str, int]  # a model by name and seed


def blended(
    folder: Path, members: Sequence[Member], fold: int, codebook: Codebook, *, keep: bool
) -> Answers:
    """Average the members' answers on one split.

    Args:
        folder: the run's; the members' parts are in it, and their models where ``keep``.
        members: models by name and seed.
        keep: give the blend as a model that can be saved and asked again.
    """
    parts = [_answers(folder, member, fold, codebook) for member in members]
    model = None
    if keep:
        stored = [_stored(folder, member, codebook) for member in members]
        model = BlendClassifier(codebook.classes, stored)
    return Answers(
        model=model,
        validated=mean_of([part.validated for part in parts]),
        tested=mean_of([part.tested for part in parts]),
        seconds=sum(part.seconds for part in parts),
        rate=1 / sum(1 / part.rate for part in parts),
    )


def in_sequence(
    folder: Path,
    member: Member,
    fold: int,
    codebook: Codebook,
    rows: Mapping[str, Sequence[Example]],
    *,
    keep: bool,
    say: Callable[[str], None],
) -> Answers:
    """Let the member's answers on neighbouring rows inform each other (``models.chain``).

    Args:
        folder: as for ``blended``.
        rows: those of the split's ``train``, ``validation`` and ``test``.
        keep: as for ``blended``.
        say: told where there is no order to go by, and the member's answers stay as they are.
    """
    part = _answers(folder, member, fold, codebook)
    transitions = fit_transitions(rows["train"], part.validated, codebook.classes)
    if not transitions:
        say(
            f"nothing is read in order: no two rows of one document stand together, or no rows "
            f"are left for validation; the answers are those of {member[0]}"
        )
    model = None
    if keep:
        model = ChainClassifier(codebook.classes, _stored(folder, member, codebook), transitions)
    return Answers(
        model=model,
        validated=chained(part.validated, transitions, rows["validation"]),
        tested=chained(part.tested, transitions, rows["test"]),
        seconds=part.seconds,
        rate=part.rate,
    )


def _answers(folder: Path, member: Member, fold: int, codebook: Codebook) -> Answers:
    part = read_part(part_path(folder, *member, fold))

    def answered(prefix: str) -> Probabilities:
        return {task: part[prefix + task] for task in codebook.classes if prefix + task in part}

    seconds, rate = map(float, part[TIMING])
    return Answers(None, answered(VALIDATED), answered(PROBA), seconds, rate)


def _stored(folder: Path, member: Member, codebook: Codebook) -> StoredModel:
    name, seed = member
    return load_model(folder / "models" / f"{name}-s{seed}", codebook.classes)
