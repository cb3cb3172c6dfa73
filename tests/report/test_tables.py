"""One table in three formats, and numbers as people read them."""

from __future__ import annotations

import csv
import io
import math

import pytest

from stance.evaluation.resampling import Interval
from stance.report.tables import Column, Table, text_of, to_csv, to_latex, to_markdown

GOOD = Interval(0.25, 0.75, 0.5, 0.95, "percentile", 20)
FEW = Interval(math.nan, math.nan, 0.5, 0.95, "percentile", 1)
TABLE = Table(
    "a table",
    "50 % of a|b & c_d",
    [Column("=model"), Column("F1", "score"), Column("rows", "count")],
    [["x_1 <b>|", GOOD, 1234], ["@sum", FEW, 7], ["-3", None, None]],
    "Note with $ and #.",
)


@pytest.mark.parametrize(
    ("value", "kind", "wanted"),
    [
        (GOOD, "score", "0.500 [0.250, 0.750]"),
        (FEW, "score", "0.500 [too few]"),
        (Interval(-0.1, 0.2, 0.05, 0.9, "percentile", 9), "signed", "+0.050 [−0.100, +0.200]"),
        (0.0004, "p", "<0.001"),
        (0.0414, "p", "0.041"),
        (12345, "count", "12\u202f345"),
        (0.126, "share", "13\u202f%"),
        (0.0012345, "number", "0.00123"),
        (3678659.9, "number", "3\u202f678\u202f660"),
        (0.0, "number", "0"),
        (math.nan, "score", "–"),
        (None, "score", "–"),
        ("", "text", "–"),
    ],
)
def test_values_as_people_read_them(value: object, kind: str, wanted: str) -> None:
    assert text_of(value, kind) == wanted  # type: ignore[arg-type]


def test_csv_has_full_precision_three_columns_an_interval_and_no_formula() -> None:
    rows = list(csv.reader(io.StringIO(to_csv(TABLE))))
    assert rows[0] == ["'=model", "F1", "F1 low", "F1 high", "rows"]
    assert rows[1] == ["x_1 <b>|", "0.5", "0.25", "0.75", "1234"]
    assert rows[2] == ["'@sum", "0.5", "", "", "7"]
    assert rows[3] == ["'-3", "", "", "", ""]


def test_markdown_keeps_its_columns_whatever_the_cells_hold() -> None:
    lines = to_markdown(TABLE).splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 5
    assert all(line.replace(r"\|", "").count("|") == 4 for line in table)
    assert table[1] == "|---|---:|---:|"
    assert "<b>" not in to_markdown(TABLE).replace(r"\<b\>", "")


def test_latex_escapes_what_it_would_run() -> None:
    text = to_latex(TABLE)
    assert r"50 \% of a|b \& c\_d" in text
    assert r"x\_1 \textless{}b\textgreater{}|" in text
    assert r"\label{tab:a-table}" in text
    assert r"\begin{tabular}{lrr}" in text
    body = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert len(body) == 4
    assert all(line.replace(r"\&", "").count("&") == 2 for line in body)
