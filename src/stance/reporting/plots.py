"""The other drawings of a report: what is confused, how honest confidence is, how it trained."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from stance.evaluation.probabilities import Reliability, RiskCoverage
from stance.evaluation.results import ModelResult
from stance.reporting.figures import (
    ACCENT,
    HEAT,
    INK,
    LINE,
    MUTED,
    PAPER,
    Figure,
    canvas,
    drawing_style,
    shorten,
)
from stance.runs.read import History

_MARKED = (0.5, 0.7, 0.9)


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


def calibration(task: str, model: str, bins: Reliability) -> Figure:
    """Draw the reliability diagram: confidence against accuracy, with the rows in each bin."""
    low, high = _wilson(bins.accuracy, bins.count)
    with drawing_style():
        drawing, (axes, below) = canvas(3.9, 2, sharex=True, height_ratios=(4, 1))
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.vlines(bins.confidence, low, high, color=ACCENT, linewidth=1.1)
        axes.plot(bins.confidence, bins.accuracy, "o", color=ACCENT, markersize=5)
        axes.set(ylim=(0, 1.02), ylabel="share right")
        axes.grid()
        below.bar(bins.low, bins.count, width=bins.high - bins.low, align="edge",
                  color=MUTED, edgecolor=PAPER, linewidth=0.8)  # fmt: skip
        below.set(xlim=(0, 1), xlabel="confidence in the predicted label", ylabel="rows")
    said = "; ".join(
        f"at {sure:.2f} right {right:.2f} of {count}"
        for sure, right, count in zip(bins.confidence, bins.accuracy, bins.count, strict=True)
    )
    return Figure(
        f"{task}-reliability",
        f"Reliability of {model} on {task}",
        f"Share right against mean confidence in 15 bins. {said}.",
        f"On the dashed line a model that says 70\u202f% is right in 70 of 100 rows; below it is "
        f"overconfident. Expected calibration error {bins.error:.3f} ({len(bins.count)} of 15 "
        "bins of equal width hold rows). Lines are 95\u202f% Wilson intervals that take rows as "
        "independent, which is optimistic. It concerns the top label only.",
        drawing,
        {},
    )


def _wilson(share: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's (1927) 95 % interval of a binomial share."""
    z = 1.959964
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    return centre - half, centre + half


def coverage(task: str, model: str, curve: RiskCoverage) -> Figure:
    """Draw how the share of errors falls when unsure rows are left unlabelled."""
    whole = float(curve.risk[-1])
    with drawing_style():
        drawing, axes = canvas(3.0)
        axes.axhline(whole, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.plot(curve.coverage, curve.risk, color=ACCENT, linewidth=1.5)
        marked: list[tuple[float, float, float]] = []
        for threshold in _MARKED:
            at = np.flatnonzero(curve.threshold >= threshold)
            if not at.size or (marked and marked[-1][1] == curve.coverage[at[-1]]):
                continue
            x, y = float(curve.coverage[at[-1]]), float(curve.risk[at[-1]])
            axes.plot([x], [y], "o", color=ACCENT, markersize=4.5)
            axes.annotate(f"≥ {threshold}", (x, y), xytext=(4, -9), textcoords="offset points",
                          color=MUTED, fontsize=7)  # fmt: skip
            marked.append((threshold, x, y))
        axes.set(xlim=(0, 1.02), ylim=(0, max(0.1, float(curve.risk.max()) * 1.1)))
        axes.set(xlabel="share of rows labelled", ylabel="share wrong among them")
        axes.grid()
    said = "; ".join(f"keeping confidence {t} or more labels {x:.2f} with {y:.2f} wrong"
                     for t, x, y in marked)  # fmt: skip
    return Figure(
        f"{task}-risk-coverage",
        f"Risk and coverage of {model} on {task}",
        f"All rows labelled: {whole:.2f} wrong. {said}.",
        "What leaving unsure rows unlabelled buys; dots mark thresholds. A threshold picked from "
        "this figure is picked on the test rows: choose it on others. The left end rests on few "
        "rows.",
        drawing,
        {},
    )


def training(model: str, runs: Sequence[tuple[int, History]]) -> Figure | None:
    """Draw loss and validation score by epoch, one line a seed; None without such records."""
    series = {
        key: [
            [(record["epoch"], record[key]) for record in history if key in record]
            for _, history in runs
        ]
        for key in ("loss", "eval_loss", "eval_macro_f1")
    }
    if not any(series["loss"]):
        return None
    with drawing_style():
        drawing, (losses, scores) = canvas(3.6, 2, sharex=True)
        for axes, key, color, dash in (
            (losses, "loss", MUTED, (0, (4, 3))),
            (losses, "eval_loss", ACCENT, "-"),
            (scores, "eval_macro_f1", ACCENT, "-"),
        ):
            for points in series[key]:
                if points:
                    axes.plot(*zip(*points, strict=True), color=color, linestyle=dash, marker="o",
                              markersize=3, linewidth=1.2)  # fmt: skip
        losses.plot([], [], color=MUTED, linestyle=(0, (4, 3)), label="training")
        losses.plot([], [], color=ACCENT, label="validation")
        losses.legend(loc="upper right", fontsize=7)
        losses.set(ylabel="loss")
        losses.set_ylim(bottom=0)
        scores.set(xlabel="epoch", ylabel="validation macro-F1")
        scores.set_ylim(bottom=0)
        losses.grid()
        scores.grid()
    best = [max((value for _, value in points), default=math.nan)
            for points in series["eval_macro_f1"]]  # fmt: skip
    said = ", ".join(f"{value:.3f}" for value in best if not math.isnan(value))
    return Figure(
        f"training-{model}",
        f"Training of {model}",
        f"Loss and validation macro-F1 by epoch, a line for each of {len(runs)} "
        f"trainings. Best validation macro-F1: {said or 'not recorded'}.",
        "One line a seed. Validation loss that rises while training loss falls is overfitting; "
        "the epoch kept is the one of the best validation score. These rows are not the test "
        "rows.",
        drawing,
        {},
    )
