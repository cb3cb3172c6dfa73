"""Models of one run, or of several, brought onto the rows that all of them were tested on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from stance.codebook import STANCE, LabelSet, suggest
from stance.errors import InputError
from stance.evaluation.compare import (
    PairComparison,
    compare_pairs,
    consensus,
    scores_for,
    seed_scores,
)
from stance.evaluation.results import HEADLINE, Predicted
from stance.evaluation.scores import ScoreOfConfusion
from stance.runs.read import Held, RunData, read_held, read_run


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of one run."""

    run: str
    model: str


def in_order(held: Held, run: RunData, task: str, names: Sequence[str]) -> Held:
    """Renumber labels where a run's codebook lists the same ones in another order."""
    own = run.codebook.classes[task]
    if own == tuple(names):
        return held
    columns = [own.index(name) for name in names]
    number = np.array([names.index(name) for name in own], dtype=np.int64)
    answers = replace(
        held.answers,
        truth=number[held.answers.truth],
        probabilities=held.answers.probabilities[:, :, columns],
    )
    return Held(held.ids, answers)


def common_ids(held: Mapping[Entry, Held]) -> tuple[list[str], dict[str, int]]:
    """Return the ids that every run tested, and how many of each run's are not among them.

    Raises:
        InputError: there are none, or a run tested a row more than once.
    """
    tested: dict[str, set[str]] = {}
    for entry, found in held.items():
        ids = set(found.ids)
        if len(ids) < len(found.ids):
            raise InputError(f"{entry.run} tested rows of {entry.model!r} more than once")
        tested[entry.run] = tested.get(entry.run, ids) & ids
    common = set.intersection(*tested.values())
    if not common:
        raise InputError(f"{', '.join(tested)} were tested on different rows: no id in common")
    return sorted(common), {run: len(ids) - len(common) for run, ids in tested.items()}


def align(entry: Entry, held: Held, ids: Sequence[str], *, many: bool) -> Predicted:
    """Return the answers on these rows, named by model and, among ``many`` runs, by run."""
    place = {name: at for at, name in enumerate(held.ids)}
    rows = [place[name] for name in ids]
    return replace(
        held.answers,
        model=f"{entry.run}:{entry.model}" if many else entry.model,
        truth=held.answers.truth[rows],
        probabilities=held.answers.probabilities[:, rows],
        groups=[held.answers.groups[at] for at in rows],
        novelty=None,
    )


def require_same_rows(
    answers: Mapping[Entry, Predicted], ids: Sequence[str], names: Sequence[str]
) -> None:
    """Refuse ids that stand for different rows: another gold label, or another article."""
    (first, one), *others = answers.items()
    for entry, other in others:
        wrong = np.flatnonzero(one.truth != other.truth)
        if wrong.size:
            at = int(wrong[0])
            raise InputError(
                f"{wrong.size} of {len(ids)} common rows have different gold labels (first: "
                f"{ids[at]!r}, {names[one.truth[at]]} in {first.run}, {names[other.truth[at]]} in "
                f"{entry.run}); train both runs on the same rows"
            )
        at = next((at for at in range(len(ids)) if one.groups[at] != other.groups[at]), -1)
        if at >= 0:
            raise InputError(
                f"row {ids[at]!r} is of article {one.groups[at]!r} in {first.run} but of "
                f"{other.groups[at]!r} in {entry.run}; train both runs on the same rows"
            )


@dataclass(frozen=True, slots=True)
class Flip:
    """One row whose label differs; ``change`` is fixed, broken or moved (both wrong).

    Probabilities are each model's for its own label. ``text`` and ``actor`` are empty where the
    rows are not at hand.
    """

    base: str
    new: str
    change: str
    id: str
    gold: str
    base_label: str
    base_probability: float
    new_label: str
    new_probability: float
    text: str = ""
    actor: str = ""


@dataclass(frozen=True, slots=True)
class RunComparison:
    """A comparison on one task.

    ``dropped`` counts, by run, the tested rows that another run did not test. ``notes`` say what
    a reader must know of how the runs differ. ``truth`` holds the common rows' gold label ids.
    """

    task: str
    metric: str
    level: float
    label_set: LabelSet
    scores: Sequence[str]
    pairs: Sequence[PairComparison]
    flips: Sequence[Flip]
    truth: np.ndarray
    n_rows: int
    n_groups: int
    dropped: Mapping[str, int]
    notes: Sequence[str]

    @property
    def labels(self) -> tuple[str, ...]:
        return self.label_set.names


def compare_runs(
    folders: Sequence[Path],
    *,
    models: Sequence[str] = (),
    task: str = STANCE,
    metric: str = HEADLINE,
    resamples: int = 2000,
) -> RunComparison:
    """Compare models of finished runs.

    One run: its best model against each other one, or the first of ``models`` against the
    rest. Several runs: each model they share (or those of ``models``) in the first run against
    the same model in the later runs; models that no two runs share are set against the first.

    Raises:
        InputError: no such model or task, label sets or gold labels that differ, or no row in
            common.
    """
    runs = _read(folders)
    names = _shared_labels(runs, task)
    first = next(iter(runs.values()))
    scores = scores_for(metric, first.codebook.relation_ids() if task == STANCE else ())
    entries = _entries(runs, task, models)
    held = {
        entry: in_order(read_held(runs[entry.run], task, entry.model), runs[entry.run], task, names)
        for entry in entries
    }
    ids, dropped = common_ids(held)
    answers = {entry: align(entry, found, ids, many=len(runs) > 1) for entry, found in held.items()}
    require_same_rows(answers, ids, names)
    pairs = _pairs(entries, answers, bool(models), len(names), scores[metric])
    found = compare_pairs(pairs, len(names), scores, resamples=resamples, level=first.level)
    sides = {item.model: item for pair in pairs for item in pair}
    return RunComparison(
        task=task,
        metric=metric,
        level=first.level,
        label_set=first.codebook.tasks[task],
        scores=list(scores),
        pairs=found,
        flips=_flips(found, sides, ids, names, runs),
        truth=pairs[0][0].truth,
        n_rows=len(ids),
        n_groups=len(set(pairs[0][0].groups)),
        dropped=dropped,
        notes=_notes(runs),
    )


