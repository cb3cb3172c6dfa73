"""Predictions to typed results: every model of a run scored on the same held-out rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from stance.codebook import Official
from stance.evaluation import metrics
from stance.evaluation.new_actors import NewActors, score_new_actors
from stance.evaluation.paired import holm, paired_bootstrap, permutation_test
from stance.evaluation.resampling import FloatArray, IntArray, Interval, number
from stance.evaluation.scores import accuracy_of, f1_of, f_avg_of, macro_f1_of
from stance.evaluation.swaps import Swap, find_swaps
from stance.evaluation.uncertainty import bootstrap_confusion, bootstrap_per_label

HEADLINE = "macro_f1"


@dataclass(frozen=True, slots=True)
class Predicted:
    """One model's answers on the held-out rows that have a label of one task.

    ``probabilities`` is (trainings, rows, labels), ``truth`` is (rows,). There is a training a
    seed or, where folds were drawn ``repeats`` times, a repeat of each seed. ``novelty``
    (trainings, rows) says whether the row's holder is new to the model (see
    ``evaluation.new_actors``), ``validation`` (labels, labels) is the mean confusion matrix on
    validation rows; either is None where it is not known.
    """

    model: str
    kind: str
    truth: IntArray
    probabilities: FloatArray
    groups: Sequence[str]
    seeds: Sequence[int]
    seconds_fit: float = 0.0
    rows_per_second: float = 0.0
    repeats: int = 1
    novelty: IntArray | None = None
    validation: FloatArray | None = None

    @property
    def decisions(self) -> IntArray:
        """Most probable labels, (trainings, rows)."""
        return np.asarray(self.probabilities.argmax(axis=2), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class LabelResult:
    """One label's scores, means over seeds."""

    label: str
    precision: float
    recall: float
    f1: Interval
    support: int


@dataclass(frozen=True, slots=True)
class ModelResult:
    """One model on one task. ``scores`` are means over trainings, ``spread`` their deviation.

    ``new_actors`` is the score on holders that do not occur in training, ``swaps`` the labels
    that look exchanged in the held-out rows beside the validation rows. ``official`` says which
    of the ``scores`` and ``intervals`` the corpus's published results are given in.
    """

    model: str
    kind: str
    task: str
    seeds: Sequence[int]
    n_rows: int
    n_groups: int
    intervals: Mapping[str, Interval]
    scores: Mapping[str, float]
    spread: Mapping[str, float]
    labels: Sequence[LabelResult]
    confusion: Sequence[Sequence[int]]
    relation_scores: Mapping[str, float] = field(default_factory=dict)
    seconds_fit: float = 0.0
    rows_per_second: float = 0.0
    repeats: int = 1
    new_actors: NewActors | None = None
    swaps: Sequence[Swap] = ()
    official: Official | None = None

    @property
    def n_trainings(self) -> int:
        """Over how many trainings the scores are means."""
        return len(self.seeds) * self.repeats

    @property
    def trainings(self) -> str:
        """Say so: ``one seed``, ``3 seeds``, ``3 seeds and 2 repeats``."""
        seeds = f"{len(self.seeds)} seeds" if len(self.seeds) > 1 else "one seed"
        return f"{seeds} and {self.repeats} repeats" if self.repeats > 1 else seeds


@dataclass(frozen=True, slots=True)
class Comparison:
    """The best model against another: macro-F1 difference, its interval, corrected p-value."""

    task: str
    first: str
    second: str
    difference: Interval
    p_value: float
    p_holm: float
    significant: bool


