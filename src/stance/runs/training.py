"""One model of one seed on one split: built, trained, calibrated, asked, and kept."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from stance.codebook import STANCE, Codebook
from stance.config import (
    DERIVED,
    BlendConfig,
    ChainConfig,
    FrozenConfig,
    NgramsConfig,
    RunConfig,
    TransformerConfig,
)
from stance.corpus.splits import Split
from stance.evaluation.behaviour.run import run_suites, to_json
from stance.evaluation.metrics import confusion
from stance.evaluation.scores import macro_f1_of
from stance.files import read_json, read_yaml, write_json
from stance.models.abstention import fit_thresholds
from stance.models.base import Probabilities, Progress, StanceClassifier, labelled, silent
from stance.models.calibration import fit_calibration
from stance.models.combined import (
    BlendClassifier,
    ChainClassifier,
    chained,
    fit_transitions,
    mean_of,
)
from stance.models.store import (
    Learned,
    StoredModel,
    classifier_class,
    load_model,
    read_learned,
    save_model,
)
from stance.models.transformer.backbone import find_backbone
from stance.runs.folder import BEHAVIOUR_FILE, part_path, read_part, write_part
from stance.runs.predictions import Answers
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
class Training:
    """One model of one seed on one split of ``splits``."""

    model: str
    seed: int
    split: Split
    splits: int = 1


def seeds_of(config: RunConfig, model: str) -> list[int]:
    """Return the seeds a model is trained with: one where the seed changes nothing."""
    entry = config.models[model]
    if isinstance(entry, BlendConfig):
        found = max((seeds_of(config, member) for member in entry.of), key=len)
        return found[:1] if entry.seeds == "all" else found
    if isinstance(entry, ChainConfig):
        return seeds_of(config, entry.of)
    return config.seeds[:1] if entry.kind in _UNSEEDED else list(config.seeds)


def in_order(config: RunConfig) -> list[str]:
    """Return the models' names, those made of others after all that they could be made of."""
    return sorted(config.models, key=lambda name: isinstance(config.models[name], DERIVED))


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
    made: StanceClassifier = classifier_class(entry.kind)(
        codebook.classes, seed=seed, allow_single_class=config.allow_single_class, **arguments
    )
    return made


def train_one(
    training: Training,
    config: RunConfig,
    codebook: Codebook,
    examples: Sequence[Example],
    folder: Path,
    download: bool,
    reporter: Reporter,
) -> None:
    """Train, calibrate on validation rows, predict the test rows, probe, and keep it all."""
    part = part_path(folder, training.model, training.seed, training.split.fold)
    if part.exists():
        return
    rows = {
        name: [examples[at] for at in getattr(training.split, name)]
        for name in ("train", "validation", "test")
    }
    entry, fold, keep = config.models[training.model], training.split.fold, training.splits == 1
    if isinstance(entry, BlendConfig):
        members = _members(config, entry, training.seed)
        answers = blended(folder, members, fold, codebook, keep=keep)
    elif isinstance(entry, ChainConfig):
        member = (entry.of, training.seed)
        answers = in_sequence(folder, member, fold, codebook, rows, keep=keep, say=reporter.say)
    else:
        work = folder / "checkpoints" / part.stem
        answers = _trained(training, config, codebook, rows, work, download, reporter)
    _keep(answers, training, config, codebook, rows, folder, reporter)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)


def _trained(
    training: Training, config: RunConfig, codebook: Codebook,
    rows: Mapping[str, Sequence[Example]], work: Path, download: bool, reporter: Reporter,
) -> Answers:  # fmt: skip
    label = _title(training, config)
    model = build(
        config, training.model, codebook, seed=training.seed, work=work, download=download,
        say=reporter.say,
    )  # fmt: skip
    started = time.perf_counter()
    model.fit(rows["train"], rows["validation"], progress=reporter.stage(f"{label}: training"))
    seconds = time.perf_counter() - started
    validated = model.predict_proba(rows["validation"]) if rows["validation"] else {}
    started = time.perf_counter()
    tested = model.predict_proba(rows["test"], progress=reporter.stage(f"{label}: predicting"))
    rate = len(rows["test"]) / max(1e-9, time.perf_counter() - started)
    return Answers(model, validated, tested, seconds, rate)


