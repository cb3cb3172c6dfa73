"""What the readers of published corpora share: columns, labels, splits, text files.

A corpus comes in several forms (as its authors published it, as others converted it). A form
maps our word for a cell to the column of the file; the first form whose columns the first row
has is the file's. Every refusal names the file, the row or line, and what is wanted instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stance.codebook import suggest
from stance.corpus.tables import Row, as_text, read_rows
from stance.errors import InputError
from stance.schema import Example, Span

Form = Mapping[str, str]
_MAX_BYTES = 256 << 20
_LETTERS = re.compile(r"[a-z]+")
_SPLITS = {
    "devtest": "test", "test": "test", "train": "train", "trial": "train",
    "dev": "validation", "val": "validation",
}  # fmt: skip


def read_cells(path: Path, forms: Sequence[Form]) -> Iterator[tuple[int, dict[str, Any], Row]]:
    """Yield ``(row number, cells by our words, whole row)`` of a CSV, TSV, JSONL or Parquet table.

    Raises:
        InputError: no such file, a row that cannot be read, or columns of none of the forms.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    form: Form | None = None
    for number, row in read_rows(path):
        if form is None:
            form = _form_of(path, row, forms)
        for column in form.values():
            if column not in row:
                raise InputError(f"{path}: row {number} has no {column!r}")
        yield number, {word: row[column] for word, column in form.items()}, row


def _form_of(path: Path, row: Row, forms: Sequence[Form]) -> Form:
    missing = []
    for form in forms:
        absent = [column for column in form.values() if column not in row]
        if not absent:
            return form
        missing.append((len(absent), absent))
    _, absent = min(missing, key=lambda item: item[0])
    wanted = " or ".join(", ".join(form.values()) for form in forms)
    raise InputError(
        f"{path}: row 1 has no {absent[0]!r}; expected the columns {wanted} "
        f"(there are: {', '.join(row)})"
    )


def named_label(where: str, cell: Any, names: Mapping[str, str]) -> str | None:
    """Return the label that a published code stands for, ``None`` for an empty cell.

    Numbers are compared as numbers: ``2``, ``"2"`` and ``2.0`` are one code.
    """
    value = as_text(cell).strip()
    if not value:
        return None
    code = _plain(value)
    if code not in names:
        raise InputError(f"{where}: label {value!r} is not known; {suggest(value, list(names))}")
    return names[code]


def _plain(value: str) -> str:
    try:
        return f"{float(value):g}"
    except ValueError:
        return value


def text_of(where: str, cell: Any) -> str:
    """Return a text cell; an empty one is refused."""
    text = as_text(cell)
    if not text.strip():
        raise InputError(f"{where}: the text is empty; remove the row")
    return text


def span_of(where: str, start: Any, end: Any, text: str) -> Span:
    """Return offsets as published, half-open, into ``text``."""
    try:
        span = int(start), int(end)
    except (TypeError, ValueError):
        raise InputError(f"{where}: offsets {start!r}, {end!r} are not numbers") from None
    if not 0 <= span[0] < span[1] <= len(text):
        raise InputError(f"{where}: offsets {list(span)} lie outside the {len(text)} characters")
    return span


def split_of(path: Path) -> str:
    """Return the split that a file's name tells (``PLV_train``, ``devtest_rw``), else ``""``."""
    for word in _LETTERS.findall(path.stem.lower()):
        for start, split in _SPLITS.items():
            if word.startswith(start):
                return split
    return ""


def read_text(path: Path, *encodings: str) -> str:
    """Read a text file in the first encoding that fits, line ends as ``\\n``.

    Raises:
        InputError: absent, too large, or in none of the encodings; names the line.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.stat().st_size > _MAX_BYTES:
        raise InputError(f"{path}: larger than {_MAX_BYTES >> 20} MB; is this the corpus?")
    data = path.read_bytes()
    line = 0
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
        else:
            return text.replace("\r\n", "\n").replace("\r", "\n")
    raise InputError(f"{path}: line {line} is not {' or '.join(encodings)}; download it again")


def read_lines(path: Path) -> list[str]:
    """Return a UTF-8 file's lines; only ``\\n`` ends one, and the last may lack it."""
    lines = read_text(path, "utf-8-sig").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


@dataclass(frozen=True, slots=True)
class Published:
    """One file at a fixed address; ``name`` is its path in the folder it is fetched to."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """One corpus: provenance, terms, scoring, and the function that reads its published form.

    ``read`` takes a file (a folder where ``form`` says so). ``files`` are what ``--download``
    fetches, none where the authors publish an archive or a form to fill in. ``whole`` says that
    the fetched folder is what ``read`` takes, and not each of its files. ``settings`` are what the
    recipe needs in place of its own to read imported rows. ``missing`` says what the files given
    did not hold, where the corpus knows what it should be.
    """

    name: str
    title: str
    citation: str
    licence: str
    address: str
    metric: str
    form: str
    codebook: str
    recipe: str
    read: Callable[[Path], Iterator[Example]]
    files: tuple[Published, ...] = ()
    whole: bool = False
    settings: tuple[str, ...] = ()
    missing: Callable[[Iterable[Example]], list[str]] | None = None


RAW = "https://raw.githubusercontent.com"


def github(repository: str, commit: str, folder: str, *names: str) -> tuple[Published, ...]:
    """Name files of a repository at one commit."""
    base = "/".join(part for part in (RAW, repository, commit, folder) if part)
    return tuple(Published(name, f"{base}/{name}") for name in names)
