"""Label rows out: JSONL, CSV and Parquet, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import IO, Any

from stance.files import atomic_path
from stance.schema import Prediction

COLUMNS = tuple(item.name for item in fields(Prediction))
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_jsonl(rows: Iterable[Prediction], out: IO[str]) -> None:
    """Write one object a line, text untouched (half characters as escapes)."""
    for row in rows:
        record = asdict(row)
        try:
            line = json.dumps(record, ensure_ascii=False)
            line.encode("utf-8")
        except UnicodeEncodeError:
            line = json.dumps(record, ensure_ascii=True)
        out.write(line + "\n")


def write_csv(rows: Iterable[Prediction], out: IO[str]) -> None:
    """Write a table whose cells no spreadsheet takes for formulas."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([spreadsheet_safe(value) for value in asdict(row).values()])


def spreadsheet_safe(value: Any) -> Any:
    """Put an apostrophe before text that a spreadsheet would run as a formula."""
    if isinstance(value, str):
        value = value.encode("utf-8", "replace").decode("utf-8")
        if value.startswith(_FORMULA):
            return f"'{value}"
    return value


def write_parquet(rows: Sequence[Prediction], path: Path) -> None:
    """Write a table with typed columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    whole = [name for name in COLUMNS if name.endswith(("start", "end"))]
    kinds: Mapping[str, Any] = {
        **dict.fromkeys([*whole, "sentence", "paragraph"], pa.int64()),
        **{name: pa.float64() for name in COLUMNS if name.endswith("_probability")},
    }
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in COLUMNS])
    records = [
        {
            key: value.encode("utf-8", "replace").decode("utf-8")
            if isinstance(value, str)
            else value
            for key, value in asdict(row).items()
        }
        for row in rows
    ]
    with atomic_path(path) as temporary:
        pq.write_table(pa.Table.from_pylist(records, schema=schema), temporary)
