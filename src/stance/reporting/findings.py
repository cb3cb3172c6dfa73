"""What the numbers say, in sentences that a reader may quote, warnings included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stance.evaluation.results import Comparison, LabelResult, ModelResult
from stance.evaluation.slices import Slice
from stance.reporting.roles import Role
from stance.reporting.run_data import Held
from stance.reporting.run_slices import by_training
from stance.reporting.tables import bounds_of, text_of
from stance.resampling import Interval

_FEW_ROWS = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence; a warning is something that weakens what the scores seem to say."""

    text: str
    warning: bool = False


def findings_of(
    models: Sequence[ModelResult],
    comparisons: Sequence[Comparison],
    roles: Mapping[str, Role],
    slices: Sequence[Slice],
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
    found += _unseen(slices)
    found += _labels(best.labels)
    found += _swaps(best)
    found.append(_confidence(held))
    return found


def _score(value: Interval) -> str:
    return f"{text_of(value.estimate, 'score')} {bounds_of(value, 'score')}"


def _headline(best: ModelResult) -> Finding:
    seeds = f", mean of {len(best.seeds)} seeds" if len(best.seeds) > 1 else ", one seed"
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
        if telling:
            text += (
                f". Blind guessing reaches about {text_of(blind, 'score')} at most: what it sees "
                "is enough to give labels away in this corpus"
            )
        found.append(Finding(f"{text}.", warning=telling))
    return found


def _unseen(slices: Sequence[Slice]) -> list[Finding]:
    parts = by_training(slices)
    if set(parts) != {"seen", "unseen"}:
        return []
    seen, unseen = parts["seen"], parts["unseen"]
    gap = unseen.gaps["accuracy"]
    text = (
        f"On the {unseen.n_rows} rows whose holder never occurs in training the accuracy is "
        f"{_score(unseen.scores['accuracy'])}; against the {seen.n_rows} rows whose holder does, "
        f"{text_of(gap.estimate, 'signed')} {bounds_of(gap, 'signed')}"
    )
    if seen.small or unseen.small:
        return [Finding(f"{text}. One of the two parts is small.")]
    worse = gap.high < 0
    if worse:
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
    """Name pairs of labels that the model takes for each other more often than not.

    A model confuses neighbours; two labels that trade places outright are more likely to
    have been exchanged in the data.
    """
    counts = np.asarray(best.confusion)
    names = [item.label for item in best.labels]
    pairs = [
        f"{names[one]} and {names[two]}"
        for one in range(len(names))
        for two in range(one + 1, len(names))
        if counts[one, two] > counts[one, one] and counts[two, one] > counts[two, two]
    ]
    return [
        Finding(
            f"{pair} trade places: each is predicted as the other more often than as itself. "
            "Check whether the labels were exchanged in some of the rows.",
            warning=True,
        )
        for pair in pairs
    ]


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
