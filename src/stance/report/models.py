"""Which model is best, and how surely: the comparison, its picture and the findings in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType

import numpy as np

from stance.evaluation.resampling import Interval
from stance.evaluation.results import Comparison, LabelResult, ModelResult
from stance.evaluation.slices import MIN_GROUPS, MIN_ROWS
from stance.evaluation.swaps import describe_swap
from stance.report.drawing import (
    _ROW,
    ACCENT,
    INK,
    MUTED,
    Figure,
    _rows_axes,
    _said,
    _top,
    _whiskers,
    canvas,
    drawing_style,
    shorten,
)
from stance.report.tables import Column, Table, bounds_of, text_of
from stance.runs.read import Held
from stance.runs.roles import Role, RoleName

_NAMES = {
    "mcc": "MCC", "balanced_accuracy": "balanced accuracy", "weighted_f1": "weighted F1",
    "micro_f1": "micro-F1", "auroc": "AUROC", "average_precision": "average precision",
    "brier": "Brier", "log_loss": "log loss", "ece": "ECE", "ece_mass": "ECE (mass)",
    "aurc": "AURC",
}  # fmt: skip


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


_FEW_ROWS = 20
CLOSE = 0.8
"""Share of the best model's gain over blind guessing from which a check is close to it."""
_CLOSE_MEANS: Mapping[RoleName, str] = MappingProxyType(
    {
        "holder only": ": an artefact. Names alone give nearly all that the best model "
        "gains over blind guessing",
        "target only": ": an artefact. Targets alone give nearly all that the best model "
        "gains over blind guessing",
        "text only": ": little is left for knowing whose stance is asked. It has nearly all that "
        "the best model gains over blind guessing",
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence; a warning is something that weakens what the scores seem to say."""

    text: str
    warning: bool = False


def findings_of(
    models: Sequence[ModelResult],
    comparisons: Sequence[Comparison],
    roles: Mapping[str, Role],
    held: Held,
) -> list[Finding]:
    """Say what one task's results show and what they do not; ``models`` best first."""
    best = models[0]
    found = [_headline(best), *_against(best, comparisons)]
    if not roles[best.model].contender:
        found.append(
            Finding(
                f"The best model, {best.model}, is a check that sees {roles[best.model].sees}: "
                "the task as posed does not need what the other models are shown.",
                warning=True,
            )
        )
    found += _artefacts(models, roles)
    found += _new_actors(best)
    found += _labels(best.labels)
    found += _swaps(best)
    found.append(_confidence(held))
    return found


def _score(value: Interval) -> str:
    return f"{text_of(value.estimate, 'score')} {bounds_of(value, 'score')}"


def _headline(best: ModelResult) -> Finding:
    seeds = f", {'mean of ' if best.n_trainings > 1 else ''}{best.trainings}"
    return Finding(
        f"{best.model} has the highest macro-F1, {_score(best.intervals['macro_f1'])}{seeds}, on "
        f"{best.n_rows} held-out rows of {best.n_groups} articles."
    )


def _against(best: ModelResult, comparisons: Sequence[Comparison]) -> list[Finding]:
    own = [item for item in comparisons if item.task == best.task]
    if not own:
        return []
    level = text_of(1 - own[0].difference.level, "share")
    alike = [item.second for item in own if not item.significant]
    if not alike:
        return [
            Finding(f"It beats every other model at the {level} level after Holm's correction.")
        ]
    return [
        Finding(
            f"It is not shown to beat {_listed(alike)} (paired permutation test, {level} level "
            "after Holm's correction). That is no proof that they are equal.",
            warning=True,
        )
    ]


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _artefacts(models: Sequence[ModelResult], roles: Mapping[str, Role]) -> list[Finding]:
    """Compare the checks with the best model, and with guessing blindly.

    Guessing labels at their own rates gives a macro-F1 of one in the number of labels, and no
    blind guessing gives more; the constant majority label gives much less.
    """
    best = models[0]
    blind = 1 / len(best.labels)
    found = []
    for model in models[1:]:
        role, value = roles[model.model], model.intervals["macro_f1"]
        if role.contender or role.name == "floor":
            continue
        share = text_of(value.estimate / best.scores["macro_f1"], "share")
        text = f"{model.model}, which sees {role.sees}, reaches {_score(value)}, "
        text += f"{share} of the best"
        telling = role.name != "text only" and value.low > blind
        close = value.estimate - blind >= CLOSE * (best.scores["macro_f1"] - blind)
        if close:
            text += f"{_CLOSE_MEANS[role.name]} (which reaches about {text_of(blind, 'score')})"
        elif telling:
            text += (
                f". Blind guessing reaches about {text_of(blind, 'score')} at most: what it sees "
                "is enough to give labels away in this corpus"
            )
        found.append(Finding(f"{text}.", warning=telling or close))
    return found


def _new_actors(best: ModelResult) -> list[Finding]:
    """Set holders that the best model never met beside those it did."""
    new = best.new_actors
    if new is None:
        return []
    text = (
        f"On the {new.n_rows:.0f} rows whose holder never occurs in training its macro-F1 over the "
        f"labels present is {_score(new.macro_f1)}"
    )
    if new.gap is None:
        return [Finding(f"{text}; no tested row has a holder that does.")]
    text += (
        f"; minus that of rows whose holder does, {text_of(new.gap.estimate, 'signed')} "
        f"{bounds_of(new.gap, 'signed')}"
    )
    if new.n_rows < MIN_ROWS or new.n_groups < MIN_GROUPS:
        return [Finding(f"{text}. They are few.")]
    if worse := new.gap.high < 0:
        text += ": the model does worse on holders that it has not met"
    return [Finding(f"{text}.", warning=worse)]


def _labels(labels: Sequence[LabelResult]) -> list[Finding]:
    never = [item.label for item in labels if item.support and not item.recall]
    absent = [item.label for item in labels if not item.support]
    few = [item.label for item in labels if 0 < item.support < _FEW_ROWS]
    found = []
    if never:
        found.append(Finding(f"Never found: {_listed(never)}.", warning=True))
    if absent:
        found.append(
            Finding(
                f"No held-out row has {_listed(absent)}; the macro-F1 counts 0 for it.",
                warning=True,
            )
        )
    if few:
        found.append(
            Finding(f"Fewer than {_FEW_ROWS} held-out rows have {_listed(few)}.", warning=True)
        )
    return found


def _swaps(best: ModelResult) -> list[Finding]:
    """Name pairs of labels that look exchanged in the data.

    First by the evidence of validation rows (see ``evaluation.swaps``). Pairs that the model
    takes for each other more often than not are named besides: labels exchanged in validation
    and test rows alike look like that.
    """
    counts = np.asarray(best.confusion)
    names = [item.label for item in best.labels]
    named = {(swap.first, swap.second) for swap in best.swaps}
    found = [
        f"In the held-out rows, beside the validation rows, {describe_swap(swap, names)}"
        for swap in best.swaps
    ]
    found += [
        f"{names[one]} and {names[two]} trade places: each is predicted as the other more often "
        "than as itself"
        for one, two in combinations(range(len(names)), 2)
        if (one, two) not in named
        and counts[one, two] > counts[one, one]
        and counts[two, one] > counts[two, two]
    ]
    check = "Check whether the labels were exchanged in some of the rows."
    return [Finding(f"{text}. {check}", warning=True) for text in found]


def _confidence(held: Held) -> Finding:
    truth, proba = held.pooled
    gap = float(proba.max(axis=1).mean() - (proba.argmax(axis=1) == truth).mean())
    sure = text_of(float(proba.max(axis=1).mean()), "share")
    right = text_of(float((proba.argmax(axis=1) == truth).mean()), "share")
    if abs(gap) < 0.03:
        text = f"Its confidence ({sure} on average) is close to how often it is right ({right})."
        return Finding(text)
    word = "more" if gap > 0 else "less"
    return Finding(
        f"It is {word} confident ({sure} on average) than it is right ({right}).",
        warning=gap > 0.05,
    )
