"""Configuration to run folder: train every model over its seeds, score, compare, keep all."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from stance import provenance
from stance.codebook import Codebook, load_codebook
from stance.config import RunConfig
from stance.corpus.audit import require_clean
from stance.corpus.load import Mapped, load_examples
from stance.corpus.splits import Split, by_column, by_folds, by_hash, groups_of
from stance.evaluation.results import Predicted, Results, compare_best, score
from stance.files import read_yaml, resolve, sha256_file, write_json, write_text
from stance.models.backbone import find_backbone, go_offline
from stance.models.base import Progress, StanceClassifier, silent
from stance.models.calibration import fit_calibration
from stance.models.store import classifier_class, save_model
from stance.predictions import Kept, collect, write_predictions
from stance.runfolder import begin, open_run, part_path, write_part
from stance.schema import Example

_UNSEEDED = ("majority", "lexicon", "ngrams", "frozen")  # the same answer from every seed


class Reporter(Protocol):
    """Where a run tells how it goes."""

    def stage(self, text: str) -> Progress:
        """Begin a piece of work; return what its progress is told to."""

    def say(self, text: str) -> None:
        """Tell one line."""


class Quiet:
    """A reporter that tells nobody."""

    def stage(self, text: str) -> Progress:
        return silent

    def say(self, text: str) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run."""

    folder: Path
    config: RunConfig
    codebook: Codebook
    results: Results


@dataclass(frozen=True, slots=True)
class Training:
    """One model of one seed on one split."""

    model: str
    seed: int
    split: Split


def run(
    config: RunConfig,
    *,
    root: Path = Path("runs"),
    resume: bool = False,
    download: bool = False,
    argv: Sequence[str] = (),
    reporter: Reporter | None = None,
) -> Run:
    """Train and score everything a configuration names.

    Raises:
        InputError: the data cannot be used, the split leaks, or the run folder is taken.
        IntegrityError: a resumed run's data or configuration changed.
    """
    reporter = reporter or Quiet()
    go_offline()
    codebook_path = resolve(config.codebook)
    codebook = load_codebook(codebook_path)
    examples = load_rows(config, codebook, download=download)
    splits = list(make_splits(config, examples))
    for split in splits:
        require_clean(examples, split)
    facts = provenance.describe(
        argv=argv or sys.argv,
        config=config.model_dump(mode="json"),
        seeds=config.seeds,
        threads=config.threads or os.cpu_count() or 1,
        hashes=_hashes(config, codebook_path, download),
    )
    reporter.say(f"{len(examples)} rows of {len({item.group for item in examples})} articles")
    with open_run(root, config.name, resume=resume) as folder:
        begin(folder, facts)
        _write_yaml(folder / "config.yaml", config.model_dump(mode="json"))
        write_text(folder / "codebook.yaml", codebook_path.read_text(encoding="utf-8"))
        set_threads(config.threads)
        for training in _trainings(config, splits):
            _train_one(training, config, codebook, examples, folder, download, reporter)
        kept = Kept(
            folder,
            {name: entry.kind for name, entry in config.models.items()},
            {name: seeds_of(config, name) for name in config.models},
            splits,
        )
        predicted = collect(kept, codebook, examples)
        write_predictions(kept, codebook, examples)
        results = evaluate(config, codebook, predicted, reporter)
        write_json(folder / "results.json", results.to_json())
    return Run(folder, config, codebook, results)


def load_rows(config: RunConfig, codebook: Codebook, *, download: bool = False) -> list[Example]:
    """Read the configured data."""
    return load_examples(
        resolve(config.data.path),
        codebook,
        mapped=Mapped(config.data.columns, config.data.labels),
        split=config.data.split,
        download=download,
    )


def make_splits(config: RunConfig, examples: Sequence[Example]) -> Iterator[Split]:
    """Divide the rows as configured."""
    how = config.split
    if how.method == "column":
        yield by_column(examples)
        return
    groups = groups_of(examples, how.group)
    if how.method == "hash":
        yield by_hash(examples, groups, validation=how.validation, test=how.test, salt=how.salt)
    else:
        yield from by_folds(examples, groups, how.folds, salt=how.salt)


def set_threads(threads: int) -> None:
    """Tell torch how many threads to use; all cores where 0."""
    import torch

    torch.set_num_threads(threads or os.cpu_count() or 1)


def _trainings(config: RunConfig, splits: Sequence[Split]) -> Iterator[Training]:
    for name in config.models:
        for seed in seeds_of(config, name):
            for split in splits:
                yield Training(name, seed, split)


