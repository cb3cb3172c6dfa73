"""The other drawings of a report: what is confused, how honest confidence is, how it trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stance.evaluation.probabilities import Reliability, RiskCoverage
from stance.evaluation.resampling import FloatArray, Interval, bootstrap_tables, number_groups
from stance.models.abstention import Threshold
from stance.report.drawing import (
    ACCENT,
    MUTED,
    PAPER,
    Figure,
    canvas,
    drawing_style,
)
from stance.report.tables import Column, Table, text_of
from stance.runs.read import Held, RunData, read_seed_thresholds

_MARKED = (0.5, 0.7, 0.9)


def calibration(task: str, model: str, bins: Reliability) -> Figure:
    """Draw the reliability diagram: confidence against accuracy, with the rows in each bin."""
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(bins.accuracy * bins.count, bins.count, method="wilson")
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


def abstention_tables(run: RunData, task: str, model: str, held: Held) -> list[Table]:
    """The thresholds of every seed, and what they do to each label; none where none is stored."""
    found = read_seed_thresholds(run.folder, task, model, held.answers.seeds)
    if not found or len(found) != len(held.answers.probabilities):
        return []
    pairs = [
        (seed, at, threshold)
        for at, (seed, thresholds) in enumerate(found)
        for threshold in thresholds
    ]
    tables = [_thresholds_table(run, task, model, held, pairs)]
    by_label = _labels_table(run, task, model, held, pairs)
    return tables + ([by_label] if by_label else [])


def kept_precision(
    correct: NDArray[np.bool_], kept: NDArray[np.bool_], groups: Sequence[str], *, level: float
) -> Interval:
    """The share right among the kept rows, with its interval from resampling whole groups."""
    codes, n_groups = number_groups(groups)
    counts = [np.bincount(codes, rows, n_groups) for rows in (kept & correct, kept)]

    def share(sums: FloatArray) -> FloatArray:
        with np.errstate(invalid="ignore"):
            return np.asarray(sums[:, 0] / sums[:, 1])

    return bootstrap_tables(np.stack(counts, axis=1), share, level=level)


def _thresholds_table(
    run: RunData, task: str, model: str, held: Held, pairs: Sequence[tuple[int, int, Threshold]]
) -> Table:
    rows = []
    for seed, at, item in pairs:
        correct, kept = _decided(held, at, item)
        tested: list[object] = [None, None]
        if item.threshold is not None:
            tested[0] = kept_precision(correct, kept, held.answers.groups, level=run.level)
            tested[1] = float(kept.mean())
        coverage = item.coverage if item.threshold is not None else None
        validated = [item.threshold, item.reached, item.bound, coverage]
        rows.append([text_of(item.precision, "share"), seed, *validated, *tested])
    columns = [
        Column("wanted precision"), Column("seed", "count"), Column("threshold", "score"),
        Column("precision, validation", "score"), Column("at least", "score"),
        Column("coverage, validation", "share"), Column("precision, test", "score"),
        Column("coverage, test", "share"),
    ]  # fmt: skip
    level, n_rows = pairs[0][2].level, pairs[0][2].n_rows
    without = sum(item.threshold is None for _, _, item in pairs)
    return Table(
        f"{task}-abstention",
        f"{model} where it abstains below a confidence: what is right of what is kept",
        columns,
        rows,
        f"Thresholds are chosen on {n_rows} validation rows so that the precision is shown to "
        f"hold there ({text_of(level, 'share')} one-sided bound, whole articles: at least); the "
        "test rows had no part in it. Validation rows also chose the epoch and the calibration, "
        "so test rows may fall a little short."
        + (" Dashes: no threshold reached that precision." if without else ""),
    )


def _labels_table(
    run: RunData, task: str, model: str, held: Held, pairs: Sequence[tuple[int, int, Threshold]]
) -> Table | None:
    """What is kept of each true label, and how much of what is given that label is right."""
    wanted = sorted({item.precision for _, _, item in pairs if item.threshold is not None})
    if not wanted:
        return None
    truth = held.answers.truth
    cells: list[list[object]] = [
        [name, int((truth == label).sum())] for label, name in enumerate(run.codebook.classes[task])
    ]
    columns = [Column(task, "label"), Column("rows", "count")]
    for precision in wanted:
        chosen = [
            (at, item) for _, at, item in pairs
            if item.precision == precision and item.threshold is not None
        ]  # fmt: skip
        for label, row in enumerate(cells):
            row += _of_label(held, label, chosen)
        title = text_of(precision, "share")
        columns += [Column(f"kept at {title}", "share"), Column(f"right at {title}", "score")]
    return Table(
        f"{task}-abstention-labels",
        f"{model} where it abstains, by label",
        columns,
        cells,
        "Kept: share of the test rows of this true label that are labelled at all. Right: share "
        "right of the kept rows that are given this label. A wanted precision holds over all "
        "labels together, not for each.",
    )


def _of_label(
    held: Held, label: int, chosen: Sequence[tuple[int, Threshold]]
) -> tuple[float | None, float | None]:
    """Shares over the rows of all seeds together; None where there is no row."""
    n_true = n_true_kept = n_given = n_right = 0
    for at, item in chosen:
        correct, kept = _decided(held, at, item)
        given = kept & (held.answers.probabilities[at].argmax(axis=1) == label)
        true = held.answers.truth == label
        n_true, n_true_kept = n_true + int(true.sum()), n_true_kept + int((true & kept).sum())
        n_given, n_right = n_given + int(given.sum()), n_right + int((given & correct).sum())
    return n_true_kept / n_true if n_true else None, n_right / n_given if n_given else None


def _decided(held: Held, at: int, item: Threshold) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which test rows one seed has right, and which it keeps."""
    proba = held.answers.probabilities[at]
    sure = np.inf if item.threshold is None else item.threshold
    return proba.argmax(axis=1) == held.answers.truth, proba.max(axis=1) >= sure
