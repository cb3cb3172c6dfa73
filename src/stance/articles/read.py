"""Read articles from files, folders, tables and standard input, without altering a character.

Offsets into an article are only worth something when the text is the one on disk: so no
newline is translated, no byte-order mark dropped, nothing normalised. The one exception
is HTML, where the article is what the extractor finds in the page; its offsets index that
extracted text, and ``meta["source"]`` says so.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from stance.errors import InputError
from stance.schema import Article

MAX_BYTES = 64 * 1024 * 1024
"""Bytes of one file (after expansion) that are read by default; more is refused."""

MAX_LINE = 8 * 1024 * 1024
"""Bytes of one line of a plain text or table file; a longer one is not an article."""

_TEXT = {".txt", ".text", ".md"}
_HTML = {".html", ".htm", ".xhtml"}
_TABLES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "tsv"}
_NAME_COLUMNS = ("name", "id", "doc_id", "url", "title")


def read_articles(
    paths: Sequence[str | Path],
    *,
    text_column: str = "text",
    max_bytes: int = MAX_BYTES,
) -> Iterator[Article]:
    """Yield the articles of ``paths`` in order; a folder's files come sorted by path.

    Plain text, HTML, JSONL, CSV and TSV are told apart by suffix, each also with ``.gz``;
    ``-`` reads one article from standard input. Tables yield one article a row, its text
    from ``text_column`` and every other column in ``meta``. ``max_bytes`` bounds each file
    after expansion, so that a small archive cannot fill the memory.

    Raises ``InputError`` for a path that is absent, too large, not UTF-8 or lacks the column.
    """
    for path in paths:
        if str(path) == "-":
            raw = _bounded(sys.stdin.buffer, "standard input", max_bytes)
            yield Article("-", _decode(raw, "standard input"))
            continue
        for file in _files(Path(path)):
            yield from _read_file(file, text_column, max_bytes)


def _files(path: Path) -> Iterator[Path]:
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    if not path.is_dir():
        yield path
        return
    known = _TEXT | _HTML | set(_TABLES)
    # Hidden files and unknown suffixes in a folder are not articles; named one by one they are.
    found = sorted(
        file
        for file in path.rglob("*")
        if file.is_file() and not file.name.startswith(".") and _suffix(file) in known
    )
    if not found:
        raise InputError(
            f"{path}: no article in this folder (looked for {' '.join(sorted(known))})"
        )
    yield from found


def _suffix(file: Path) -> str:
    name = file.name[:-3] if file.name.lower().endswith(".gz") else file.name
    return Path(name).suffix.lower()


def _read_file(file: Path, text_column: str, max_bytes: int) -> Iterator[Article]:
    try:
        text = _decode(_file_bytes(file, max_bytes), str(file))
    except OSError as error:
        reason = error.strerror or "not a readable gzip file"
        raise InputError(f"{file}: cannot be read ({reason})") from error
    except EOFError as error:
        raise InputError(f"{file}: the gzip file is cut short") from error
    suffix = _suffix(file)
    if suffix in _TABLES:
        yield from _table(text, file, _TABLES[suffix], text_column)
    elif suffix in _HTML:
        yield _html(text, file)
    else:
        yield Article(str(file), text)


def _file_bytes(file: Path, max_bytes: int) -> bytes:
    if file.name.lower().endswith(".gz"):
        with gzip.open(file, "rb") as stream:
            return _bounded(stream, str(file), max_bytes)
    with file.open("rb") as stream:
        return _bounded(stream, str(file), max_bytes)


def _bounded(stream: IO[bytes] | gzip.GzipFile, name: str, max_bytes: int) -> bytes:
    raw = stream.read(max_bytes + 1)
    if len(raw) > max_bytes:
        raise InputError(
            f"{name}: holds more than {max_bytes:,} bytes; split it or raise max_bytes"
        )
    longest, start = 0, 0
    while start < len(raw):
        end = raw.find(b"\n", start)
        end = len(raw) if end < 0 else end
        longest, start = max(longest, end - start), end + 1
    if longest > MAX_LINE:
        raise InputError(
            f"{name}: one line of {longest:,} bytes (at most {MAX_LINE:,}); break it up"
        )
    return raw


def _decode(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name}: not UTF-8 (byte 0x{raw[error.start]:02x} at {error.start}); convert it first"
        ) from error


def _html(text: str, file: Path) -> Article:
    # The extractor takes half a second to load, which plain text should not pay for.
    try:
        from trafilatura import extract
    except ImportError as error:
        reason = str(error).split("\n")[0]
        raise InputError(
            f"{file}: HTML needs trafilatura, which does not load ({reason})"
        ) from error

    body = extract(text, include_comments=False, include_tables=False, favor_precision=False)
    if not body:
        raise InputError(f"{file}: no article text found in this HTML page")
    return Article(str(file), body, {"source": "html"})


def _table(text: str, file: Path, kind: str, text_column: str) -> Iterator[Article]:
    rows = _jsonl_rows(text, file) if kind == "jsonl" else _csv_rows(text, file, kind)
    for number, row in rows:
        if text_column not in row:
            raise InputError(
                f"{file}: row {number} has no column {text_column!r} (it has: {', '.join(row)})"
            )
        value = row[text_column]
        if not isinstance(value, str):
            raise InputError(f"{file}: row {number}, column {text_column!r} is not text")
        meta = {key: _as_text(item) for key, item in row.items() if key != text_column}
        name = next((meta[key] for key in _NAME_COLUMNS if meta.get(key)), f"{file}#{number}")
        yield Article(name, value, meta)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _jsonl_rows(text: str, file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    # Only "\n" ends a JSON line: str.splitlines would cut at U+2028 inside a string.
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"{file}: line {number} is not JSON ({error})") from error
        if not isinstance(row, dict):
            raise InputError(f"{file}: line {number} is not a JSON object")
        yield number, row


def _csv_rows(text: str, file: Path, kind: str) -> Iterator[tuple[int, dict[str, Any]]]:
    stream = io.StringIO(text.removeprefix("\ufeff"), newline="")
    reader = csv.DictReader(stream, delimiter="\t" if kind == "tsv" else ",", restkey="")
    limit = csv.field_size_limit(MAX_LINE)
    try:
        for number, row in enumerate(reader, start=1):
            if "" in row:
                raise InputError(f"{file}: row {number} has more cells than the header")
            yield number, {key: value or "" for key, value in row.items()}
    except csv.Error as error:
        raise InputError(f"{file}: not a readable {kind.upper()} file ({error})") from error
    finally:
        csv.field_size_limit(limit)
