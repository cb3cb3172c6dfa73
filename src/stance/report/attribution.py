"""Attribution scores as tables, and every difference from the annotation as a page to browse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stance.evaluation.attribution.scoring import MEASURES, Miss, Scored
from stance.evaluation.resampling import Interval
from stance.report.markup import environment
from stance.report.report import provenance_table
from stance.report.tables import Column, Table, bounds_of, text_of
from stance.schema import Quote

_SHOWN = 60
"""Differences of one kind and rule on the page."""
_KINDS = {
    "missed": "Somebody is annotated and nobody was found",
    "spurious": "Nobody is annotated and somebody was found",
    "wrong": "Not the annotated holders",
}


def scores_table(scores: Mapping[str, Scored]) -> Table:
    """F1 with its interval by measure, one column for each way of attributing."""
    columns = [Column("measure"), *(Column(name, "score") for name in scores)]
    columns.append(Column("annotated", "count"))
    first = next(iter(scores.values()))
    rows: list[list[Any]] = []
    for name, title in MEASURES.items():
        row: list[Any] = [title, *(item.intervals[name] for item in scores.values())]
        rows.append([*row, getattr(first.total, name).gold])
    note = "F1, with 95 % percentile intervals over 1,000 resamplings of whole articles."
    return Table("attribution", "Attribution scores", columns, rows, note)


def quote_table(scores: Mapping[str, Scored]) -> Table:
    """Recall of holders by the annotated kind of quotation."""
    columns = [Column("quotation"), *(Column(name, "score") for name in scores)]
    columns.append(Column("annotated", "count"))
    first = next(iter(scores.values())).total
    rows = [
        [
            quote.value,
            *(item.total.by_quote[quote].recall for item in scores.values()),
            first.by_quote[quote].gold,
        ]
        for quote in Quote
        if quote in first.by_quote
    ]
    return Table("attribution-quotes", "Recall of holders by kind of quotation", columns, rows)


def rule_table(scored: Scored) -> Table:
    """Precision of holders by the rule that decided, most used first."""
    columns = [Column("rule"), Column("precision", "score"), Column("fired", "count")]
    found = sorted(scored.total.by_rule.items(), key=lambda item: -item[1].predicted)
    rows = [[rule, ratio.precision, ratio.predicted] for rule, ratio in found]
    return Table("attribution-rules", "Precision of holders by rule", columns, rows)


def browse(misses: Sequence[Miss]) -> dict[str, dict[str, tuple[int, list[Miss]]]]:
    """Sort differences by kind, then by the rule that decided (or the annotated quotation)."""
    found: dict[str, dict[str, list[Miss]]] = {title: {} for title in _KINDS.values()}
    for miss in misses:
        kind = "missed" if not miss.predicted else "wrong" if miss.gold else "spurious"
        key = ", ".join(sorted(set(miss.rules or miss.quotes)))
        found[_KINDS[kind]].setdefault(key, []).append(miss)
    return {
        kind: {
            rule: (len(items), items[:_SHOWN])
            for rule, items in sorted(groups.items(), key=lambda pair: -len(pair[1]))
        }
        for kind, groups in found.items()
        if groups
    }


def attribution_page(
    scores: Mapping[str, Scored], *, data: str, facts: Mapping[str, Any] | None = None
) -> str:
    """Return one self-contained HTML page: scores of every way, differences of the last one.

    Args:
        data: what was scored, for the title.
        facts: the run's provenance, where there is a run.
    """
    decider, last = list(scores.items())[-1]
    return (
        environment()
        .get_template("attribution.html.jinja")
        .render(
            data=data,
            articles=last.articles,
            provenance=provenance_table(facts) if facts else None,
            scores=scores_table(scores),
            by_quote=quote_table(scores),
            by_rule=rule_table(last),
            decider=decider,
            missed=len(last.misses),
            browser=browse(last.misses),
            swatches={},
            is_interval=lambda value: isinstance(value, Interval),
            text_of=text_of,
            bounds_of=bounds_of,
        )
    )
