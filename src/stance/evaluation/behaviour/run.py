"""A model's behaviour under test: failure rates by suite, with intervals and examples.

A score says how often a model is right on the rows at hand; these say whether it is right
for the wrong reason. An invariance fails when the predicted label changes, whether or not it
was right before, so a model that always answers the same passes all of them: read them
beside the score and beside the suites that ask for a change.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from stance.errors import InputError
from stance.evaluation.behaviour.suites import FALL, SUITES, Case, Expect, Suite
from stance.evaluation.resampling import FloatArray, Interval, bootstrap_tables, number_groups
from stance.schema import Example

Predict = Callable[[Sequence[Example]], FloatArray]
"""Rows to probabilities ``(rows, labels)`` of their stance."""
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed case. ``before``/``after`` are predicted labels with their probabilities."""

    row: str
    edit: str
    text: str
    actor: str
    changed_text: str
    changed_actor: str
    before: str
    before_probability: float
    after: str
    after_probability: float
    wanted: str


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """One model on one suite.

    ``rate`` is the share of failed cases with its 95 % interval over articles. ``change`` is the
    mean change of the original label's probability from row to variant: the predicted label in
    invariances, else the gold label; None where the row is its own variant. ``examples`` are the
    failures the model was surest of, one an article at most.
    """

    name: str
    capability: str
    expectation: str
    n_cases: int
    failures: int
    rate: Interval
    change: float | None
    examples: Sequence[Failure]


def run_suites(
    predict_proba: Predict,
    examples: Sequence[Example],
    class_names: Sequence[str],
    *,
    limit: int = 100,
    seed: int = 0,
    suites: Sequence[Suite] = SUITES,
) -> list[SuiteResult]:
    """Put a model through every suite that the rows give cases for.

    Args:
        predict_proba: called once, with every distinct row that the suites need.
        class_names: the stance labels, one for each column of the probabilities.
        limit: most cases of one suite; drawn by row, so that suites share their rows.

    Raises:
        InputError: ``limit`` is not positive, or the probabilities do not fit.
    """
    if limit < 1:
        raise InputError(f"limit {limit!r} is not positive: give for example 100")
    chosen = [(suite, _draw(suite.build(examples, seed), limit, seed)) for suite in suites]
    rows: dict[tuple[object, ...], Example] = {}
    for _, cases in chosen:
        for case in cases:
            for row in (case.original, case.variant):
                rows.setdefault(_asked(row), row)
    if not rows:
        return []
    proba = np.asarray(predict_proba(list(rows.values())), dtype=np.float64)
    if proba.shape != (len(rows), len(class_names)):
        raise InputError(
            f"predict_proba gave shape {proba.shape} for {len(rows)} rows and "
            f"{len(class_names)} labels; give one column for each label"
        )
    answers = dict(zip(rows, proba, strict=True))
    return [_result(suite, cases, answers, class_names) for suite, cases in chosen if cases]


def _asked(row: Example) -> tuple[object, ...]:
    """What a model sees of a row; rows that agree in it are asked once."""
    return row.text, row.actor, row.target, row.actor_span, row.target_span


def _draw(cases: Iterable[Case], limit: int, seed: int) -> list[Case]:
    """Draw cases by the row they start from: one of every row first, then a second of each.

    The draw depends on ids and the seed, so neither the rows' order nor a suite's changes it.
    """
    by_row: dict[str, list[Case]] = {}
    for case in sorted(cases, key=lambda case: case.key):
        by_row.setdefault(case.original.id, []).append(case)
    ranked = []
    for row, own in by_row.items():
        rng = random.Random(f"{seed}:{row}")
        place = rng.random()
        rng.shuffle(own)
        ranked += [(turn, place, row, case) for turn, case in enumerate(own)]
    return [case for *_, case in sorted(ranked, key=lambda item: item[:3])[:limit]]


