"""What a report is made of: a run folder read back, and its rows where they can be had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stance.codebook import Codebook, parse_codebook
from stance.corpus.load import Mapped, load_examples
from stance.corpus.splits import Split, by_column, by_folds, by_hash, groups_of
from stance.errors import InputError, StanceError
from stance.evaluation.results import Predicted, Results
from stance.files import read_json, read_yaml, resolve, sha256_file
from stance.runfolder import RUN_FILE
from stance.schema import Example

History = Sequence[Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Corpus:
    """The run's rows and how it divided them; empty, with the reason, where they are gone."""

    examples: Sequence[Example] = ()
    splits: Sequence[Split] = ()
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """One model's answers on the held-out rows of one task, with the rows' ids."""

    ids: Sequence[str]
    answers: Predicted

    @property
    def pooled(self) -> tuple[np.ndarray, np.ndarray]:
        """Truth ``(seeds * rows,)`` and probabilities of all seeds, one after the other."""
        proba = self.answers.probabilities
        return np.tile(self.answers.truth, len(proba)), proba.reshape(-1, proba.shape[2])


@dataclass(frozen=True, slots=True)
class RunData:
    """A run folder in memory, without its predictions (see ``read_held``)."""

    folder: Path
    facts: Mapping[str, Any]
    config: Mapping[str, Any]
    codebook: Codebook
    results: Results
    corpus: Corpus
    histories: Mapping[str, Sequence[tuple[int, History]]]

    @property
    def level(self) -> float:
        return float(self.config.get("bootstrap", {}).get("level", 0.95))


def read_run(folder: Path) -> RunData:
    """Read a finished run.

    Raises:
        InputError: the folder holds no run, or one that has not finished.
    """
    for name in (RUN_FILE, "config.yaml", "codebook.yaml", "results.json", "predictions.parquet"):
        if not (folder / name).is_file():
            raise InputError(f"{folder}: no {name}; finish the run with --resume, then report it")
    facts = read_json(folder / RUN_FILE)
    config = read_yaml(folder / "config.yaml")
    book_path = folder / "codebook.yaml"
    codebook = parse_codebook(read_yaml(book_path), source=str(book_path))
    return RunData(
        folder=folder,
        facts=facts,
        config=config,
        codebook=codebook,
        results=Results.from_json(read_json(folder / "results.json")),
        corpus=read_corpus(config, codebook, facts.get("sha256", {}).get("data", "")),
        histories=read_histories(folder),
    )


def read_corpus(config: Mapping[str, Any], codebook: Codebook, sha256: str) -> Corpus:
    """Read the run's rows again, and divide them as the run did.

    Rows that changed since are not used: a score of the old rows beside a sentence of the new
    ones would be a quiet lie.
    """
    data = config["data"]
    try:
        path = resolve(data["path"])
        if sha256 and path.is_file() and sha256_file(path) != sha256:
            return Corpus(missing=f"{data['path']} has changed since the run")
        examples = load_examples(
            path,
            codebook,
            mapped=Mapped(data.get("columns") or {}, data.get("labels") or {}),
            split=data.get("split"),
        )
        return Corpus(examples, _divide(config.get("split") or {}, examples))
    except (StanceError, OSError, ImportError) as error:
        return Corpus(missing=str(error).splitlines()[0])


def _divide(how: Mapping[str, Any], examples: Sequence[Example]) -> list[Split]:
    method = how.get("method", "column")
    if method == "column":
        return [by_column(examples)]
    groups = groups_of(examples, how["group"])
    if method == "hash":
        options = {key: how[key] for key in ("validation", "test", "salt")}
        return [by_hash(examples, groups, **options)]
    return list(by_folds(examples, groups, how["folds"], salt=how["salt"]))


def read_histories(folder: Path) -> dict[str, list[tuple[int, History]]]:
    """Read the training histories that models keep, by model: ``(seed, records)``."""
    found: dict[str, list[tuple[int, History]]] = {}
    for path in sorted(folder.glob("models/*/model.json")):
        stored = read_json(path)
        state = stored.get("state") or {}
        history = [record for record in state.get("history") or [] if "epoch" in record]
        if history:
            found.setdefault(str(stored["name"]), []).append((int(state.get("seed", 0)), history))
    return {name: sorted(items, key=lambda item: item[0]) for name, items in found.items()}


def read_held(run: RunData, task: str, model: str) -> Held:
    """Read one model's answers on the rows that have a label of the task.

    Raises:
        InputError: the predictions lack the model, or its seeds were asked different rows.
    """
    import pyarrow.parquet as pq

    labels = run.codebook.tasks[task]
    columns = [f"p_{task}_{name}" for name in labels.names]
    table = pq.read_table(
        run.folder / "predictions.parquet",
        columns=["id", "doc_id", "seed", task, *columns],
        filters=[("model", "=", model)],
    )
    ids, documents = (table.column(name).to_pylist() for name in ("id", "doc_id"))
    truth = table.column(task).to_pylist()
    seeds = np.asarray(table.column("seed").to_pylist())
    proba = np.column_stack([table.column(name).to_numpy() for name in columns])
    places: list[list[int]] = []
    for seed in sorted(set(seeds.tolist())):
        rows = [int(at) for at in np.flatnonzero(seeds == seed) if truth[at] is not None]
        places.append(sorted(rows, key=lambda at: ids[at]))
    asked = {tuple(ids[at] for at in one) for one in places}
    if len(asked) != 1:
        raise InputError(f"{run.folder}/predictions.parquet: rows of {model!r} do not fit together")
    first = places[0]
    answers = Predicted(
        model=model,
        kind="",
        truth=np.array([labels.id(truth[at]) for at in first], dtype=np.int64),
        probabilities=np.stack([proba[one] for one in places]),
        groups=[documents[at] or ids[at] for at in first],
        seeds=sorted(set(seeds.tolist())),
    )
    return Held([ids[at] for at in first], answers)
