"""One task's part of the report: its sentences, tables, figures and errors, in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stance.evaluation.probabilities import reliability, risk_coverage
from stance.evaluation.results import ModelResult
from stance.reporting import dot_plots, plots, run_tables
from stance.reporting.abstention_tables import abstention_tables
from stance.reporting.figures import Figure
from stance.reporting.findings import Finding, findings_of
from stance.reporting.more import More, more_of
from stance.reporting.run_slices import slices_of
from stance.reporting.tables import Table
from stance.runs.read import RunData, read_held
from stance.runs.roles import roles_of


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
    found = slices_of(run, task, held)
    truth, proba = held.pooled
    bins = reliability(truth, proba)
    curve = risk_coverage(proba.max(axis=1), proba.argmax(axis=1) == truth)
    slice_table = run_tables.slices_table(best, found)
    return Section(
        task=task,
        best=best,
        findings=findings_of(models, run.results.comparisons, roles, held),
        comparison=(
            dot_plots.comparison(models, roles),
            run_tables.comparison_table(models, run.results.comparisons, roles),
        ),
        scores=run_tables.scores_table(models),
        relations=run_tables.relation_table(models, run.codebook.relations),
        labels=(
            dot_plots.labels(best, run.codebook.tasks[task]),
            run_tables.labels_table(best),
        ),
        confusion=(plots.confusion(best), run_tables.confusion_tables(best)),
        slices=(dot_plots.slices(best, found), slice_table) if slice_table else None,
        confidence=(
            plots.calibration(task, best.model, bins),
            plots.coverage(task, best.model, curve),
        ),
        abstention=abstention_tables(run, task, best.model, held),
        errors=run_tables.errors_table(run, task, best.model, held),
        more=more_of(run, models, held, found, bins, curve),
        missing=run.corpus.missing or ("" if found else "the rows do not have the tested ids"),
    )


def training_figures(run: RunData) -> list[Figure]:
    """Draw the training of every model that kept a history by epoch."""
    drawn: list[Any] = [plots.training(name, found) for name, found in run.histories.items()]
    return [figure for figure in drawn if figure is not None]
