"""A run's results as tables: of the data, of the models, and of the best model's behaviour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from stance.corpus.divide import left_out
from stance.evaluation.results import Comparison, ModelResult
from stance.evaluation.slices import Slice
from stance.reporting.run_slices import WRITER, most_confident_errors
from stance.reporting.tables import Column, Table, text_of
from stance.runs.read import Held, RunData
from stance.runs.roles import Role
from stance.schema import Example

PARTS = ("train", "validation", "test")
_NAMES = {
    "mcc": "MCC", "balanced_accuracy": "balanced accuracy", "weighted_f1": "weighted F1",
    "micro_f1": "micro-F1", "auroc": "AUROC", "average_precision": "average precision",
    "brier": "Brier", "log_loss": "log loss", "ece": "ECE", "ece_mass": "ECE (mass)",
    "aurc": "AURC",
}  # fmt: skip


def data_table(run: RunData) -> Table | None:
    """Count rows, articles and holders by part of the split; None without the rows."""
    if not run.corpus.splits:
        return None
    folds = len(run.corpus.splits)
    repeats = len({split.repeat for split in run.corpus.splits})
    rows = []
    for part in PARTS:
        examples = _part(run, part)
        rows.append(
            [
                part,
                len(examples),
                len({example.group for example in examples}),
                len({example.actor for example in examples if example.actor}),
                _mean([not example.actor for example in examples]),
                _mean([len(item.text.split()) for item in examples]),
            ]
        )
    columns = [
        Column("part"), Column("rows", "count"), Column("articles", "count"),
        Column("holders", "count"), Column("rows of the writer", "share"),
        Column("words a row", "number"),
    ]  # fmt: skip
    often = "once" if repeats == 1 else f"{repeats} times"
    note = f"{folds} folds: every row is tested {often}; the parts are those of all folds together."
    if absent := left_out(run.corpus.examples, run.corpus.splits):
        where = "on average each keeps" if folds > 1 else "the split keeps"
        note = f"{note if folds > 1 else ''} So that nothing crosses, {where} {absent} rows out."
    return Table("data-parts", "Rows by part of the split", columns, rows,
                 note.strip() if folds > 1 or absent else "")  # fmt: skip


def label_table(run: RunData, task: str) -> Table | None:
    """Count labels by part of the split; None without the rows."""
    if not run.corpus.splits:
        return None
    counts = {part: Counter(getattr(item, task) for item in _part(run, part)) for part in PARTS}
    labelled = {part: sum(counts[part].values()) - counts[part][None] for part in PARTS}
    rows = []
    for name in run.codebook.classes[task]:
        cells: list[object] = [name]
        for part in PARTS:
            share = counts[part][name] / labelled[part] if labelled[part] else None
            cells += [counts[part][name], share]
        rows.append(cells)
    columns = [Column(task, "label")]
    for part in PARTS:
        columns += [Column(part, "count"), Column(f"{part} %", "share")]
    return Table(f"{task}-data", f"Rows by {task} label", columns, rows)


def _part(run: RunData, part: str) -> list[Example]:
    """Return a part's rows; with folds, each row that is in that part of some fold, once."""
    places = {int(at) for split in run.corpus.splits for at in getattr(split, part)}
    return [run.corpus.examples[at] for at in sorted(places)]


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def comparison_table(
    models: Sequence[ModelResult], comparisons: Sequence[Comparison], roles: Mapping[str, Role]
) -> Table:
    """Set every model beside the best one: scores, paired differences, corrected p-values."""
    task = models[0].task
    against = {item.second: item for item in comparisons if item.task == task}
    new = next((model.new_actors for model in models if model.new_actors), None)
    official = models[0].official
    rows = []
    for model in models:
        other = against.get(model.model)
        rows.append(
            [
                model.model,
                roles[model.model].sees,
                model.intervals["macro_f1"],
                *([model.intervals[official.metric]] if official else []),
                model.intervals["accuracy"],
                other.difference if other else None,
                other.p_value if other else None,
                other.p_holm if other else None,
                *([model.new_actors.macro_f1 if model.new_actors else None] if new else []),
            ]
        )
    level = text_of(models[0].intervals["macro_f1"].level, "share")
    columns = [Column("model"), Column("sees"), Column("macro-F1", "score")]
    columns += [Column(official.title, "score")] if official else []
    columns += [
        Column("accuracy", "score"), Column("best minus it", "signed"), Column("p", "p"),
        Column("p (Holm)", "p"),
    ]  # fmt: skip
    columns += [Column("macro-F1, new holders", "score")] if new else []
    note = "" if new is None else (
        f" New holders: the {new.n_rows:.0f} rows ({new.n_groups} articles) whose holder is not "
        "the writer and occurs in no training row, over the labels that they have."
    )  # fmt: skip
    if official:
        note += (
            f" {official.title}, the corpus's own score: the mean F1 of "
            f"{' and '.join(official.labels)} alone."
        )
    return Table(
        f"{task}-comparison",
        f"Models on {task}: {models[0].n_rows} held-out rows of {models[0].n_groups} articles",
        columns,
        rows,
        f"In brackets {level} intervals from resampling whole articles. Differences in "
        "macro-F1 are paired on the same articles; p from swapping whole articles between two "
        f"models, corrected by Holm over this table.{note}",
    )


