"""How training went: the loss and validation score by epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from stance.report.drawing import (
    ACCENT,
    MUTED,
    Figure,
    canvas,
    drawing_style,
)
from stance.report.tables import Column, Table
from stance.runs.read import History


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
