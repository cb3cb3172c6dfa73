"""Answers of several models brought onto the same rows, in the same order, or refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stance.errors import InputError
from stance.evaluation.results import Predicted
from stance.reporting.run_data import Held, RunData


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of one run."""

    run: str
    model: str


def in_order(held: Held, run: RunData, task: str, names: Sequence[str]) -> Held:
    """Renumber labels where a run's codebook lists the same ones in another order."""
    own = run.codebook.classes[task]
    if own == tuple(names):
        return held
    columns = [own.index(name) for name in names]
    number = np.array([names.index(name) for name in own], dtype=np.int64)
    answers = replace(
        held.answers,
        truth=number[held.answers.truth],
        probabilities=held.answers.probabilities[:, :, columns],
    )
    return Held(held.ids, answers)


def common_ids(held: Mapping[Entry, Held]) -> tuple[list[str], dict[str, int]]:
    """Return the ids that every run tested, and how many of each run's are not among them.

    Raises:
        InputError: there are none, or a run tested a row more than once.
    """
    tested: dict[str, set[str]] = {}
    for entry, found in held.items():
        ids = set(found.ids)
        if len(ids) < len(found.ids):
            raise InputError(f"{entry.run} tested rows of {entry.model!r} more than once")
        tested[entry.run] = tested.get(entry.run, ids) & ids
    common = set.intersection(*tested.values())
    if not common:
        raise InputError(f"{', '.join(tested)} were tested on different rows: no id in common")
    return sorted(common), {run: len(ids) - len(common) for run, ids in tested.items()}


def align(entry: Entry, held: Held, ids: Sequence[str], *, many: bool) -> Predicted:
    """Return the answers on these rows, named by model and, among ``many`` runs, by run."""
    place = {name: at for at, name in enumerate(held.ids)}
    rows = [place[name] for name in ids]
    return replace(
        held.answers,
        model=f"{entry.run}:{entry.model}" if many else entry.model,
        truth=held.answers.truth[rows],
        probabilities=held.answers.probabilities[:, rows],
        groups=[held.answers.groups[at] for at in rows],
        novelty=None,
    )


def require_same_rows(
    answers: Mapping[Entry, Predicted], ids: Sequence[str], names: Sequence[str]
) -> None:
    """Refuse ids that stand for different rows: another gold label, or another article."""
    (first, one), *others = answers.items()
    for entry, other in others:
        wrong = np.flatnonzero(one.truth != other.truth)
        if wrong.size:
            at = int(wrong[0])
            raise InputError(
                f"{wrong.size} of {len(ids)} common rows have different gold labels (first: "
                f"{ids[at]!r}, {names[one.truth[at]]} in {first.run}, {names[other.truth[at]]} in "
                f"{entry.run}); train both runs on the same rows"
            )
        at = next((at for at in range(len(ids)) if one.groups[at] != other.groups[at]), -1)
        if at >= 0:
            raise InputError(
                f"row {ids[at]!r} is of article {one.groups[at]!r} in {first.run} but of "
                f"{other.groups[at]!r} in {entry.run}; train both runs on the same rows"
            )
