"""What a task's part of the report holds besides the essentials: curves' numbers, all models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stance.evaluation.probabilities import Reliability, RiskCoverage
from stance.evaluation.results import ModelResult
from stance.evaluation.slices import Slice
from stance.reporting import curve_tables
from stance.reporting.error_words import ErrorWords, error_words
from stance.reporting.label_slices import label_slices
from stance.reporting.tables import Table
from stance.runs.read import Held, RunData


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
        label_models=curve_tables.label_models_table(models),
        ranking=curve_tables.ranking_table(task, best.model, held, run.codebook.classes[task]),
        confusions=curve_tables.confusions_table(models),
        curves=(
            curve_tables.reliability_table(task, best.model, bins),
            curve_tables.coverage_table(task, best.model, curve),
        ),
        slices=label_slices(run, task, best.model, held, slices),
        words=error_words(run, task, best.model, held),
    )
