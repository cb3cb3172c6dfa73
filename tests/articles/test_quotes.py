"""Quotation marks of any script, and marks that are missing."""

from __future__ import annotations

import pytest

from stance.articles.attribution import attribute
from stance.articles.quotes import quotations
from stance.articles.segment import segment


def quoted(text: str) -> list[str]:
    return [text[q.start : q.end] for q in quotations(text, segment(text))]


@pytest.mark.parametrize(
    "quotation",
    ['"We go now."', "“We go now.”", "„We go now.“", "«We go now.»", "‹We go now.›",
     "‘We go now.’", "'We go now.'", "''We go now.''", "``We go now.''", "「We go now.」"],
)  # fmt: skip
def test_every_kind_of_mark(quotation: str) -> None:
    assert quoted(f"She said: {quotation} Then she left.") == [quotation]


def test_apostrophes_are_no_quotation_marks() -> None:
    assert quoted("The union's plan isn't the workers' plan, and it's rock 'n' roll.") in (
        [],
        ["'n'"],
    )
    assert quoted("Petra’s plan isn’t theirs.") == []


def test_nested_quotations_stay_inside() -> None:
    assert quoted("“He told me ‘go home’ and I went,” she said.") == [
        "“He told me ‘go home’ and I went,”"
    ]


def test_a_missing_mark_costs_no_more_than_its_paragraph() -> None:
    text = 'She said, "We go now.\n\nThe sea was calm. "They stay," he said.'
    assert quoted(text) == ['"We go now.', '"They stay,"']


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("Anna Petra condemned the night raid on Dellin.", "the night raid"),
        ("The night raid was condemned by Anna Petra.", "The night raid"),
        ("Anna Petra accused the harbour council of lying.", "the harbour council"),
        ("Anna Petra said that the truce had failed.", "the truce"),
        ("Anna Petra said she was tired.", ""),
    ],
)
def test_targets(text: str, target: str) -> None:
    (found,) = attribute(text, segment(text))
    assert found.target == target
