"""The numbers behind the curves: calibration, coverage, ranking and training as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from stance.evaluation.probabilities import Reliability, RiskCoverage, auroc, average_precision
from stance.evaluation.results import ModelResult
from stance.reporting.tables import Column, Table
from stance.runs.read import Held, History

_COVERAGES = tuple(share / 10 for share in range(1, 11))


def reliability_table(task: str, model: str, bins: Reliability) -> Table:
    """Confidence and share right by bin."""
    columns = [
        Column("from", "score"), Column("to", "score"), Column("rows", "count"),
        Column("mean confidence", "score"), Column("share right", "score"),
    ]  # fmt: skip
    rows = [
        list(cells)
        for cells in zip(
            bins.low.tolist(), bins.high.tolist(), bins.count.tolist(), bins.confidence.tolist(),
            bins.accuracy.tolist(), strict=True,
        )
    ]  # fmt: skip
    return Table(
        f"{task}-reliability",
        f"Reliability of {model} on {task} by confidence",
        columns,
        rows,
        f"Bins of equal width that hold rows; expected calibration error {bins.error:.3f}.",
    )


def coverage_table(task: str, model: str, curve: RiskCoverage) -> Table:
    """The share wrong among the surest tenth, two tenths, … of the rows."""
    rows = []
    for wanted in _COVERAGES:
        at = int(np.searchsorted(curve.coverage, wanted - 1e-12))
        rows.append([float(curve.coverage[at]), float(curve.threshold[at]), float(curve.risk[at])])
    columns = [
        Column("rows labelled", "share"), Column("confidence at least", "score"),
        Column("share wrong", "score"),
    ]  # fmt: skip
    return Table(
        f"{task}-risk-coverage",
        f"{model} on {task}: errors among the surest rows",
        columns,
        rows,
        "Thresholds here are read off the test rows; those to use are chosen on validation rows.",
    )


def ranking_table(task: str, model: str, held: Held, names: Sequence[str]) -> Table:
    """How well each label's probability ranks the rows, means over trainings."""
    answers = held.answers
    areas = np.mean([auroc(answers.truth, one) for one in answers.probabilities], axis=0)
    precisions = np.mean(
        [average_precision(answers.truth, one) for one in answers.probabilities], axis=0
    )
    shares = np.bincount(answers.truth, minlength=len(names)) / len(answers.truth)
    rows = [
        list(cells)
        for cells in zip(names, areas.tolist(), precisions.tolist(), shares.tolist(), strict=True)
    ]
    columns = [
        Column(task, "label"), Column("AUROC", "score"), Column("average precision", "score"),
        Column("share of rows", "score"),
    ]  # fmt: skip
    return Table(
        f"{task}-ranking",
        f"{model} on {task}: each label against the rest, whatever the threshold",
        columns,
        rows,
        "Ranking at random gives an AUROC of 0.5 and an average precision of the share of rows.",
    )


def label_models_table(models: Sequence[ModelResult]) -> Table:
    """Every model's F1 by label."""
    task = models[0].task
    rows = [
        [item.label, item.support, *(model.labels[at].f1.estimate for model in models)]
        for at, item in enumerate(models[0].labels)
    ]
    columns = [Column(task, "label"), Column("rows", "count")]
    columns += [Column(model.model, "score") for model in models]
    return Table(f"{task}-labels-models", f"F1 by {task} label, every model", columns, rows)


def confusions_table(models: Sequence[ModelResult]) -> Table:
    """Every model's confusion matrix, one under the other."""
    task = models[0].task
    names = [item.label for item in models[0].labels]
    rows = [
        [model.model, name, *counts]
        for model in models
        for name, counts in zip(names, model.confusion, strict=True)
    ]
    columns = [Column("model"), Column("true label", "label")]
    columns += [Column(name, "count") for name in names]
    return Table(
        f"{task}-confusions",
        f"True label by predicted label, every model: counts on {task}",
        columns,
        rows,
        "Summed over the trainings of each model.",
        heads=2,
    )


def training_tables(histories: Mapping[str, Sequence[tuple[int, History]]]) -> list[Table]:
    """Loss and validation scores of every epoch of every seed."""
    tables = []
    for model, runs in histories.items():
        rows = []
        for seed, history in runs:
            epochs: dict[float, dict[str, float]] = {}
            for record in history:
                epochs.setdefault(record["epoch"], {}).update(record)
            rows += [
                [seed, epoch, *(found.get(key) for key in ("loss", "eval_loss", "eval_macro_f1"))]
                for epoch, found in sorted(epochs.items())
                if "loss" in found or "eval_loss" in found
            ]
        if rows:
            columns = [
                Column("seed", "count"),
                Column("epoch", "number"),
                Column("training loss", "score"),
                Column("validation loss", "score"),
                Column("validation macro-F1", "score"),
            ]
            tables.append(
                Table(f"training-{model}", f"Training of {model}", columns, rows, heads=2)
            )
    return tables
