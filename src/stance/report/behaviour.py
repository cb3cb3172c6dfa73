"""Behaviour tests as tables, and their failures as sentences with the changes marked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from stance.evaluation.behaviour.run import Failure, SuiteResult
from stance.report.slices import WRITER
from stance.report.tables import Column, Table

Suites = Mapping[str, Sequence[SuiteResult]]
Marked = Sequence[tuple[str, bool]]
"""A text in pieces, each with whether it differs from the original."""
_MOST_WORDS = 400  # of a text whose changes are looked for; finding them is quadratic
_PIECE = re.compile(r"\s+|\w+|[^\w\s]+")


@dataclass(frozen=True, slots=True)
class Shown:
    """One failure as the page shows it; ``original`` is empty where the text is the same."""

    suite: str
    failure: Failure
    marked: Marked
    original: str

    @property
    def asked(self) -> str:
        """The holder whose stance was asked, and the one before where that changed."""
        before, after = (
            name or WRITER for name in (self.failure.actor, self.failure.changed_actor)
        )
        return after if before == after else f"{after}, before {before}"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the report shows of all models' behaviour tests."""

    rates: Table
    suites: Table
    changes: Table
    failures: Table
    shown: Mapping[str, Sequence[Shown]]

    @property
    def tables(self) -> list[Table]:
        return [self.rates, self.suites, self.changes, self.failures]


def behaviour_of(found: Suites, order: Sequence[str]) -> Behaviour | None:
    """Make the tables; None where no model was tested.

    Args:
        order: the run's models, best first.
    """
    ranked = [name for name in order if name in found] + [n for n in found if n not in order]
    suites = {name: {suite.name: suite for suite in found[name]} for name in ranked}
    every = {suite.name: suite for name in ranked for suite in found[name]}
    if not every:
        return None
    return Behaviour(
        rates=_rates(every, suites),
        suites=_suites(list(every.values())),
        changes=_changes(every, suites),
        failures=_failures(suites),
        shown={
            name: [_shown(suite.name, one) for suite in found[name] for one in suite.examples]
            for name in ranked
        },
    )


def _rates(
    every: Mapping[str, SuiteResult], models: Mapping[str, Mapping[str, SuiteResult]]
) -> Table:
    rows = []
    for name, suite in every.items():
        rates = [own[name].rate if name in own else None for own in models.values()]
        rows.append([name, suite.n_cases, *rates])
    columns = [Column("suite"), Column("cases", "count")]
    columns += [Column(name, "share") for name in models]
    return Table(
        "behaviour",
        "Behaviour tests on stance: share of failed cases",
        columns,
        rows,
        "Lower is better. In brackets 95\u202f% intervals from resampling whole articles; "
        "[0\u202f%, 0\u202f%] says that no case failed, not that none could. “Same label” asks "
        "for the same answer, right or wrong, so a model that ignores the sentence passes it. "
        "First seed and first fold only.",
    )


def _suites(suites: Sequence[SuiteResult]) -> Table:
    rows = [
        [suite.name, suite.capability, suite.expectation, suite.n_cases, suite.rate.n_groups]
        for suite in suites
    ]
    columns = [
        Column("suite"), Column("about"), Column("expected"), Column("cases", "count"),
        Column("articles", "count"),
    ]  # fmt: skip
    return Table("behaviour-suites", "What the behaviour tests expect", columns, rows)


def _changes(
    every: Mapping[str, SuiteResult], models: Mapping[str, Mapping[str, SuiteResult]]
) -> Table:
    rows = [
        [name, *(own[name].change if name in own else None for own in models.values())]
        for name, suite in every.items()
        if suite.change is not None
    ]
    return Table(
        "behaviour-change",
        "Mean change of the original label's probability",
        [Column("suite"), *(Column(name, "signed") for name in models)],
        rows,
        "The label that was predicted first where the same label is expected, else the gold label.",
    )


def _failures(models: Mapping[str, Mapping[str, SuiteResult]]) -> Table:
    rows = [
        [
            model, name, one.edit, one.row, one.text, one.actor or WRITER, one.changed_text,
            one.changed_actor or WRITER, one.wanted, one.before, one.before_probability,
            one.after, one.after_probability,
        ]
        for model, own in models.items()
        for name, suite in own.items()
        for one in suite.examples
    ]  # fmt: skip
    columns = [
        Column("model"), Column("suite"), Column("change"), Column("row"), Column("original"),
        Column("holder"), Column("changed"), Column("holder asked"), Column("expected"),
        Column("predicted before", "label"), Column("probability before", "score"),
        Column("predicted after", "label"), Column("probability after", "score"),
    ]  # fmt: skip
    return Table("behaviour-failures", "Failed cases, the surest answers first", columns, rows)


def _shown(suite: str, failure: Failure) -> Shown:
    same = failure.text == failure.changed_text
    return Shown(
        suite=suite,
        failure=failure,
        marked=differing(failure.text, failure.changed_text),
        original="" if same else failure.text,
    )


def differing(before: str, after: str) -> list[tuple[str, bool]]:
    """Cut ``after`` into pieces, each with whether ``before`` lacks it at that place."""
    old, new = _PIECE.findall(before), _PIECE.findall(after)
    if before == after or max(len(old), len(new)) > _MOST_WORDS:
        return [(after, False)]
    pieces = []
    for kind, _, _, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if end > start:
            pieces.append(("".join(new[start:end]), kind != "equal"))
    return pieces
