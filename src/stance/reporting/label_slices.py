"""Every label on every part of the test set: where which stance is found, and where not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from stance.evaluation.slices import Slice
from stance.reporting.run_slices import OUTSIDE, TAG_COLUMNS, columns_of, holders_in_training
from stance.reporting.tables import Column, Table
from stance.runs.read import Held, RunData

LEAST_ROWS = 10
"""Fewer rows of a label in a slice give no share."""


def label_slices(
    run: RunData, task: str, model: str, held: Held, found: Sequence[Slice]
) -> list[Table]:
    """The share found of each true label by slice, and how many rows that is of; [] without rows.

    Args:
        found: the slices of the same answers; the same parts are shown, in the same order.
    """
    if not found:
        return []
    names = run.codebook.classes[task]
    truth = held.answers.truth
    right = (held.answers.decisions == truth).mean(axis=0)
    within = dict(_members(run, held))
    shares: list[list[object]] = []
    counts: list[list[object]] = []
    for part in found:
        inside = within[part.column, part.value]
        of_label = [inside & (truth == label) for label in range(len(names))]
        n_rows = [int(rows.sum()) for rows in of_label]
        found_of = [
            float(right[rows].mean()) if n >= LEAST_ROWS else None
            for rows, n in zip(of_label, n_rows, strict=True)
        ]
        if any(share is not None for share in found_of):
            shares.append([part.column, part.value, *found_of])
        counts.append([part.column, part.value, *n_rows])
    heads = [Column("column"), Column("value")]
    return [
        Table(
            f"{task}-slices-labels",
            f"{model}: share found of each true label, by part of the test set",
            [*heads, *(Column(name, "share") for name in names)],
            shares,
            f"Recall; a dash where the part has under {LEAST_ROWS} rows of the label, no line "
            f"where that holds of all. tables/{task}-slices-rows has the numbers of rows; at ten, "
            "one row more or less moves a share by ten points.",
            heads=2,
        ),
        Table(
            f"{task}-slices-rows",
            f"Rows of each {task} label, by part of the test set",
            [*heads, *(Column(name, "count") for name in names)],
            counts,
            heads=2,
        ),
    ]


def _members(run: RunData, held: Held) -> Iterator[tuple[tuple[str, str], NDArray[np.bool_]]]:
    """Yield which tested rows have which value of which column."""
    rows = {example.id: example for example in run.corpus.examples}
    examples = [rows[name] for name in held.ids]
    columns = columns_of(examples, holders_in_training(run), held.answers.groups)
    for column, values in columns.items():
        tags = [value.split() if column in TAG_COLUMNS else [value] for value in values]
        for value in sorted({tag for own in tags for tag in own} - {OUTSIDE}):
            yield (column, value), np.array([value in own for own in tags])
