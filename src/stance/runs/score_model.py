"""Score a stored model on labelled rows it was not trained in this process for."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from stance.codebook import STANCE, Codebook
from stance.errors import InputError
from stance.evaluation.results import ModelResult, Predicted, score
from stance.models.base import Progress, labelled, silent
from stance.models.store import StoredModel, learned_rows
from stance.schema import Example


def held_out(model: StoredModel, examples: Sequence[Example]) -> list[Example]:
    """Return the rows that the model did not learn from, as far as it knows.

    Raises:
        InputError: it learned from all of them.
    """
    known = learned_rows(model.folder, examples)
    kept = [row for row, seen in zip(examples, known, strict=True) if not seen]
    if not kept and examples:
        raise InputError(
            f"{model.folder}: all {len(examples)} rows are among those it was trained or chosen "
            "on; score it on rows that it has not seen"
        )
    return kept


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
