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
from stance.models.store import StoredModel, read_learned, row_hash
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
    learned = read_learned(model.folder)
    if learned is None:
        return HeldOut(
            examples,
            f"{model.folder}: the model does not know which rows it learned from; where they are "
            "among these, its scores are too good",
        )
    hashes = [row_hash(row) for row in examples]
    trained = sum(known in learned.trained for known in hashes)
    chose = sum(known in learned.chosen for known in hashes)
    kept = [
        row
        for row, known in zip(examples, hashes, strict=True)
        if known not in learned.trained and known not in learned.chosen
    ]
    if not kept and examples:
        raise InputError(
            f"{model.folder}: all {len(examples)} rows trained this model or chose it; "
            "score it on rows that it has not seen"
        )
    if not trained + chose:
        return HeldOut(kept)
    return HeldOut(
        kept,
        f"{trained} of {len(examples)} rows trained this model, and {chose} more chose or "
        "calibrated it; they are left out",
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
