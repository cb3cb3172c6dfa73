"""Hyperparameter search on validation rows; the test rows never reach it.

A search lives in ``runs/NAME-tune``: its study, its provenance, its trials as a table, and the
best of them as a configuration.
"""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from stance.codebook import Codebook, load_codebook
from stance.config import RunConfig, choose_models, parse_config
from stance.corpus.audit import require_clean
from stance.errors import InputError
from stance.evaluation.metrics import macro_f1
from stance.files import parse_yaml, resolve, sha256_file, write_text
from stance.models.base import Progress, labelled
from stance.models.threads import choose_threads, set_threads
from stance.models.transformer.backbone import go_offline
from stance.report.tables import Column, Table, to_csv
from stance.runs import folder as provenance
from stance.runs.experiment import Quiet, Reporter, build, load_rows, make_splits
from stance.runs.folder import STUDY_FILE, begin, open_run
from stance.schema import Example
from stance.tuning.space import Scalar, Space, load_space, to_json
from stance.tuning.study import Study, Trial, require_optuna

Target = Literal["stance", "mean"]
SCORE_NAMES: Mapping[Target, str] = {
    "stance": "macro-F1 of stance on validation rows",
    "mean": "mean macro-F1 over tasks on validation rows",
}
_TORCH = ("transformer", "frozen")


@dataclass(frozen=True, slots=True)
class Rows:
    """All that a trial sees. There is no place for test rows here, so none can be scored."""

    train: Sequence[Example]
    validation: Sequence[Example]


@dataclass(frozen=True, slots=True)
class Search:
    """A search so far: its folder, its trials, and the best one's configuration."""

    folder: Path
    model: str
    target: Target
    trials: Sequence[Trial]
    best: Trial
    config: RunConfig

    @property
    def overrides(self) -> list[str]:
        """The best settings as ``KEY=VALUE``, quoted for a shell where needed."""
        return [override_of(f"models.{self.model}.{key}", value)
                for key, value in self.best.settings.items()]  # fmt: skip


def tune(
    config: RunConfig,
    model: str,
    *,
    trials: int,
    space_file: Path | None = None,
    target: Target = "stance",
    timeout: float | None = None,
    root: Path = Path("runs"),
    download: bool = False,
    argv: Sequence[str] = (),
    reporter: Reporter | None = None,
) -> Search:
    """Search for a model's best settings, up to ``trials`` trials in all.

    Running again with the same configuration goes on where the search stopped. Uses the first
    of the configuration's seeds. No trial begins after ``timeout`` seconds.

    Raises:
        ConfigError: Optuna is missing, or the model or the space cannot be used.
        InputError: the rows divide in more than one way, or none are for validation.
        IntegrityError: the configuration, the space or the data differ from when it began.
    """
    require_optuna()
    began = time.monotonic()
    reporter = reporter or Quiet()
    go_offline()
    choose_models(config, [model])
    entry = config.models[model].model_dump(mode="json")
    space = load_space(space_file, entry["kind"], entry)
    _require_usable(config, model, space)
    codebook_path = resolve(config.codebook)
    codebook = load_codebook(codebook_path)
    rows, n_test = _rows(config, codebook, download)
    if target == "stance" and all(row.stance is None for row in rows.validation):
        raise InputError("no validation row has a stance; --score mean takes the other task")
    hashes = {"codebook": sha256_file(codebook_path)}
    if resolve(config.data.path).is_file():
        hashes["data"] = sha256_file(resolve(config.data.path))
    facts = provenance.describe(
        argv=argv or sys.argv,
        config={
            **config.model_dump(mode="json"),
            "search": {"model": model, "target": target, "space": to_json(space)},
        },
        seeds=config.seeds[:1],
        threads=choose_threads(config.threads) if entry["kind"] in _TORCH else 1,
        hashes=hashes,
    )
    reporter.say(
        f"{len(rows.train)} rows to train on, {len(rows.validation)} to validate on; "
        f"{n_test} test rows are left alone"
    )
    with open_run(root, f"{config.name}-tune", resume=True) as folder:
        threads = begin(folder, facts)["threads"]
        if entry["kind"] in _TORCH:
            set_threads(threads)

        def objective(
            settings: Mapping[str, Scalar], number: int, progress: Progress
        ) -> Mapping[str, float]:
            chosen = with_settings(config, model, settings)
            work = folder / "checkpoints" / f"trial-{number}"
            made = build(
                chosen, model, codebook, seed=config.seeds[0], work=work, download=download,
                say=reporter.say,
            )  # fmt: skip
            made.fit(rows.train, rows.validation, progress=progress)
            return validation_scores(made.predict_proba(rows.validation), rows, codebook)

        study = Study(folder / STUDY_FILE, space, target, seed=config.seeds[0])
        while (number := study.ended) < trials:
            if timeout is not None and time.monotonic() - began >= timeout:
                reporter.say(f"time is up after {number} of {trials} trials")
                break
            title = f"trial {number + 1} of {trials}"
            reporter.say(f"{title}: {study.one(objective, reporter.stage(title))}")
            shutil.rmtree(folder / "checkpoints", ignore_errors=True)
        found = study.trials()
        return _conclude(folder, config, model, target, found)


