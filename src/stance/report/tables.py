"""Tables as data, and the same table as Markdown, LaTeX, CSV or cells of a page."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from stance.evaluation.uncertainty import Interval
from stance.files import CsvWriter, spreadsheet_safe

Kind = Literal["text", "label", "count", "score", "signed", "p", "share", "number"]
ABSENT = "–"
TOO_FEW = "too few"
_MINUS = "\u2212"


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading and what its cells are; an ``Interval`` may stand in any score."""

    title: str
    kind: Kind = "text"

    @property
    def numeric(self) -> bool:
        return self.kind not in ("text", "label")


@dataclass(frozen=True, slots=True)
class Table:
    """A named table; every row has one value a column. ``heads`` columns name the row."""

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    note: str = ""
    heads: int = 1


def text_of(value: Any, kind: Kind) -> str:
    """Write one value for people: three digits, true minus signs, and ``too few`` for bounds
    that are not numbers."""
    if isinstance(value, Interval):
        return f"{text_of(value.estimate, kind)} {bounds_of(value, kind)}"
    if value is None or value == "":
        return ABSENT
    if not isinstance(value, int | float) or isinstance(value, bool):
        return str(value)
    if math.isnan(value):
        return ABSENT
    if kind == "count":
        return f"{value:,.0f}".replace(",", "\u202f")
    if kind == "p":
        return "<0.001" if value < 0.001 else f"{value:.3f}"
    if kind == "share":
        return f"{100 * value:.0f}\u202f%"
    if kind == "number":
        return _short(value)
    return f"{value:{'+' if kind == 'signed' else ''}.3f}".replace("-", _MINUS)


def bounds_of(value: Interval, kind: Kind) -> str:
    """Write an interval's bounds in brackets, or say that there were too few groups."""
    if math.isnan(value.low) or math.isnan(value.high):
        return f"[{TOO_FEW}]"
    return f"[{text_of(value.low, kind)}, {text_of(value.high, kind)}]"


def _short(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}".replace(",", "\u202f").replace("-", _MINUS)


def to_csv(table: Table) -> str:
    """Write full precision; an interval fills three columns; no cell runs as a formula."""
    wide = [
        any(isinstance(row[at], Interval) for row in table.rows) for at in range(len(table.columns))
    ]
    heading: list[str] = []
    for column, is_wide in zip(table.columns, wide, strict=True):
        ends = ("", " low", " high") if is_wide else ("",)
        heading += [f"{column.title}{end}" for end in ends]
    out = io.StringIO()
    writer = CsvWriter(out)
    writer.writerow([spreadsheet_safe(title) for title in heading])
    for row in table.rows:
        cells: list[Any] = []
        for value, is_wide in zip(row, wide, strict=True):
            if isinstance(value, Interval):
                cells += [_plain(part) for part in (value.estimate, value.low, value.high)]
            else:
                cells += [_plain(value)] + ([""] * 2 if is_wide else [])
        writer.writerow([spreadsheet_safe(cell) for cell in cells])
    return out.getvalue()


def _plain(value: Any) -> Any:
    return "" if isinstance(value, float) and math.isnan(value) else value


def to_markdown(table: Table) -> str:
    """Write a pipe table with its caption above and its note below."""
    lines = [
        f"**{markdown_text(table.caption)}**",
        "",
        _md_row([column.title for column in table.columns]),
        "|" + "|".join("---:" if column.numeric else "---" for column in table.columns) + "|",
    ]
    lines += [_md_row(_texts(table, row)) for row in table.rows]
    if table.note:
        lines += ["", markdown_text(table.note)]
    return "\n".join(lines) + "\n"


def _md_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(markdown_text(cell) for cell in cells) + " |"


def markdown_text(text: str) -> str:
    """Escape what Markdown would obey, and keep it on one line."""
    return re.sub(r"([\\`*_|<>\[\]#])", r"\\\1", " ".join(text.split(" ")).replace("\n", " "))


_TEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "–": "--", _MINUS: "$-$", "\u202f": r"\,",
    "\n": " ",
}  # fmt: skip


def _tex(text: str) -> str:
    return "".join(_TEX.get(char, char) for char in text)


def to_latex(table: Table) -> str:
    """Write a ``table`` float for the booktabs package."""
    shape = "".join("r" if column.numeric else "l" for column in table.columns)
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_tex(table.caption)}}}",
        rf"\label{{tab:{re.sub('[^a-zA-Z0-9]+', '-', table.name)}}}",
        rf"\begin{{tabular}}{{{shape}}}",
        r"\toprule",
        " & ".join(_tex(column.title) for column in table.columns) + r" \\",
        r"\midrule",
    ]
    lines += [" & ".join(_tex(cell) for cell in _texts(table, row)) + r" \\" for row in table.rows]
    lines += [r"\bottomrule", r"\end{tabular}"]
    if table.note:
        lines.append(rf"\par\smallskip\footnotesize {_tex(table.note)}")
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def _texts(table: Table, row: Sequence[Any]) -> list[str]:
    return [text_of(value, column.kind) for value, column in zip(row, table.columns, strict=True)]


FORMATS: dict[str, Callable[[Table], str]] = {
    "md": to_markdown,
    "tex": to_latex,
    "csv": to_csv,
}
"""How to write a table, by the file's ending."""
