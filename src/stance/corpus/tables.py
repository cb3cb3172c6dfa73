"""Raw rows out of CSV, TSV, JSONL, Parquet or a Hugging Face data set, as strings.

Nothing here guesses types: ``NA``, ``None``, ``007`` and ``no`` stay what they are. A CSV
record and a JSON line end where their formats say, not at U+2028 or U+0085.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stance.corpus.exchange import parse_json, read_json_rows
from stance.errors import InputError
from stance.files import CsvWriter, atomic_path, require_hub, write_jsonl

Row = dict[str, Any]
SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet", ".json")
WRITTEN = (".jsonl", ".csv", ".parquet")
_MAX_FIELD = 10 << 20


def read_rows(
    source: str | Path, *, split: str | None = None, download: bool = False
) -> Iterator[tuple[int, Row]]:
    """Yield ``(row number, row)``; rows count from 1, the header of a table not included.

    Args:
        source: a file with one of ``SUFFIXES``, a folder written by ``datasets``, or (where no
            such path exists) the name of a data set on the Hugging Face hub.
        split: which split of a Hugging Face data set; all of them where None.
        download: allow the hub to be asked; without it only the local cache is read.

    Raises:
        InputError: absent, unreadable or malformed; names the file and the row.
    """
    path = Path(source)
    if path.is_file():
        suffix = path.suffix.lower()
        if suffix == ".csv":
            return _read_csv(path, ",")
        if suffix == ".tsv":
            return _read_csv(path, "\t")
        if suffix == ".jsonl":
            return _read_jsonl(path)
        if suffix == ".parquet":
            return _read_parquet(path)
        if suffix == ".json":
            return read_json_rows(path)
        raise InputError(f"{path}: unknown kind of table; use one of {', '.join(SUFFIXES)}")
    if path.is_dir() or _looks_like_hub_name(str(source)):
        return _read_datasets(str(source), split, download)
    raise InputError(f"{source}: no such file or folder")


def as_text(value: Any) -> str:
    """Return a cell as the string it stands for; an absent cell is empty."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _looks_like_hub_name(name: str) -> bool:
    return name.count("/") <= 1 and not name.startswith((".", "/", "~")) and not Path(name).suffix


def _open(path: Path) -> Any:
    return path.open("r", encoding="utf-8-sig", newline="", errors="surrogateescape")


def _check(text: str, path: Path, number: int) -> None:
    if any("\udc80" <= char <= "\udcff" for char in text) and not text.isascii():
        raise InputError(f"{path}: row {number} is not UTF-8; convert the file to UTF-8")


def _read_csv(path: Path, delimiter: str) -> Iterator[tuple[int, Row]]:
    csv.field_size_limit(_MAX_FIELD)
    with _open(path) as handle:
        reader = csv.reader(handle, delimiter=delimiter, strict=True)
        header: list[str] | None = None
        number = 0
        try:
            for record in reader:
                if header is None:
                    header = record
                    _require_distinct(header, path)
                    continue
                if not record:
                    continue
                number += 1
                if len(record) != len(header):
                    raise InputError(
                        f"{path}: row {number} has {len(record)} cells, the header {len(header)} "
                        f"(line {reader.line_num})"
                    )
                _check("".join(record), path, number)
                for at, name in enumerate(header):
                    # What pandas.to_csv() writes first is the index; elsewhere text would be lost.
                    if not name and record[at] and (at or len(header) == 1):
                        raise InputError(
                            f"{path}: row {number} (line {reader.line_num}): {record[at][:40]!r} "
                            f"stands in column {at + 1}, which the header does not name"
                        )
                yield (
                    number,
                    {name: cell for name, cell in zip(header, record, strict=True) if name},
                )
        except csv.Error as error:
            raise InputError(f"{path}: row {number + 1}: {error}") from None
    if header is None:
        raise InputError(f"{path}: empty; expected a header line")


def _require_distinct(names: list[str], path: Path) -> None:
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise InputError(f"{path}: column {repeated[0]!r} stands twice in the header; rename one")


