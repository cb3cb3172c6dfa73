"""Parts of the test set that a reader asks about, whatever columns the rows have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from stance.corpus.divide import new_actors
from stance.evaluation.slices import Slice, slice_scores
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


def most_confident_errors(held: Held, limit: int = 20) -> list[tuple[int, int, float, float]]:
    """Return ``(row, predicted label, its probability, the true label's)``, surest first.

    Probabilities are means over seeds.
    """
    mean = held.answers.probabilities.mean(axis=0)
    guess = mean.argmax(axis=1)
    wrong = np.flatnonzero(guess != held.answers.truth)
    order = sorted(wrong.tolist(), key=lambda at: (-mean[at, guess[at]], held.ids[at]))
    return [
        (at, int(guess[at]), float(mean[at, guess[at]]), float(mean[at, held.answers.truth[at]]))
        for at in order[:limit]
    ]
