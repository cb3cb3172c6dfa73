"""What a model's abstention thresholds promised on validation rows, and kept on test rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stance.evaluation.resampling import FloatArray, Interval, bootstrap_tables, number_groups
from stance.models.abstention import Threshold
from stance.reporting.tables import Column, Table, text_of
from stance.runs.read import Held, RunData, read_seed_thresholds


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
