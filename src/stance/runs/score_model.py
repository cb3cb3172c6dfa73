"""Score a stored model on labelled rows it was not trained in this process for."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stance.codebook import STANCE, Codebook
from stance.errors import InputError
from stance.evaluation.results import ModelResult, Predicted, score
from stance.models.base import Progress, labelled, silent
from stance.models.store import StoredModel, hashes_of, learned_hashes
from stance.schema import Example


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The rows that a model did not learn from, and what must be said of the others."""

    rows: Sequence[Example]
    warning: str = ""


def held_out(model: StoredModel, examples: Sequence[Example]) -> HeldOut:
    """Leave out the rows that the model learned from, as far as it knows.

    Raises:
        InputError: it learned from all of them.
    """
    learned = learned_hashes(model.folder)
    if learned is None:
        return HeldOut(
            examples,
            f"{model.folder}: the model does not know which rows it learned from; where they are "
            "among these, its scores are too good",
        )
    kept = [
        row
        for row, known in zip(examples, hashes_of(examples), strict=True)
        if known not in learned
    ]
    if not kept and examples:
        raise InputError(
            f"{model.folder}: all {len(examples)} rows are among those it was trained or chosen "
            "on; score it on rows that it has not seen"
        )
    out = len(examples) - len(kept)
    if not out:
        return HeldOut(kept)
    return HeldOut(
        kept,
        f"{out} of {len(examples)} rows are among those that this model was trained or chosen on; "
        "they are left out",
    )


def score_model(
    model: StoredModel,
    codebook: Codebook,
    examples: Sequence[Example],
    *,
    progress: Progress = silent,
) -> list[ModelResult]:
    """Return one result per task that both the model and the rows have.

    Raises:
        InputError: no row has a label the model gives.
    """
    began = time.perf_counter()
    probabilities = model.predict_proba(examples, progress=progress)
    rate = len(examples) / max(1e-9, time.perf_counter() - began)
    results = []
    for task, values in probabilities.items():
        rows, truth = labelled(examples, task, model.classes[task])
        if not len(rows):
            continue
        predicted = Predicted(
            model=model.name,
            kind=model.kind,
            truth=truth,
            probabilities=np.asarray(values)[rows][None],
            groups=[examples[int(at)].group for at in rows],
            seeds=[0],
            rows_per_second=rate,
        )
        relations = codebook.relation_ids() if task == STANCE else ()
        official = codebook.official if task == STANCE else None
        results.append(
            score(task, predicted, model.classes[task], relations=relations, official=official)
        )
    if not results:
        raise InputError(f"no row has a label of {' or '.join(probabilities)}")
    return results
