"""A run's predictions: gathered from its parts, and written as one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stance.codebook import Codebook
from stance.corpus.divide import new_actors
from stance.corpus.splits import Split
from stance.errors import InputError
from stance.evaluation.results import Predicted
from stance.files import atomic_path
from stance.models.base import Probabilities, StanceClassifier, label_ids
from stance.runs.folder import part_path, read_part
from stance.schema import Example


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a run's parts are, and which there must be."""

    folder: Path
    kinds: Mapping[str, str]
    seeds: Mapping[str, Sequence[int]]
    splits: Sequence[Split]


@dataclass(frozen=True, slots=True)
class Answers:
    """What one training answers on the validation and the test rows of its split.

    Probabilities are not calibrated. ``seconds`` is what training took, ``rate`` the test rows
    answered a second. ``model`` is None where nothing is left to ask.
    """

    model: StanceClassifier | None
    validated: Probabilities
    tested: Probabilities
    seconds: float
    rate: float


def collect(
    kept: Kept, codebook: Codebook, examples: Sequence[Example]
) -> dict[str, list[Predicted]]:
    """Gather every model's held-out probabilities by task, folds pooled, seeds stacked.

    Repeated folds answer every row once a repeat: each repeat of each seed is a training of
    its own, stacked like seeds are, never counted as more rows.

    Raises:
        InputError: no tested row has a label, or repeats test different rows.
    """
    repeats = [list(found) for _, found in groupby(kept.splits, key=lambda split: split.repeat)]
    orders = [np.argsort(np.concatenate([split.test for split in found])) for found in repeats]
    answered = [
        np.concatenate([split.test for split in found])[order]
        for found, order in zip(repeats, orders, strict=True)
    ]
    tested = answered[0]
    if any(not np.array_equal(tested, other) for other in answered):
        raise InputError("split: the repeats do not test the same rows")
    novelty = np.stack(
        [
            np.concatenate([new_actors(examples, split) for split in found])[order]
            for found, order in zip(repeats, orders, strict=True)
        ]
    )
    found: dict[str, list[Predicted]] = {}
    for task, names in codebook.classes.items():
        truth = label_ids([examples[at] for at in tested], task, names)
        keep = np.flatnonzero(truth >= 0)
        if not len(keep):
            continue
        groups = [examples[at].group for at in tested[keep]]
        for model, kind in kept.kinds.items():
            seeds = kept.seeds[model]
            parts = [
                [read_part(part_path(kept.folder, model, seed, split.fold)) for split in found]
                for seed in seeds
                for found in repeats
            ]
            key = f"proba_{task}"
            if key not in parts[0][0]:
                continue
            stacked = np.stack(
                [
                    np.concatenate([part[key] for part in of_run])[order]
                    for of_run, order in zip(parts, orders * len(seeds), strict=True)
                ]
            )
            timing = np.array([[part["timing"] for part in of_run] for of_run in parts])
            validated = [part.get(f"validation_{task}") for of_run in parts for part in of_run]
            found.setdefault(task, []).append(
                Predicted(
                    model=model,
                    kind=kind,
                    truth=truth[keep],
                    probabilities=stacked[:, keep],
                    groups=groups,
                    seeds=seeds,
                    repeats=len(repeats),
                    novelty=np.tile(novelty, (len(seeds), 1))[:, keep],
                    validation=_mean(validated, len(parts)),
                    seconds_fit=float(timing[..., 0].sum(axis=1).mean()),
                    rows_per_second=float(timing[..., 1].mean()),
                )
            )
    if not found:
        raise InputError("no test row has a label")
    return found


def write_predictions(kept: Kept, codebook: Codebook, examples: Sequence[Example]) -> None:
    """Write every probability of every model and seed, one line per row, model and seed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = []
    for model, seeds in kept.seeds.items():
        for seed in seeds:
            for split in kept.splits:
                part = read_part(part_path(kept.folder, model, seed, split.fold))
                rows = [examples[at] for at in part["rows"]]
                columns: dict[str, Any] = {
                    "id": [row.id for row in rows],
                    "doc_id": [row.doc_id for row in rows],
                    "model": [model] * len(rows),
                    "seed": [seed] * len(rows),
                    "fold": [split.fold] * len(rows),
                    "repeat": [split.repeat] * len(rows),
                }
                for task, names in codebook.classes.items():
                    columns[task] = [getattr(row, task) for row in rows]
                    values = part.get(f"proba_{task}")
                    for at, name in enumerate(names):
                        columns[f"p_{task}_{name}"] = (
                            [None] * len(rows) if values is None else values[:, at]
                        )
                schema = _schema(codebook)
                tables.append(pa.table(columns, schema=schema))
    with atomic_path(kept.folder / "predictions.parquet") as temporary:
        pq.write_table(pa.concat_tables(tables), temporary)


def _mean(
    confusions: Sequence[NDArray[np.int64] | None], n_runs: int
) -> NDArray[np.float64] | None:
    """Sum the folds' confusion matrices and average over runs; None where one is not known."""
    known = [one for one in confusions if one is not None]
    return np.sum(known, axis=0) / n_runs if known and len(known) == len(confusions) else None


def _schema(codebook: Codebook) -> Any:
    import pyarrow as pa

    fields = [("id", pa.string()), ("doc_id", pa.string()), ("model", pa.string())]
    fields += [("seed", pa.int64()), ("fold", pa.int64()), ("repeat", pa.int64())]
    for task, names in codebook.classes.items():
        fields.append((task, pa.string()))
        fields += [(f"p_{task}_{name}", pa.float64()) for name in names]
    return pa.schema(fields)