def seeds_of(config: RunConfig, model: str) -> list[int]:
    """Return the seeds a model is trained with: one where the seed changes nothing."""
    return config.seeds[:1] if config.models[model].kind in _UNSEEDED else list(config.seeds)


def build(
    config: RunConfig, name: str, codebook: Codebook, *, seed: int, work: Path | None = None,
    download: bool = False, say: Any = None,
) -> StanceClassifier:  # fmt: skip
    """Construct one of the configuration's models, untrained."""
    entry = config.models[name]
    arguments = {key: getattr(entry, key) for key in type(entry).model_fields if key != "kind"}
    if entry.kind == "transformer":
        arguments |= {"work": work, "say": say or (lambda _: None)}
    if entry.kind in ("transformer", "frozen"):
        arguments["download"] = download
    return classifier_class(entry.kind)(
        codebook.classes, seed=seed, allow_single_class=config.allow_single_class, **arguments
    )


def _train_one(
    training: Training,
    config: RunConfig,
    codebook: Codebook,
    examples: Sequence[Example],
    folder: Path,
    download: bool,
    reporter: Reporter,
) -> None:
    """Train, calibrate on validation rows, predict the test rows, and keep it all."""
    part = part_path(folder, training.model, training.seed, training.split.fold)
    if part.exists():
        return
    label = _title(training, config)
    rows = {
        name: [examples[at] for at in getattr(training.split, name)]
        for name in ("train", "validation", "test")
    }
    work = folder / "checkpoints" / part.stem
    model = build(
        config, training.model, codebook, seed=training.seed, work=work, download=download,
        say=reporter.say,
    )  # fmt: skip
    started = time.perf_counter()
    model.fit(rows["train"], rows["validation"], progress=reporter.stage(f"{label}: training"))
    seconds = time.perf_counter() - started
    calibration = fit_calibration(
        model.predict_proba(rows["validation"]) if rows["validation"] else {},
        rows["validation"],
        codebook.classes,
    )
    started = time.perf_counter()
    raw = model.predict_proba(rows["test"], progress=reporter.stage(f"{label}: predicting"))
    rate = len(rows["test"]) / max(1e-9, time.perf_counter() - started)
    if config.split.method != "folds":
        save_model(
            model,
            folder / "models" / f"{training.model}-s{training.seed}",
            name=training.model,
            calibration=calibration,
            codebook=read_yaml(resolve(config.codebook)),
        )
    write_part(
        part,
        {
            "rows": training.split.test,
            "timing": np.array([seconds, rate]),
            **{f"proba_{task}": values for task, values in calibration.apply(raw).items()},
        },
    )
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)


def _title(training: Training, config: RunConfig) -> str:
    title = training.model
    if len(seeds_of(config, training.model)) > 1:
        title += f", seed {training.seed}"
    if config.split.method == "folds":
        title += f", fold {training.split.fold + 1} of {config.split.folds}"
    return title


def evaluate(
    config: RunConfig,
    codebook: Codebook,
    predicted: dict[str, list[Predicted]],
    reporter: Reporter,
) -> Results:
    """Score every model and compare the best of each task with the others."""
    models, comparisons = [], []
    options: dict[str, Any] = {
        "resamples": config.bootstrap.resamples,
        "level": config.bootstrap.level,
    }
    for task, items in predicted.items():
        names = codebook.classes[task]
        relations = codebook.relation_ids() if task == "stance" else ()
        progress = reporter.stage(f"scoring {task}")
        for done, item in enumerate(items):
            models.append(score(task, item, names, relations=relations, **options))
            progress(done + 1, len(items))
        comparisons += compare_best(task, items, len(names), **options)
    return Results(models, comparisons)


# -- writing ------------------------------------------------------------------------------


def _hashes(config: RunConfig, codebook_path: Path, download: bool) -> dict[str, str]:
    hashes = {"codebook": sha256_file(codebook_path)}
    data = resolve(config.data.path)
    if data.is_file():
        hashes["data"] = sha256_file(data)
    for name, entry in config.models.items():
        backbone = getattr(entry, "backbone", None)
        if backbone is not None:
            path = find_backbone(backbone, download=download)
            for file in ("tokenizer.json", "model.safetensors"):
                if (path / file).exists():
                    hashes[f"{name}/{file}"] = sha256_file(path / file)
    return hashes


def _write_yaml(path: Path, value: Any) -> None:
    import yaml

    write_text(path, yaml.safe_dump(value, sort_keys=False, allow_unicode=True))