def _read_jsonl(path: Path) -> Iterator[tuple[int, Row]]:
    number = 0
    with path.open("rb") as handle:  # bytes split at \n alone
        for line in handle:
            if not line.strip():
                continue
            number += 1
            if len(line) > _MAX_FIELD:
                raise InputError(f"{path}: row {number} is larger than {_MAX_FIELD >> 20} MB")
            try:
                row = parse_json(line.removeprefix(b"\xef\xbb\xbf"))
            except InputError as error:
                raise InputError(f"{path}: row {number}: {error}") from None
            except UnicodeDecodeError:
                raise InputError(
                    f"{path}: row {number} is not UTF-8; convert the file to UTF-8"
                ) from None
            except ValueError as error:  # besides bad syntax, a number of thousands of digits
                reason = getattr(error, "msg", error)
                raise InputError(f"{path}: row {number}: not valid JSON ({reason})") from None
            if not isinstance(row, dict):
                raise InputError(f"{path}: row {number}: expected an object, got {line[:40]!r}")
            yield number, row


def _read_parquet(path: Path) -> Iterator[tuple[int, Row]]:
    import pyarrow
    import pyarrow.parquet as pq

    number = 0
    try:
        table = pq.ParquetFile(path)
        _require_distinct(table.schema_arrow.names, path)
        for batch in table.iter_batches(batch_size=4096):
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"{path}: not a readable Parquet file ({error})") from None


def _read_datasets(name: str, split: str | None, download: bool) -> Iterator[tuple[int, Row]]:
    import os

    if download and not Path(name).is_dir():
        require_hub()
    # Both are read at import; the caller's choice to download decides.
    os.environ["HF_HUB_OFFLINE"] = "0" if download else "1"
    os.environ["HF_DATASETS_OFFLINE"] = os.environ["HF_HUB_OFFLINE"]
    import datasets

    datasets.disable_progress_bars()
    folder = Path(name)
    try:
        if (folder / "dataset_info.json").exists() or (folder / "dataset_dict.json").exists():
            data = datasets.load_from_disk(name)
        else:
            data = datasets.load_dataset(name)
    except Exception as error:  # the library raises many unrelated kinds
        hint = "" if download or folder.is_dir() else "; --download fetches it from the hub"
        reason = str(error).strip().splitlines()[0][:200]
        raise InputError(f"{name}: not a file, and not a data set here ({reason}){hint}") from None
    parts = data if isinstance(data, datasets.DatasetDict) else {"": data}
    if split is not None and split not in parts:
        raise InputError(f"{name}: no split {split!r}; it has {', '.join(parts)}")
    number = 0
    for part, table in parts.items():
        if split not in (None, part):
            continue
        names = {
            key: feature.names
            for key, feature in table.features.items()
            if isinstance(feature, datasets.ClassLabel)
        }
        for row in table:
            number += 1
            for key, labels in names.items():
                if row[key] is not None and row[key] >= 0:
                    row[key] = labels[row[key]]
            yield number, {"split": part, **row} if part else row


def write_rows(path: Path, rows: Iterator[Row]) -> None:
    """Write rows by the file's ending, one of ``WRITTEN``, atomically.

    Raises:
        InputError: another ending, or a column that Parquet has no one type for.
    """
    if path.suffix == ".jsonl":
        write_jsonl(path, rows)
        return
    if path.suffix == ".parquet":
        _write_parquet(path, list(rows))
        return
    if path.suffix != ".csv":
        raise InputError(f"{path}: write one of {', '.join(WRITTEN)}")
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as out:
        writer = CsvWriter(out)
        kept = list(rows)  # a later row may have columns that the first lacks
        names = list(dict.fromkeys(name for row in kept for name in row))
        writer.writerow(names)
        for row in kept:
            writer.writerow([as_text(row.get(name)) for name in names])


def _write_parquet(path: Path, rows: list[Row]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {}
    for name in names:
        try:
            columns[name] = pa.array([row.get(name) for row in rows])
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise InputError(
                f"{path}: column {name!r} does not fit Parquet ({error}); write .jsonl"
            ) from None
    with atomic_path(path) as temporary:
        pq.write_table(pa.table(columns), temporary)
