"""What people see: progress that appears when work is long, one line per error, tables."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from stance.files import finite
from stance.models.base import Progress as Told

_PATIENCE = 1.0  # seconds before a bar appears
_QUIET_EVERY = 30.0  # seconds between lines where there is no terminal

_CONTROLS = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"}
_CONTROLS |= {0x7F: "\u2421"} | dict.fromkeys(range(0x80, 0xA0), "\ufffd")


def visible(text: str) -> str:
    """Replace what would steer a terminal (escape sequences, C1 controls) by a sign for it."""
    return text.translate(_CONTROLS)


class _Console(Console):
    """Shows texts and names of files as they are read, and obeys none of them."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(visible(segment.text), segment.style)


out = _Console()
err = _Console(stderr=True)


class Bars:
    """Reports a run: a bar per stage on a terminal, a line now and then elsewhere."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._task: Any = None

    def say(self, text: str) -> None:
        err.print(Text(text), soft_wrap=True)

    def stage(self, text: str) -> Told:
        began = time.monotonic()
        spoke = began
        if self._progress is not None and self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None

        def told(done: int, total: int, note: str = "") -> None:
            nonlocal spoke
            now = time.monotonic()
            title = f"{text} ({note})" if note else text
            if self._progress is not None:
                if self._task is None and now - began > _PATIENCE:
                    self._task = self._progress.add_task(title, total=total)
                if self._task is not None:
                    self._progress.update(
                        self._task, completed=done, total=total, description=title
                    )
            elif now - spoke > _QUIET_EVERY:
                spoke = now
                err.print(Text(f"{title}: {done} of {total}"))

        return told


@contextmanager
def reporting(quiet: bool = False) -> Iterator[Bars]:
    """Yield a reporter for the block; bars go to standard error and leave no trace."""
    if quiet or not err.is_terminal:
        yield Bars(None)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True) as progress:
        yield Bars(progress)


def print_json(value: Any) -> None:
    """Write JSON for machines: one document, nothing else on standard output, null for NaN."""
    sys.stdout.write(json.dumps(finite(value), ensure_ascii=False, indent=2) + "\n")


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()
) -> None:
    """Print a table; text is never read as markup."""
    table = Table(
        title=title or None,
        title_justify="left",
        header_style="bold",
        box=SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )
    for at, name in enumerate(columns):
        justify: Literal["left", "right"] = "right" if at in right else "left"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=at in right)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    out.print(table)
