"""Dot and whisker plots: models, labels and parts of the test set, each with its interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from stance.codebook import LabelSet
from stance.evaluation.resampling import Interval
from stance.evaluation.results import ModelResult
from stance.evaluation.slices import Slice
from stance.reporting.figures import (
    ACCENT,
    INK,
    MUTED,
    PAPER,
    Figure,
    canvas,
    drawing_style,
    shorten,
)
from stance.reporting.tables import bounds_of, text_of
from stance.runs.roles import Role

_ROW = 0.2


def _said(name: str, value: Interval) -> str:
    return f"{name} {text_of(value.estimate, 'score')} {bounds_of(value, 'score')}"


def _whiskers(
    axes: Any, y: float, value: Interval, color: str, *, hollow: bool = False, end: float
) -> None:
    if not (math.isnan(value.low) or math.isnan(value.high)):
        axes.plot([value.low, value.high], [y, y], color=color, linewidth=1.3)
    axes.plot(
        [value.estimate], [y], "o", color=color, markersize=5.2,
        markerfacecolor=PAPER if hollow else color, markeredgewidth=1.3,
    )  # fmt: skip
    axes.text(end, y, text_of(value.estimate, "score"), ha="right", va="center", color=MUTED)


def _rows_axes(axes: Any, names: Sequence[str], top: float, label: str) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, top)
    axes.set_xticks([tick / 10 for tick in range(0, 11, 2) if tick / 10 <= top - 0.1])
    axes.set_xlabel(label)
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _top(values: Sequence[Interval]) -> float:
    """Room for the widest interval and the column of numbers right of it."""
    ends = [value.high if not math.isnan(value.high) else value.estimate for value in values]
    return max(0.3, max(end for end in ends if not math.isnan(end)) + 0.16)


def comparison(models: Sequence[ModelResult], roles: Mapping[str, Role]) -> Figure:
    """Draw every model's macro-F1 with its interval, best first."""
    task = models[0].task
    values = [model.intervals["macro_f1"] for model in models]
    top = _top(values)
    with drawing_style():
        drawing, axes = canvas(0.65 + _ROW * len(models))
        for at, (model, value) in enumerate(zip(models, values, strict=True)):
            check = not roles[model.model].contender
            color = MUTED if check else (ACCENT if at == 0 else INK)
            _whiskers(axes, at, value, color, hollow=check, end=top)
        _rows_axes(axes, [shorten(model.model) for model in models], top, "macro-F1")
    said = "; ".join(_said(model.model, model.intervals["macro_f1"]) for model in models)
    return Figure(
        f"{task}-comparison",
        f"Macro-F1 of every model on {task}",
        f"Dot and whisker plot, best model first. {said}.",
        "Dots are scores, lines intervals from resampling whole articles; hollow dots are "
        "checks that see less than the task. Overlapping intervals do not settle whether two "
        "models differ: the paired differences in the table do. A higher dot says nothing about "
        "other news than this corpus.",
        drawing,
        {},
    )


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


def slices(model: ModelResult, found: Sequence[Slice], limit: int = 8) -> Figure:
    """Draw the best model's accuracy on the largest slices of every column."""
    kept: list[Slice | str] = []
    for column in dict.fromkeys(item.column for item in found):
        kept += [column, *[item for item in found if item.column == column][:limit]]
    drawn = [item for item in kept if isinstance(item, Slice)]
    values = [item.scores["accuracy"] for item in drawn]
    top = _top(values)
    with drawing_style():
        drawing, axes = canvas(0.6 + 0.175 * len(kept))
        names = []
        for at, item in enumerate(kept):
            if isinstance(item, str):
                names.append(item)
                continue
            color = MUTED if item.small else INK
            _whiskers(axes, at, item.scores["accuracy"], color, hollow=item.small, end=top)
            names.append(f"{shorten(item.value)} ({item.n_rows})")
        overall = model.intervals["accuracy"].estimate
        axes.axvline(overall, color=ACCENT, linewidth=0.9, linestyle=(0, (4, 3)))
        _rows_axes(axes, names, top, "accuracy (rows in brackets)")
        for tick, item in zip(axes.get_yticklabels(), kept, strict=True):
            if isinstance(item, str):
                tick.set(fontweight="bold", color=INK)
    said = "; ".join(
        f"{item.column} {item.value} {text_of(item.scores['accuracy'].estimate, 'score')}"
        for item in drawn
    )
    return Figure(
        f"{model.task}-slices",
        f"Accuracy of {model.model} on parts of the test set",
        f"Dot and whisker plot by column; all rows {text_of(overall, 'score')}. {said}.",
        "Dashed: all rows. Hollow: small, not to be read alone; no line: too few articles for one. "
        "Up to eight values a column; the table has all. With this many slices some stray by "
        "chance.",
        drawing,
        {},
    )
