"""One task's part of the report: its sentences, tables, figures and errors, in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stance.evaluation.probabilities import Reliability, RiskCoverage, reliability, risk_coverage
from stance.evaluation.results import ModelResult
from stance.evaluation.slices import Slice
from stance.report import confidence, errors, labels, training
from stance.report import models as model_tables
from stance.report import slices as report_slices
from stance.report.drawing import Figure
from stance.report.errors import ErrorWords, error_words
from stance.report.models import Finding, findings_of
from stance.report.tables import Table
from stance.runs.read import Held, RunData, read_held
from stance.runs.roles import roles_of


@dataclass(frozen=True, slots=True)
class More:
    """One task's further tables, and the words behind its most confident errors."""

    label_models: Table
    ranking: Table
    confusions: Table
    curves: Sequence[Table]
    slices: Sequence[Table]
    words: ErrorWords

    @property
    def tables(self) -> list[Table]:
        found = [self.label_models, self.ranking, self.confusions, *self.curves, *self.slices]
        return found + ([self.words.table] if self.words.table else [])


def more_of(
    run: RunData,
    models: Sequence[ModelResult],
    held: Held,
    slices: Sequence[Slice],
    bins: Reliability,
    curve: RiskCoverage,
) -> More:
    """Make one task's further parts; ``models`` best first, the rest of the best one's answers."""
    best = models[0]
    task = best.task
    return More(
        label_models=labels.label_models_table(models),
        ranking=labels.ranking_table(task, best.model, held, run.codebook.classes[task]),
        confusions=labels.confusions_table(models),
        curves=(
            confidence.reliability_table(task, best.model, bins),
            confidence.coverage_table(task, best.model, curve),
        ),
        slices=report_slices.label_slices(run, task, best.model, held, slices),
        words=error_words(run, task, best.model, held),
    )


@dataclass(frozen=True, slots=True)
class Section:
    """One task. What the run cannot give is None; ``missing`` says why there are no slices."""

    task: str
    best: ModelResult
    findings: Sequence[Finding]
    comparison: tuple[Figure, Table]
    scores: Table
    relations: Table | None
    labels: tuple[Figure, Table]
    confusion: tuple[Figure, Sequence[Table]]
    slices: tuple[Figure, Table] | None
    confidence: Sequence[Figure]
    abstention: Sequence[Table]
    errors: Table
    more: More
    missing: str

    @property
    def tables(self) -> list[Table]:
        found = [self.comparison[1], self.scores, self.labels[1], *self.confusion[1], self.errors]
        found += [self.relations] if self.relations else []
        found += self.abstention
        found += self.more.tables
        return found + ([self.slices[1]] if self.slices else [])

    @property
    def figures(self) -> list[Figure]:
        found = [self.comparison[0], self.labels[0], self.confusion[0], *self.confidence]
        return found + ([self.slices[0]] if self.slices else [])


def section_of(run: RunData, task: str) -> Section:
    """Compute one task's part; slices are of the best model only."""
    models = run.results.of(task)
    best = models[0]
    roles = roles_of(run.config)
    held = read_held(run, task, best.model)
    found = report_slices.slices_of(run, task, held)
    truth, proba = held.pooled
    bins = reliability(truth, proba)
    curve = risk_coverage(proba.max(axis=1), proba.argmax(axis=1) == truth)
    slice_table = report_slices.slices_table(best, found)
    return Section(
        task=task,
        best=best,
        findings=findings_of(models, run.results.comparisons, roles, held),
        comparison=(
            model_tables.comparison(models, roles),
            model_tables.comparison_table(models, run.results.comparisons, roles),
        ),
        scores=model_tables.scores_table(models),
        relations=model_tables.relation_table(models, run.codebook.relations),
        labels=(
            labels.labels(best, run.codebook.tasks[task]),
            labels.labels_table(best),
        ),
        confusion=(labels.confusion(best), labels.confusion_tables(best)),
        slices=(report_slices.slices(best, found), slice_table) if slice_table else None,
        confidence=(
            confidence.calibration(task, best.model, bins),
            confidence.coverage(task, best.model, curve),
        ),
        abstention=confidence.abstention_tables(run, task, best.model, held),
        errors=errors.errors_table(run, task, best.model, held),
        more=more_of(run, models, held, found, bins, curve),
        missing=run.corpus.missing or ("" if found else "the rows do not have the tested ids"),
    )


def training_figures(run: RunData) -> list[Figure]:
    """Draw the training of every model that kept a history by epoch."""
    drawn: list[Any] = [training.training(name, found) for name, found in run.histories.items()]
    return [figure for figure in drawn if figure is not None]
