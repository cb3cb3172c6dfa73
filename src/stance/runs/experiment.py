"""Configuration to run folder: train every model over its seeds, score, compare, keep all."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stance.codebook import Codebook, parse_codebook
from stance.config import RunConfig
from stance.corpus.audit import require_clean, untrained_labels
from stance.corpus.divide import Plan, divide, left_out
from stance.corpus.load import Source, load_sources
from stance.corpus.splits import Split
from stance.errors import InputError
from stance.evaluation.results import Predicted, Results, compare_best, score
from stance.files import (
    parse_yaml,
    read_yaml_text,
    resolve,
    sha256_file,
    sha256_text,
    write_json,
    write_text,
    write_yaml,
)
from stance.models.threads import choose_threads, set_threads
from stance.models.transformer.backbone import find_backbone, go_offline
from stance.runs import folder as provenance
from stance.runs.folder import begin, open_run, part_path
from stance.runs.predictions import Kept, collect, write_predictions
from stance.runs.training import Quiet as Quiet
from stance.runs.training import Reporter as Reporter
from stance.runs.training import Training, gather_behaviour, in_order, seeds_of, train_one
from stance.runs.training import build as build
from stance.schema import Example


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run."""

    folder: Path
    config: RunConfig
    codebook: Codebook
    results: Results


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
    # Read once: an edit while a run works must not reach its record or a part of its models.
    book = read_yaml_text(resolve(config.codebook))
    codebook = parse_codebook(parse_yaml(book, source=config.codebook), source=config.codebook)
    examples = load_rows(config, codebook, download=download)
    splits = make_splits(config, examples)
    for split in splits:
        require_clean(examples, split)
    facts = provenance.describe(
        argv=argv or sys.argv,
        config=config.model_dump(mode="json"),
        seeds=config.seeds,
        threads=choose_threads(config.threads),
        hashes={"codebook": sha256_text(book), **_hashes(config, download)},
    )
    reporter.say(f"{len(examples)} rows of {len({item.group for item in examples})} articles")
    if absent := left_out(examples, splits):
        reporter.say(f"{absent} rows of a split are in none of its parts, so that nothing crosses")
    _require_labels(config, codebook, examples, splits)
    for line in untrained_labels(examples, splits, codebook):
        reporter.say(line)
    with open_run(root, config.name, resume=resume) as folder:
        # A resumed run goes on with the number of threads that it began with.
        set_threads(begin(folder, facts)["threads"])
        write_yaml(folder / "config.yaml", config.model_dump(mode="json"))
        write_text(folder / "codebook.yaml", book)
        for training in _trainings(config, splits):
            train_one(training, config, codebook, examples, folder, download, reporter)
        kept = Kept(
            folder,
            {name: entry.kind for name, entry in config.models.items()},
            {name: seeds_of(config, name) for name in config.models},
            splits,
        )
        if config.behaviour:
            gather_behaviour(
                folder,
                {
                    name: part_path(folder, name, seeds_of(config, name)[0], splits[0].fold)
                    for name in config.models
                },
            )
        predicted = collect(kept, codebook, examples)
        write_predictions(kept, codebook, examples)
        results = evaluate(config, codebook, predicted, reporter)
        write_json(folder / "results.json", results.to_json())
    return Run(folder, config, codebook, results)


def load_rows(config: RunConfig, codebook: Codebook, *, download: bool = False) -> list[Example]:
    """Read the configured data."""
    data = config.data
    source = Source(**data.model_dump(exclude={"test"}))
    test = Source(**data.test.model_dump()) if data.test else None
    return load_sources(source, test, codebook, download=download)


def _require_labels(
    config: RunConfig, codebook: Codebook, examples: Sequence[Example], splits: Sequence[Split]
) -> None:
    """Refuse before a run folder is begun what no model could be trained on.

    Raises:
        InputError: the training rows of a split have no label.
    """
    if all(entry.kind == "lexicon" for entry in config.models.values()):
        return
    for split in splits:
        rows = (examples[int(at)] for at in split.train)
        if all(row.stance is None and row.sentiment is None for row in rows):
            raise InputError(
                f"{config.data.path}: no training row has a label of "
                f"{' or '.join(codebook.tasks)}; name their column with data.columns.stance=NAME"
            )


def make_splits(config: RunConfig, examples: Sequence[Example]) -> list[Split]:
    """Divide the rows as configured."""
    return divide(examples, Plan(**config.split.model_dump()))


def _trainings(config: RunConfig, splits: Sequence[Split]) -> Iterator[Training]:
    for name in in_order(config):
        for seed in seeds_of(config, name):
            for split in splits:
                yield Training(name, seed, split, len(splits))


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
        official = codebook.official if task == "stance" else None
        progress = reporter.stage(f"scoring {task}")
        for done, item in enumerate(items):
            models.append(
                score(task, item, names, relations=relations, official=official, **options)
            )
            progress(done + 1, len(items))
        comparisons += compare_best(task, items, len(names), **options)
    return Results(models, comparisons)


# -- writing ------------------------------------------------------------------------------


def _hashes(config: RunConfig, download: bool) -> dict[str, str]:
    hashes: dict[str, str] = {}
    sources = [("data", config.data), ("test data", config.data.test)]
    sources += [(f"data {number}", also) for number, also in enumerate(config.data.also, start=2)]
    for name, source in sources:
        if source is not None and (path := resolve(source.path)).is_file():
            hashes[name] = sha256_file(path)
    for name, entry in config.models.items():
        backbone = getattr(entry, "backbone", None)
        if backbone is not None:
            path = find_backbone(backbone, download=download)
            for file in ("tokenizer.json", "model.safetensors", "adapter.safetensors"):
                if (path / file).exists():
                    hashes[f"{name}/{file}"] = sha256_file(path / file)
    return hashes