def scores_table(models: Sequence[ModelResult]) -> Table:
    """Every other score, the deviation over seeds, and what training cost."""
    task = models[0].task
    names = [name for name in _NAMES if name in models[0].scores]
    rows = [
        [
            model.model,
            *(model.scores[name] for name in names),
            model.n_trainings,
            model.spread["macro_f1"] if model.n_trainings > 1 else None,
            model.seconds_fit,
            model.rows_per_second,
        ]
        for model in models
    ]
    columns = [Column("model"), *(Column(_NAMES[name], "score") for name in names)]
    columns += [
        Column("trainings", "count"), Column("s.d. of macro-F1 over them", "score"),
        Column("training, s", "number"), Column("rows a second", "number"),
    ]  # fmt: skip
    return Table(
        f"{task}-scores",
        f"All scores on {task}, means over {models[0].trainings}",
        columns,
        rows,
        "Lower is better for Brier (0 to 2), log loss, ECE (15 bins of equal width; mass: of "
        "equal size) and AURC; higher for the rest.",
    )


def relation_table(models: Sequence[ModelResult], relations: Sequence[str]) -> Table | None:
    """Scores after merging stances into the codebook's relations."""
    if not models[0].relation_scores:
        return None
    rows = [
        [model.model, model.relation_scores["macro_f1"], model.relation_scores["accuracy"]]
        for model in models
    ]
    return Table(
        f"{models[0].task}-relations",
        f"Coarse scores: labels merged into {', '.join(relations)}",
        [Column("model"), Column("macro-F1", "score"), Column("accuracy", "score")],
        sorted(rows, key=lambda row: -float(row[1])),
    )


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


def errors_table(run: RunData, task: str, model: str, held: Held) -> Table:
    """The best model's most confident errors, with their sentences where the rows are at hand."""
    names = run.codebook.classes[task]
    rows = {example.id: example for example in run.corpus.examples}
    cells = []
    for at, guess, sure, left in most_confident_errors(held):
        example = rows.get(held.ids[at])
        text = [example.text, example.actor or WRITER, example.target] if example else []
        cells.append([held.ids[at], names[held.answers.truth[at]], names[guess], sure, left, *text])
    columns = [
        Column("row"), Column("gold", "label"), Column("predicted", "label"),
        Column("probability", "score"), Column("of the gold label", "score"),
    ]  # fmt: skip
    if all(held.ids[at] in rows for at in range(len(held.ids))):
        columns += [Column("sentence"), Column("holder"), Column("target")]
    else:
        cells = [row[: len(columns)] for row in cells]
    return Table(f"{task}-errors", f"Most confident errors of {model}", columns, cells)
