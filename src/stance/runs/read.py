"""What a report is made of: a run folder read back, and its rows where they can be had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from stance.codebook import Codebook, parse_codebook
from stance.corpus.divide import Plan, divide
from stance.corpus.load import Source, load_sources
from stance.corpus.splits import Split
from stance.errors import InputError, StanceError
from stance.evaluation.behaviour.run import SuiteResult, from_json
from stance.evaluation.results import Predicted, Results
from stance.files import read_json, read_yaml, sha256_file
from stance.models.abstention import Threshold
from stance.models.store import MODEL_FILE, read_thresholds
from stance.runs.folder import BEHAVIOUR_FILE, RUN_FILE
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
    behaviour: Mapping[str, Sequence[SuiteResult]] = field(default_factory=dict)

    @property
    def level(self) -> float:
        return float(self.config.get("bootstrap", {}).get("level", 0.95))


def read_run(folder: Path) -> RunData:
    """Read a finished run.

    Raises:
        InputError: the folder holds no run, or one that has not finished.
    """
    if not (folder / RUN_FILE).is_file():
        raise InputError(f"{folder}: no {RUN_FILE}, so not a run; `stance runs` lists the runs")
    facts = read_json(folder / RUN_FILE)
    if facts["config"].get("task") == "attribution":
        raise InputError(
            f"{folder}: a run of who says what, not of stances; its page is report.html, and "
            "`stance attribution score` scores it again"
        )
    for name in ("config.yaml", "codebook.yaml", "results.json", "predictions.parquet"):
        if not (folder / name).is_file():
            raise InputError(f"{folder}: no {name}; finish the run with --resume, then report it")
    config = read_yaml(folder / "config.yaml")
    book_path = folder / "codebook.yaml"
    codebook = parse_codebook(read_yaml(book_path), source=str(book_path))
    return RunData(
        folder=folder,
        facts=facts,
        config=config,
        codebook=codebook,
        results=Results.from_json(read_json(folder / "results.json")),
        corpus=read_corpus(config, codebook, facts.get("sha256", {})),
        histories=read_histories(folder),
        behaviour=read_behaviour(folder),
    )


def read_corpus(config: Mapping[str, Any], codebook: Codebook, sha256: Mapping[str, str]) -> Corpus:
    """Read the run's rows again, and divide them as the run did.

    Rows that changed since are not used: a score of the old rows beside a sentence of the new
    ones would be a quiet lie.
    """
    data = dict(config["data"])
    test = data.pop("test", None)
    try:
        sources = {"data": Source(**data)} | ({"test data": Source(**test)} if test else {})
        for name, source in sources.items():
            known, file = sha256.get(name), source.file
            if known and file.is_file() and sha256_file(file) != known:
                return Corpus(missing=f"{source.path} has changed since the run")
        examples = load_sources(sources["data"], sources.get("test data"), codebook)
        return Corpus(examples, divide(examples, Plan(**config.get("split") or {})))
    except (StanceError, OSError, ImportError) as error:
        return Corpus(missing=str(error).splitlines()[0])


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


def read_behaviour(folder: Path) -> dict[str, list[SuiteResult]]:
    """Read the behaviour tests by model; empty for a run without them."""
    path = folder / BEHAVIOUR_FILE
    return from_json(read_json(path)) if path.is_file() else {}


def read_seed_thresholds(
    folder: Path, task: str, model: str, seeds: Sequence[int]
) -> list[tuple[int, Sequence[Threshold]]]:
    """Read one model's abstention thresholds by seed; none where a seed has none stored."""
    found: list[tuple[int, Sequence[Threshold]]] = []
    for seed in seeds:
        path = folder / "models" / f"{model}-s{seed}" / MODEL_FILE
        thresholds = read_thresholds(read_json(path)).get(task) if path.is_file() else None
        if not thresholds:
            return []
        found.append((seed, thresholds))
    return found


def read_held(run: RunData, task: str, model: str) -> Held:
    """Read one model's answers on the rows that have a label of the task.

    Raises:
        InputError: the predictions lack the model, or its seeds were asked different rows.
    """
    import pyarrow.parquet as pq

    labels = run.codebook.tasks[task]
    columns = [f"p_{task}_{name}" for name in labels.names]
    path = run.folder / "predictions.parquet"
    keys = [name for name in ("seed", "repeat") if name in pq.read_schema(path).names]
    table = pq.read_table(
        path,
        columns=["id", "doc_id", *keys, task, *columns],
        filters=[("model", "=", model)],
    )
    ids, documents = (table.column(name).to_pylist() for name in ("id", "doc_id"))
    truth = table.column(task).to_pylist()
    trainings = list(zip(*(table.column(name).to_pylist() for name in keys), strict=True))
    proba = np.column_stack([table.column(name).to_numpy() for name in columns])
    places: list[list[int]] = []
    for training in sorted(set(trainings)):
        rows = [
            at for at, found in enumerate(trainings) if found == training and truth[at] is not None
        ]
        places.append(sorted(rows, key=lambda at: ids[at]))
    asked = {tuple(ids[at] for at in one) for one in places}
    if len(asked) != 1:
        raise InputError(f"{path}: rows of {model!r} do not fit together")
    first = places[0]
    seeds = sorted({training[0] for training in trainings})
    answers = Predicted(
        model=model,
        kind="",
        truth=np.array([labels.id(truth[at]) for at in first], dtype=np.int64),
        probabilities=np.stack([proba[one] for one in places]),
        groups=[documents[at] or ids[at] for at in first],
        seeds=seeds,
        repeats=len(places) // len(seeds),
    )
    return Held([ids[at] for at in first], answers)