def _rows(config: RunConfig, codebook: Codebook, download: bool) -> tuple[Rows, int]:
    """Read the rows and keep those to train and to validate on; of the rest only the number."""
    examples = load_rows(config, codebook, download=download)
    splits = list(make_splits(config, examples))
    if len(splits) > 1:
        raise InputError(
            f"split.method={config.split.method} tests rows in {len(splits)} turns, so a search "
            "would see what is tested later; tune with split.method=hash or column"
        )
    (split,) = splits
    require_clean(examples, split)
    if not len(split.validation):
        raise InputError("no row is for validation; a search needs some: split.method=hash")
    kept = Rows([examples[at] for at in split.train], [examples[at] for at in split.validation])
    return kept, len(split.test)


def validation_scores(
    probabilities: Mapping[str, Any], rows: Rows, codebook: Codebook
) -> dict[str, float]:
    """Return macro-F1 over the full label list by task, and their ``mean``."""
    scores = {}
    for task, names in codebook.classes.items():
        places, truth = labelled(rows.validation, task, names)
        if task in probabilities and len(places):
            guess = probabilities[task][places].argmax(axis=1)
            scores[task] = macro_f1(truth, guess, len(names))
    return {**scores, "mean": float(np.mean(list(scores.values())))}


def with_settings(config: RunConfig, model: str, settings: Mapping[str, Scalar]) -> RunConfig:
    """Return the configuration with a model's settings changed.

    Raises:
        ConfigError: a value is not allowed there.
    """
    raw = config.model_dump(mode="json")
    for key, value in settings.items():
        place = raw["models"][model]
        *path, last = key.split(".")
        for step in path:
            place = place[step]
        place[last] = value
    return parse_config(raw, source=f"search space of {model}")


def _require_usable(config: RunConfig, model: str, space: Space) -> None:
    """Try both ends of every range and every choice before a trial is spent on a bad one."""
    for name, item in space.items():
        for value in item.ends:
            with_settings(config, model, {name: value})


def override_of(key: str, value: Scalar) -> str:
    """Write one setting as ``stance run`` takes it on a command line."""
    import json
    import shlex

    text = json.dumps(value)
    if isinstance(value, str) and parse_yaml(value, source=key) == value:
        text = value
    return shlex.quote(f"{key}={text}")


def _conclude(
    folder: Path, config: RunConfig, model: str, target: Target, trials: Sequence[Trial]
) -> Search:
    """Write ``trials.csv`` and ``tuned.yaml``."""
    write_text(folder / "trials.csv", to_csv(trials_table(trials, target)))
    scored = [trial for trial in trials if trial.scores]
    if not scored:
        reason = trials[-1].note if trials else "there was no time for one"
        raise InputError(f"no trial has a score yet: {reason}; see {folder}/trials.csv")
    best = max(scored, key=lambda trial: (trial.scores[target], -trial.number))
    tuned = with_settings(config, model, best.settings)
    tuned = tuned.model_copy(update={"name": f"{config.name}-tuned"})
    head = (
        f"# {model}: best of {len(trials)} trials, {SCORE_NAMES[target]} "
        f"{best.scores[target]:.3f}. Not a test score.\n"
    )
    import yaml

    body = yaml.safe_dump(tuned.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    write_text(folder / "tuned.yaml", head + body)
    return Search(folder, model, target, trials, best, tuned)


def trials_table(trials: Sequence[Trial], target: Target) -> Table:
    """Every trial, in order: settings, validation scores, seconds, and what ended it early."""
    keys = list(dict.fromkeys(key for trial in trials for key in trial.settings))
    tasks = list(dict.fromkeys(key for trial in trials for key in trial.scores))
    columns = [Column("trial", "count"), *(Column(key) for key in keys)]
    columns += [
        Column(f"{'mean ' if key == 'mean' else ''}macro-F1{'' if key == 'mean' else f' {key}'}",
               "score") for key in tasks
    ]  # fmt: skip
    columns += [Column("seconds", "number"), Column("note")]
    rows = [
        [
            trial.number, *(trial.settings.get(key) for key in keys),
            *(trial.scores.get(key, math.nan) for key in tasks), trial.seconds, trial.note,
        ]
        for trial in trials
    ]  # fmt: skip
    return Table("trials", f"Trials by {SCORE_NAMES[target]}", columns, rows)