def _keep(
    answers: Answers, training: Training, config: RunConfig, codebook: Codebook,
    rows: Mapping[str, Sequence[Example]], folder: Path, reporter: Reporter,
) -> None:  # fmt: skip
    part = part_path(folder, training.model, training.seed, training.split.fold)
    model, held = answers.model, rows["validation"]
    calibration = fit_calibration(answers.validated, held, codebook.classes)
    validated = calibration.apply(answers.validated)
    if model is not None and training.splits == 1:
        save_model(
            model,
            _model_folder(folder, (training.model, training.seed)),
            name=training.model,
            calibration=calibration,
            codebook=read_yaml(folder / "codebook.yaml"),
            thresholds=fit_thresholds(
                validated, held, codebook.classes, precisions=config.precisions
            ),
            learned=_inherited(training, config, folder) | Learned.of(rows["train"], held),
            validation=_standing(held, validated, codebook),
        )
    if model is not None and _is_probed(training, config) and STANCE in answers.tested:
        progress = reporter.stage(f"{_title(training, config)}: behaviour")
        keep_behaviour(
            part,
            training.model,
            lambda asked: calibration.apply(model.predict_proba(asked, progress=progress)),
            rows["test"],
            codebook.classes[STANCE],
            seed=config.seeds[0],
        )
    arrays = {
        "rows": training.split.test,
        TIMING: np.array([answers.seconds, answers.rate]),
        **{PROBA + task: found for task, found in calibration.apply(answers.tested).items()},
    }
    for task, found in validated.items():
        arrays[VALIDATED + task] = found
        arrays[f"validation_{task}"] = confusion_of(held, task, found, codebook)
    write_part(part, arrays)


def _inherited(training: Training, config: RunConfig, folder: Path) -> Learned:
    """Return the rows that what a model is made of learned from before."""
    entry = config.models[training.model]
    if isinstance(entry, BlendConfig | ChainConfig):
        members = (
            _members(config, entry, training.seed)
            if isinstance(entry, BlendConfig)
            else [(entry.of, training.seed)]
        )
        sources = [_model_folder(folder, member) for member in members]
    elif isinstance(entry, TransformerConfig | FrozenConfig):
        sources = [find_backbone(entry.backbone)]
    else:
        sources = []
    return reduce(or_, (read_learned(source) or Learned() for source in sources), Learned())


def _standing(
    held: Sequence[Example], validated: Probabilities, codebook: Codebook
) -> float | None:
    """Return macro-F1 on the validation rows of the first task that they are labelled for."""
    for task, found in validated.items():
        table = confusion_of(held, task, found, codebook)
        if table.any():
            return float(macro_f1_of(table))
    return None


def confusion_of(
    rows: Sequence[Example], task: str, probabilities: NDArray[np.float64], codebook: Codebook
) -> NDArray[np.int64]:
    """Return the confusion matrix of rows, those without a label of the task left out."""
    names = codebook.classes[task]
    kept, truth = labelled(rows, task, names)
    if not len(kept):
        return np.zeros((len(names), len(names)), dtype=np.int64)
    return confusion(truth, probabilities[kept].argmax(axis=1), len(names))


def _is_probed(training: Training, config: RunConfig) -> bool:
    """Whether this training's behaviour is tested: one of each trained model that reads text."""
    entry = config.models[training.model]
    if isinstance(entry, TransformerConfig):
        reads = entry.style.view != "actor"
    elif isinstance(entry, NgramsConfig):
        reads = entry.view in ("masked", "text")
    else:
        reads = isinstance(entry, FrozenConfig | BlendConfig)
    first = training.seed == config.seeds[0] and training.split.fold == 0
    return config.behaviour and reads and first


def _members(config: RunConfig, entry: BlendConfig, seed: int) -> list[tuple[str, int]]:
    """What one blend is made of; a model of one seed takes part in every seed's blend."""
    found = []
    for name in entry.of:
        seeds = seeds_of(config, name)
        if entry.seeds != "all":
            count = 1 if entry.seeds == "each" else entry.seeds
            start = seeds.index(seed) if seed in seeds else 0
            seeds = [*seeds[start:], *seeds[:start]][:count]
        found += [(name, one) for one in seeds]
    return found