@dataclass(frozen=True, slots=True)
class _Answer:
    """A case with what the model said before and after."""

    case: Case
    before: FloatArray
    after: FloatArray
    names: Sequence[str]

    @property
    def labels(self) -> tuple[str, str]:
        return self.names[int(self.before.argmax())], self.names[int(self.after.argmax())]

    @property
    def change(self) -> float:
        """How much the original label's probability changed."""
        case = self.case
        label = self.labels[0] if case.expect is Expect.SAME else case.original.stance
        at = list(self.names).index(str(label))
        return float(self.after[at] - self.before[at])

    @property
    def failed(self) -> bool:
        case, (before, after) = self.case, self.labels
        match case.expect:
            case Expect.SAME:
                return after != before
            case Expect.GOLD:
                return after != case.variant.stance
            case Expect.BOTH:
                return before != case.original.stance or after != case.variant.stance
            case Expect.CHANGED:
                return after == case.original.stance
            case Expect.KEPT:
                return self.change < -FALL

    @property
    def wanted(self) -> str:
        case, before = self.case, self.labels[0]
        match case.expect:
            case Expect.SAME:
                return before
            case Expect.GOLD:
                return str(case.variant.stance)
            case Expect.BOTH:
                return f"{case.original.stance}, then {case.variant.stance}"
            case Expect.CHANGED:
                return f"not {case.original.stance}"
            case Expect.KEPT:
                return f"{case.original.stance} no less likely"

    def failure(self) -> Failure:
        original, variant = self.case.original, self.case.variant
        before, after = self.labels
        return Failure(
            row=original.id, edit=self.case.edit, text=original.text, actor=original.actor,
            changed_text=variant.text, changed_actor=variant.actor,
            before=before, before_probability=float(self.before.max()),
            after=after, after_probability=float(self.after.max()), wanted=self.wanted,
        )  # fmt: skip


def _result(
    suite: Suite,
    cases: Sequence[Case],
    answers: Mapping[tuple[object, ...], FloatArray],
    names: Sequence[str],
) -> SuiteResult:
    found = [
        _Answer(case, answers[_asked(case.original)], answers[_asked(case.variant)], names)
        for case in cases
    ]
    failed = np.array([answer.failed for answer in found], dtype=np.int64)
    codes, n_groups = number_groups(case.original.group for case in cases)
    tables = np.stack(
        [np.bincount(codes, weights=failed, minlength=n_groups), np.bincount(codes)], axis=1
    )
    moved = [answer.change for answer in found if answer.case.original is not answer.case.variant]
    return SuiteResult(
        name=suite.name,
        capability=suite.capability,
        expectation=suite.expectation,
        n_cases=len(cases),
        failures=int(failed.sum()),
        rate=bootstrap_tables(tables, lambda sums: sums[:, 0] / sums[:, 1]),
        change=float(np.mean(moved)) if moved else None,
        examples=_examples([answer for answer in found if answer.failed]),
    )


def _examples(failed: Sequence[_Answer]) -> list[Failure]:
    surest: dict[str, _Answer] = {}
    for answer in sorted(failed, key=lambda item: (-item.after.max(), item.case.key)):
        surest.setdefault(answer.case.original.group, answer)
    return [answer.failure() for answer in list(surest.values())[:SHOWN]]


def to_json(results: Mapping[str, Sequence[SuiteResult]]) -> dict[str, Any]:
    """Turn results by model into plain values for a JSON file."""
    return {model: [asdict(suite) for suite in found] for model, found in results.items()}


def from_json(raw: Mapping[str, Any]) -> dict[str, list[SuiteResult]]:
    """Read results by model back."""

    def suite(entry: Mapping[str, Any]) -> SuiteResult:
        failures = [Failure(**item) for item in entry["examples"]]
        return SuiteResult(
            **{**entry, "rate": Interval.from_json(entry["rate"]), "examples": failures}
        )

    return {model: [suite(entry) for entry in found] for model, found in raw.items()}
