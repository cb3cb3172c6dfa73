"""Which labels are found and which are taken for which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stance.codebook import LabelSet
from stance.evaluation.probabilities import auroc, average_precision
from stance.evaluation.results import ModelResult
from stance.report.drawing import (
    _ROW,
    HEAT,
    INK,
    LINE,
    Figure,
    _rows_axes,
    _said,
    _top,
    _whiskers,
    canvas,
    drawing_style,
    shorten,
)
from stance.report.tables import Column, Table
from stance.runs.read import Held


def labels_table(model: ModelResult) -> Table:
    """One model's scores by label."""
    rows = [
        [item.label, item.precision, item.recall, item.f1, item.support] for item in model.labels
    ]
    columns = [
        Column(model.task, "label"), Column("precision", "score"), Column("recall", "score"),
        Column("F1", "score"), Column("rows", "count"),
    ]  # fmt: skip
    return Table(f"{model.task}-labels", f"{model.model} by {model.task} label", columns, rows)


def confusion_tables(model: ModelResult) -> list[Table]:
    """The best model's confusion matrix as counts and as shares of each true label."""
    names = [item.label for item in model.labels]
    counts = np.asarray(model.confusion)
    totals = counts.sum(axis=1)
    seeds = f", summed over {model.trainings}" if model.n_trainings > 1 else ""
    shares = [
        [value / total if total else None for value in row]
        for row, total in zip(counts.tolist(), totals.tolist(), strict=True)
    ]
    made = []
    for suffix, what, kind, cells in (
        ("confusion", "counts", "count", counts.tolist()),
        ("confusion-shares", "shares of each true label", "share", shares),
    ):
        columns = [Column("true label", "label")]
        columns += [Column(name, "share" if kind == "share" else "count") for name in names]
        made.append(
            Table(
                f"{model.task}-{suffix}",
                f"{model.model}, true label by predicted label: {what}{seeds}",
                columns,
                [[name, *row] for name, row in zip(names, cells, strict=True)],
            )
        )
    return made


def labels(model: ModelResult, label_set: LabelSet) -> Figure:
    """Draw one model's F1 by label, in the codebook's colours."""
    values = [item.f1 for item in model.labels]
    top = _top(values)
    colors = [label.color.lower() for label in label_set.labels]
    with drawing_style():
        drawing, axes = canvas(0.65 + _ROW * len(values))
        for at, (value, color) in enumerate(zip(values, colors, strict=True)):
            _whiskers(axes, at, value, color, end=top)
        names = [f"{shorten(item.label)} ({item.support})" for item in model.labels]
        _rows_axes(axes, names, top, "F1 (rows in brackets)")
    said = "; ".join(_said(item.label, item.f1) for item in model.labels)
    return Figure(
        f"{model.task}-labels",
        f"F1 of {model.model} by {model.task} label",
        f"Dot and whisker plot in codebook order. {said}.",
        "Which labels the best model finds. A label of few rows has a wide line; its dot may "
        "be luck.",
        drawing,
        {color: f"var(--{model.task}-{at})" for at, color in enumerate(colors)},
    )


def confusion(model: ModelResult) -> Figure:
    """Draw one model's confusion matrix: counts, shaded by the share of the true label."""
    names = [item.label for item in model.labels]
    counts = np.asarray(model.confusion)
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    size = len(names)
    with drawing_style():
        drawing, axes = canvas(1.25 + 0.3 * size)
        from matplotlib.patches import Rectangle

        for row, column in np.ndindex(size, size):
            share = float(shares[row, column])
            axes.add_patch(
                Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=HEAT, linewidth=0,
                          alpha=share)
            )  # fmt: skip
            if counts[row, column]:
                axes.text(column, row, str(counts[row, column]), ha="center", va="center",
                          color=INK, fontsize=7)  # fmt: skip
        axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5))
        axes.set_xticks(range(size), [shorten(name) for name in names], rotation=90)
        axes.set_yticks(range(size), [shorten(name) for name in names])
        axes.set(xlabel="predicted", ylabel="true")
        for edge in np.arange(-0.5, size):
            axes.axhline(edge, color=LINE, linewidth=0.5)
            axes.axvline(edge, color=LINE, linewidth=0.5)
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
    errors = counts * (1 - np.eye(size, dtype=counts.dtype))
    worst = sorted(np.ndindex(size, size), key=lambda cell: -int(errors[cell]))[:3]
    said = "; ".join(f"{names[a]} as {names[b]} {errors[a, b]}" for a, b in worst if errors[a, b])
    seeds = f" Counts are summed over {model.trainings}." if model.n_trainings > 1 else ""
    return Figure(
        f"{model.task}-confusion",
        f"Confusion matrix of {model.model} on {model.task}",
        f"True labels in rows, predicted in columns. Commonest errors: {said or 'none'}.",
        "Numbers are rows, shading is the share of the true label, so rare labels can be read "
        f"too.{seeds} It shows which labels are mixed up, not why.",
        drawing,
        {},
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
