"""Label rows out: text untouched for programs, defused for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from report.test_article import ROW
from stance.files import spreadsheet_safe
from stance.labelling import COLUMNS, write_csv, write_jsonl, write_parquet

ODD = replace(
    ROW, article="007", text='=HYPERLINK("x")\u2028, "a"\r\nb', actor="NA", stance_probability=None
)
HALF = replace(ROW, text="\ud83d half")


def test_jsonl_gives_back_every_value_untouched() -> None:
    out = io.StringIO()
    write_jsonl([ODD, HALF, ROW], out)
    lines = out.getvalue().split("\n")
    assert len(lines) == 4  # U+2028 ends no line
    assert [json.loads(line) for line in lines[:3]] == [asdict(row) for row in (ODD, HALF, ROW)]
    out.getvalue().encode("utf-8")


def test_csv_holds_no_formula_and_keeps_ids() -> None:
    out = io.StringIO()
    write_csv([ODD, HALF], out)
    first, second = csv.DictReader(io.StringIO(out.getvalue(), newline=""))
    assert tuple(first) == COLUMNS
    assert first["article"] == "007"
    assert first["actor"] == "NA"
    assert first["text"] == "'" + ODD.text
    assert first["stance_probability"] == ""
    assert second["text"] == "? half"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_what_a_spreadsheet_would_run_is_defused(start: str) -> None:
    assert spreadsheet_safe(f"{start}1+1") == f"'{start}1+1"
    assert spreadsheet_safe(f"x{start}") == f"x{start}"
    assert spreadsheet_safe(-3.5) == -3.5


def test_parquet_has_typed_columns(tmp_path: Path) -> None:
    write_parquet([ODD, ROW], tmp_path / "rows.parquet")
    assert pq.read_table(tmp_path / "rows.parquet").to_pylist() == [asdict(ODD), asdict(ROW)]
    write_parquet([], tmp_path / "none.parquet")
    assert tuple(pq.read_table(tmp_path / "none.parquet").column_names) == COLUMNS