@dataclass(frozen=True, slots=True)
class Results:
    """All that a run's report shows in numbers."""

    models: Sequence[ModelResult]
    comparisons: Sequence[Comparison]

    def of(self, task: str) -> list[ModelResult]:
        """Return the models of one task, best macro-F1 first."""
        found = [result for result in self.models if result.task == task]
        return sorted(found, key=lambda result: -result.scores[HEADLINE])

    def to_json(self) -> dict[str, Any]:
        return {
            "models": [asdict(model) for model in self.models],
            "comparisons": [asdict(item) for item in self.comparisons],
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Results:
        def model(entry: Mapping[str, Any]) -> ModelResult:
            intervals = {
                name: Interval.from_json(value) for name, value in entry["intervals"].items()
            }
            labels = [
                LabelResult(
                    **{
                        **item,
                        "f1": Interval.from_json(item["f1"]),
                        "precision": number(item["precision"]),
                        "recall": number(item["recall"]),
                    }
                )
                for item in entry["labels"]
            ]
            numbers = {
                name: {key: number(value) for key, value in entry[name].items()}
                for name in ("scores", "spread", "relation_scores")
                if name in entry
            }
            new, official = entry.get("new_actors"), entry.get("official")
            return ModelResult(
                **{
                    **entry,
                    **numbers,
                    "intervals": intervals,
                    "labels": labels,
                    "new_actors": NewActors.from_json(new) if new else None,
                    "swaps": [Swap.from_json(item) for item in entry.get("swaps", ())],
                    "official": Official(**official) if official else None,
                }
            )

        def comparison(entry: Mapping[str, Any]) -> Comparison:
            entry = {name: number(value) for name, value in entry.items()}
            return Comparison(**{**entry, "difference": Interval.from_json(entry["difference"])})

        return cls(
            [model(entry) for entry in raw["models"]],
            [comparison(entry) for entry in raw["comparisons"]],
        )


def score(
    task: str,
    predicted: Predicted,
    names: Sequence[str],
    *,
    relations: Sequence[int] = (),
    official: Official | None = None,
    resamples: int = 2000,
    level: float = 0.95,
) -> ModelResult:
    """Score one model on one task.

    Args:
        names: the full label list.
        relations: for each label the id of its coarse group, where the codebook has groups.
        official: the corpus's own score, to be given beside the others.
    """
    size = len(names)
    decisions = predicted.decisions
    own = {official.metric: f_avg_of(*map(names.index, official.labels))} if official else {}
    per_seed = [
        metrics.summary(predicted.truth, guess, proba, size, more=own)
        for guess, proba in zip(decisions, predicted.probabilities, strict=True)
    ]
    options: dict[str, Any] = {"n_resamples": resamples, "level": level}
    intervals = {
        name: bootstrap_confusion(
            predicted.truth, decisions, size, predicted.groups, measure, **options
        )
        for name, measure in {"macro_f1": macro_f1_of, "accuracy": accuracy_of, **own}.items()
    }
    relation_scores: dict[str, float] = {}
    if relations:
        coarse = metrics.relabel(predicted.truth, relations)
        guesses = [metrics.relabel(guess, relations) for guess in decisions]
        groups = max(relations) + 1
        relation_scores = {
            "macro_f1": float(np.mean([metrics.macro_f1(coarse, g, groups) for g in guesses])),
            "accuracy": float(np.mean([metrics.accuracy(coarse, g, groups) for g in guesses])),
        }
    return ModelResult(
        model=predicted.model,
        kind=predicted.kind,
        task=task,
        seeds=list(predicted.seeds),
        n_rows=len(predicted.truth),
        n_groups=len(set(predicted.groups)),
        intervals=intervals,
        scores={name: float(np.mean([one[name] for one in per_seed])) for name in per_seed[0]},
        spread={name: _deviation([one[name] for one in per_seed]) for name in per_seed[0]},
        labels=_labels(predicted, names, options),
        confusion=np.sum(
            [metrics.confusion(predicted.truth, guess, size) for guess in decisions], axis=0
        ).tolist(),
        relation_scores=relation_scores,
        seconds_fit=predicted.seconds_fit,
        rows_per_second=predicted.rows_per_second,
        repeats=predicted.repeats,
        new_actors=None
        if predicted.novelty is None
        else score_new_actors(
            predicted.truth, decisions, predicted.novelty, size, predicted.groups, **options
        ),
        swaps=[]
        if predicted.validation is None
        else find_swaps(
            np.mean([metrics.confusion(predicted.truth, guess, size) for guess in decisions], 0),
            predicted.validation,
        ),
        official=official,
    )


def _labels(
    predicted: Predicted, names: Sequence[str], options: Mapping[str, Any]
) -> list[LabelResult]:
    tables = [
        metrics.per_label(predicted.truth, guess, len(names)) for guess in predicted.decisions
    ]
    intervals = bootstrap_per_label(
        predicted.truth, predicted.decisions, len(names), predicted.groups, f1_of, **options
    )
    return [
        LabelResult(
            label=name,
            precision=float(np.mean([table.precision[at] for table in tables])),
            recall=float(np.mean([table.recall[at] for table in tables])),
            f1=intervals[at],
            support=int(tables[0].support[at]),
        )
        for at, name in enumerate(names)
    ]


def _deviation(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def compare_best(
    task: str,
    predicted: Sequence[Predicted],
    n_labels: int,
    *,
    resamples: int = 2000,
    level: float = 0.95,
) -> list[Comparison]:
    """Compare the model of the highest macro-F1 with each other one, pairwise by article.

    Scores are means over each model's seeds, in the interval as in the test.
    """
    if len(predicted) < 2:
        return []

    def headline(item: Predicted) -> float:
        return float(
            np.mean([metrics.macro_f1(item.truth, guess, n_labels) for guess in item.decisions])
        )

    best, *others = sorted(predicted, key=headline, reverse=True)
    found = {}
    for other in others:
        first, second = best.decisions, other.decisions
        difference = paired_bootstrap(
            best.truth, first, second, n_labels, best.groups, macro_f1_of,
            n_resamples=resamples, level=level,
        )  # fmt: skip
        test = permutation_test(best.truth, first, second, n_labels, best.groups, macro_f1_of)
        found[other.model] = (difference.difference, test.p_value)
    corrected = holm({name: p_value for name, (_, p_value) in found.items()}, level=level)
    return [
        Comparison(task, best.model, name, interval, p_value, *corrected[name])
        for name, (interval, p_value) in found.items()
    ]