def _title(training: Training, config: RunConfig) -> str:
    title = training.model
    if len(seeds_of(config, training.model)) > 1:
        title += f", seed {training.seed}"
    if training.splits > 1:
        title += f", fold {training.split.fold + 1} of {training.splits}"
    return title


PROBA, VALIDATED, TIMING = "proba_", "validated_", "timing"

Member = tuple[str, int]  # a model by name and seed


def blended(
    folder: Path, members: Sequence[Member], fold: int, codebook: Codebook, *, keep: bool
) -> Answers:
    """Average the members' answers on one split.

    Args:
        folder: the run's; the members' parts are in it, and their models where ``keep``.
        members: models by name and seed.
        keep: give the blend as a model that can be saved and asked again.
    """
    parts = [_answers(folder, member, fold, codebook) for member in members]
    model = None
    if keep:
        stored = [_stored(folder, member, codebook) for member in members]
        model = BlendClassifier(codebook.classes, stored)
    return Answers(
        model=model,
        validated=mean_of([part.validated for part in parts]),
        tested=mean_of([part.tested for part in parts]),
        seconds=sum(part.seconds for part in parts),
        rate=1 / sum(1 / part.rate for part in parts),
    )


def in_sequence(
    folder: Path,
    member: Member,
    fold: int,
    codebook: Codebook,
    rows: Mapping[str, Sequence[Example]],
    *,
    keep: bool,
    say: Callable[[str], None],
) -> Answers:
    """Let the member's answers on neighbouring rows inform each other (``models.chain``).

    Args:
        folder: as for ``blended``.
        rows: those of the split's ``train``, ``validation`` and ``test``.
        keep: as for ``blended``.
        say: told where there is no order to go by, and the member's answers stay as they are.
    """
    part = _answers(folder, member, fold, codebook)
    transitions = fit_transitions(rows["train"], part.validated, codebook.classes)
    if not transitions:
        say(
            f"nothing is read in order: no two rows of one document stand together, or no rows "
            f"are left for validation; the answers are those of {member[0]}"
        )
    model = None
    if keep:
        model = ChainClassifier(codebook.classes, _stored(folder, member, codebook), transitions)
    return Answers(
        model=model,
        validated=chained(part.validated, transitions, rows["validation"]),
        tested=chained(part.tested, transitions, rows["test"]),
        seconds=part.seconds,
        rate=part.rate,
    )


def _answers(folder: Path, member: Member, fold: int, codebook: Codebook) -> Answers:
    part = read_part(part_path(folder, *member, fold))

    def answered(prefix: str) -> Probabilities:
        return {task: part[prefix + task] for task in codebook.classes if prefix + task in part}

    seconds, rate = map(float, part[TIMING])
    return Answers(None, answered(VALIDATED), answered(PROBA), seconds, rate)


def _stored(folder: Path, member: Member, codebook: Codebook) -> StoredModel:
    return load_model(_model_folder(folder, member), codebook.classes)


def _model_folder(folder: Path, member: Member) -> Path:
    name, seed = member
    return folder / "models" / f"{name}-s{seed}"


CASES = 100  # most cases of one suite: about 1,000 predictions on the bundled corpus


def keep_behaviour(
    part: Path,
    model: str,
    predict: Callable[[Sequence[Example]], Probabilities],
    rows: Sequence[Example],
    names: Sequence[str],
    *,
    seed: int,
) -> None:
    """Put a trained model through the suites and keep the result beside its predictions.

    Written before the part itself, so a part that exists has its behaviour too.

    Args:
        part: where the model's predictions are kept.
        predict: rows to calibrated probabilities by task.
        names: the stance labels, in the order of the probabilities' columns.
    """
    if not any(row.stance is not None for row in rows):
        return
    found = run_suites(lambda asked: predict(asked)[STANCE], rows, names, limit=CASES, seed=seed)
    write_json(_beside(part), to_json({model: found}))


def gather_behaviour(folder: Path, parts: Mapping[str, Path]) -> None:
    """Write ``behaviour.json``: by model, what was kept beside its part."""
    gathered: dict[str, Any] = {}
    for part in parts.values():
        if _beside(part).exists():
            gathered |= read_json(_beside(part))
    if gathered:
        write_json(folder / BEHAVIOUR_FILE, gathered)


def _beside(part: Path) -> Path:
    return part.with_suffix(".behaviour.json")
