"""Who speaks when: one lane a holder, one mark a sentence, drawn without a plotting library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stance.reporting.article_view import WRITER, Holder, View

CELL = 26
ROW = 24
_TICK_EVERY = 5
_HEAD = 16


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: where, which label, and what a reader who points at it is told."""

    x: int
    y: int
    holder: Holder
    code: str
    anchor: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A sentence number above the lanes."""

    x: int
    text: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Lanes in the order in which the holders first speak; sizes in CSS pixels."""

    lanes: tuple[str, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    width: int
    height: int
    description: str


def timeline(view: View, codes: Sequence[str]) -> Timeline:
    """Lay out one article; only rows with a label are marked.

    The writer's neutral sentences are what the speakers interrupt, so the writer has the last
    lane, and only where some row of the writer has a label.
    """
    spoken: dict[str, int] = {}
    placed: list[tuple[int, Holder, str, str]] = []
    for position, line in enumerate(view.lines):
        for holder in line.coloured:
            spoken[holder.name] = spoken.get(holder.name, 0) + 1
            placed.append((position, holder, line.anchor, line.number))
    lanes = sorted(spoken, key=lambda name: name == WRITER)
    marks = tuple(
        Mark(
            x=position * CELL + 2,
            y=_HEAD + lanes.index(holder.name) * ROW + 3,
            holder=holder,
            code=codes[holder.at],
            anchor=anchor,
            sentence=number,
        )
        for position, holder, anchor, number in placed
    )
    ticks = tuple(
        Tick(position * CELL + CELL // 2, line.number)
        for position, line in enumerate(view.lines)
        if position == 0 or (position + 1) % _TICK_EVERY == 0
    )
    speakers = [name for name in lanes if name != WRITER]
    most = max(speakers, key=lambda name: spoken[name], default="")
    description = f"{len(lanes)} lanes over {len(view.lines)} sentences."
    if most:
        description += f" {most} has most sentences, {spoken[most]}."
    return Timeline(
        tuple(lanes),
        marks,
        ticks,
        max(1, len(view.lines)) * CELL + 4,
        _HEAD + len(lanes) * ROW + 2,
        description,
    )
