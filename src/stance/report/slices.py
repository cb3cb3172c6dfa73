"""Parts of the test set that a reader asks about, whatever columns the rows have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from stance.corpus.divide import new_actors
from stance.evaluation.results import ModelResult
from stance.evaluation.slices import Slice, slice_scores
from stance.report.drawing import (
    ACCENT,
    INK,
    MUTED,
    Figure,
    _rows_axes,
    _top,
    _whiskers,
    canvas,
    drawing_style,
    shorten,
)
from stance.report.tables import Column, Table, text_of
from stance.runs.read import Held, RunData
from stance.schema import Example

WRITER = "the writer"
OUTSIDE = "\0"
"""A row that a column says nothing of: the writer is neither a seen nor an unseen holder."""
TAG_COLUMNS = ("phenomenon",)
_LABELS = ("stance", "sentiment", "quote")
_MOST_VALUES = 25
_MOST_TAGS = 16
_LEAST_TAGGED = 10
_RESAMPLES = 1000
_WORDS = ((15, "up to 15 words"), (30, "16 to 30 words"))


def slices_of(run: RunData, task: str, held: Held) -> list[Slice]:
    """Score the best model on every value of every usable column, column by column."""
    rows = {example.id: example for example in run.corpus.examples}
    if any(name not in rows for name in held.ids):
        return []
    examples = [rows[name] for name in held.ids]
    size = len(run.codebook.tasks[task])
    answers = held.answers
    found: list[Slice] = []
    columns = columns_of(examples, holders_in_training(run), answers.groups)
    for column, values in columns.items():
        # Rows without a value stand outside the comparison, not on one side of it.
        rows_in = [at for at, value in enumerate(values) if value != OUTSIDE]
        part_of = [values[at] for at in rows_in]
        for part, wanted in _parts(part_of, column in TAG_COLUMNS):
            scored = slice_scores(
                column,
                part,
                answers.truth[rows_in],
                answers.decisions[:, rows_in],
                size,
                [answers.groups[at] for at in rows_in],
                n_resamples=_RESAMPLES,
                level=run.level,
            )
            found += [one for one in scored if wanted is None or one.value == wanted]
    return found


def _parts(values: Sequence[str], tagged: bool) -> list[tuple[list[str], str | None]]:
    """Return the columns to slice by, with the one value that counts (None: all of them).

    A row may carry several tags, so each tag is its own column: rows with it and the rest.
    """
    if not tagged:
        return [(list(values), None)]
    counts: dict[str, int] = {}
    for value in values:
        for tag in value.split():
            counts[tag] = counts.get(tag, 0) + 1
    ranked = sorted(counts, key=lambda tag: (-counts[tag], tag))
    common = [tag for tag in ranked if counts[tag] >= _LEAST_TAGGED]
    return [
        ([tag if tag in value.split() else "" for value in values], tag)
        for tag in common[:_MOST_TAGS]
    ]


def holders_in_training(run: RunData) -> dict[str, str]:
    """Say by tested row's id whether the holder is ``seen`` or ``unseen`` in training.

    The writer is neither, nor is a holder that only some repeats of the folds train on.
    """
    found: dict[str, set[int]] = {}
    examples = run.corpus.examples
    for split in run.corpus.splits:
        for at, new in zip(split.test.tolist(), new_actors(examples, split), strict=True):
            found.setdefault(examples[at].id, set()).add(int(new))
    names = {frozenset({0}): "seen", frozenset({1}): "unseen"}
    return {row: names.get(frozenset(values), OUTSIDE) for row, values in found.items()}


def columns_of(
    examples: Sequence[Example],
    holders: Mapping[str, str],
    groups: Sequence[str],
) -> dict[str, list[str]]:
    """Return the columns worth slicing by: those we derive, then the rows' own.

    The rows' own count where they hold text of 2 to 25 values, or space-separated tags.
    Columns with one value say nothing; with nearly as many values as there are groups they
    name articles; single annotators' labels (``stance_a``) repeat what they were merged into.
    """
    most = min(_MOST_VALUES, 0.8 * len(set(groups)))
    found = {
        "quote": [example.quote or "not given" for example in examples],
        "holder": [_holder(example) for example in examples],
        "kind of holder": [_kind(example) for example in examples],
        "holder in training": [holders.get(example.id, OUTSIDE) for example in examples],
        "length": [_length(example) for example in examples],
    }
    names = sorted({name for example in examples for name in example.extra})
    for name in names:
        values = [example.extra.get(name) for example in examples]
        if not all(value is None or isinstance(value, str) for value in values):
            continue
        if _is_annotation(name, values, examples):
            continue
        texts = [value or "not given" for value in values]
        if name in TAG_COLUMNS:
            found[name] = ["" if value is None else value for value in values]
        elif len(set(texts)) <= most:
            found[name] = texts
    return {name: values for name, values in found.items() if len({*values} - {OUTSIDE}) > 1}


def _holder(example: Example) -> str:
    if not example.actor:
        return WRITER
    if example.actor_span is not None or example.actor in example.text:
        return "named in the sentence"
    return "known from the article only"


def _kind(example: Example) -> str:
    """Tell names from descriptions by their capitals, which is all that a row has to go by."""
    if not example.actor:
        return OUTSIDE
    words = example.actor.split()
    inner = [word for word in words[1:] if word[:1].isupper()]
    if inner or (words and words[0][:1].isupper() and words[0] not in ("A", "An", "The")):
        return "has a name"
    return "described only"


def _is_annotation(name: str, values: Sequence[str | None], examples: Sequence[Example]) -> bool:
    """Whether a column holds another reading of one of the row's own labels."""
    field = name.partition("_")[0]
    if field not in _LABELS or field == name:
        return False
    own = {getattr(example, field) for example in examples}
    return {value for value in values if value} <= own


def _length(example: Example) -> str:
    words = len(example.text.split())
    return next((name for limit, name in _WORDS if words <= limit), "over 30 words")


def slices_table(model: ModelResult, slices: Sequence[Slice]) -> Table | None:
    """The best model on parts of the test set."""
    if not slices:
        return None
    rows = [
        [
            item.column,
            item.value,
            item.n_rows,
            item.n_groups,
            item.scores["macro_f1_present"],
            item.scores["accuracy"],
            item.gaps["accuracy"],
            "small" if item.small else "",
        ]
        for item in slices
    ]
    columns = [
        Column("column"), Column("value"), Column("rows", "count"), Column("articles", "count"),
        Column("macro-F1, labels present", "score"), Column("accuracy", "score"),
        Column("accuracy minus the rest", "signed"), Column("flag"),
    ]  # fmt: skip
    return Table(
        f"{model.task}-slices",
        f"{model.model} on parts of the test set",
        columns,
        rows,
        "Small: under 30 rows or 10 articles, not to be read alone. Slices hold different labels, "
        "so a gap may come from their labels rather than from what names the slice. Nothing here "
        "is corrected for the number of slices.",
        heads=2,
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