def _read(folders: Sequence[Path]) -> dict[str, RunData]:
    """Read runs by name; by path where two have the same name."""
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise InputError("the same run is named twice; name it once to compare its models")
    plain = [folder.resolve().name for folder in folders]
    names = plain if len(set(plain)) == len(plain) else [str(folder) for folder in folders]
    return {name: read_run(folder) for name, folder in zip(names, folders, strict=True)}


def _shared_labels(runs: Mapping[str, RunData], task: str) -> tuple[str, ...]:
    expected: tuple[str, tuple[str, ...]] | None = None
    for name, run in runs.items():
        classes = run.codebook.classes
        if task not in classes:
            raise InputError(f"{name} has no task {task!r}; {suggest(task, list(classes))}")
        if expected is None:
            expected = (name, classes[task])
        elif set(expected[1]) != set(classes[task]):
            odd = sorted(set(expected[1]) ^ set(classes[task]))
            raise InputError(
                f"{expected[0]} and {name} have different {task} labels "
                f"(not in both: {', '.join(odd[:5])}); runs of one codebook can be compared"
            )
    if expected is None:
        raise InputError("name at least one run")
    return expected[1]


def _entries(runs: Mapping[str, RunData], task: str, models: Sequence[str]) -> list[Entry]:
    """List which model of which run takes part, in the order of the runs and of ``models``."""
    own = {name: [found.model for found in run.results.of(task)] for name, run in runs.items()}
    every = list(dict.fromkeys(model for found in own.values() for model in found))
    for model in models:
        if model not in every:
            raise InputError(
                f"no model {model!r} with {task} in {', '.join(runs)}; {suggest(model, every)}"
            )
    wanted = list(dict.fromkeys(models)) or [
        model for model in every if all(model in found for found in own.values())
    ]
    entries = [
        Entry(run, model) for run, found in own.items() for model in wanted if model in found
    ]
    if len(entries) < 2:
        listed = "; ".join(f"{run}: {', '.join(found)}" for run, found in own.items())
        raise InputError(f"nothing to compare; name two models with --models A,B ({listed})")
    return entries


def _pairs(
    entries: Sequence[Entry],
    answers: Mapping[Entry, Predicted],
    named: bool,
    n_labels: int,
    score: ScoreOfConfusion,
) -> list[tuple[Predicted, Predicted]]:
    """Choose who is set against whom, as (base, new)."""
    by_model: dict[str, list[Entry]] = {}
    for entry in entries:
        by_model.setdefault(entry.model, []).append(entry)
    several = len({entry.run for entry in entries}) > 1
    if several and any(len(found) > 1 for found in by_model.values()):
        alone = [found[0] for found in by_model.values() if len(found) == 1]
        if alone:
            raise InputError(
                f"model {alone[0].model!r} is in {alone[0].run} only; name models that two runs "
                "have, or one model of each"
            )
        return [(answers[base], answers[new]) for base, *rest in by_model.values() for new in rest]
    if several or named:
        base, *rest = entries
        return [(answers[base], answers[new]) for new in rest]

    def quality(entry: Entry) -> float:
        return float(seed_scores(answers[entry], n_labels, score).mean())

    best, *others = sorted(entries, key=quality, reverse=True)
    return [(answers[other], answers[best]) for other in others]


def _flips(
    pairs: Sequence[PairComparison],
    sides: Mapping[str, Predicted],
    ids: Sequence[str],
    names: Sequence[str],
    runs: Mapping[str, RunData],
) -> list[Flip]:
    """List every row that flips, the surest new label first within each kind of change."""
    rows = {item.id: item for run in runs.values() for item in run.corpus.examples}
    found = []
    for pair in pairs:
        base, new = sides[pair.base], sides[pair.new]
        base_mean, new_mean = base.probabilities.mean(axis=0), new.probabilities.mean(axis=0)
        base_label, new_label = consensus(base), consensus(new)
        for change in ("fixed", "broken", "moved"):
            places = getattr(pair.flips, change).tolist()
            for at in sorted(places, key=lambda at: (-new_mean[at].max(), ids[at])):
                row = rows.get(ids[at])
                found.append(
                    Flip(
                        base=pair.base,
                        new=pair.new,
                        change=change,
                        id=ids[at],
                        gold=names[base.truth[at]],
                        base_label=names[base_label[at]],
                        base_probability=float(base_mean[at].max()),
                        new_label=names[new_label[at]],
                        new_probability=float(new_mean[at].max()),
                        text=row.text if row else "",
                        actor=row.actor if row else "",
                    )
                )
    return found


def _notes(runs: Mapping[str, RunData]) -> list[str]:
    notes = []
    data = {run.facts.get("sha256", {}).get("data", "") for run in runs.values()}
    if len(data) > 1:
        notes.append("the runs read different versions of their data; rows are matched by id")
    missing = {name: run.corpus.missing for name, run in runs.items() if run.corpus.missing}
    if len(missing) == len(runs):
        notes.append(f"sentences are not at hand: {next(iter(missing.values()))}")
    return notes
