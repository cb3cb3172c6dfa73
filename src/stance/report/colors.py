"""Label colours that stay readable: on white and on dark, as text, as a mark and as a tint.

A codebook gives one colour a label, chosen for a chart on white. As text on a dark page the
same colour may be illegible, so each is moved towards white or black, no further than the
contrast needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stance.codebook import Label

PAPER = {"light": "#ffffff", "dark": "#15181d"}
TEXT_CONTRAST = 4.5  # WCAG 2.2, success criterion 1.4.3
_STEPS = 50
_TINT = {"light": 0.15, "dark": 0.26}
_WHITE, _BLACK = (255.0, 255.0, 255.0), (0.0, 0.0, 0.0)

Rgb = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Ink:
    """One label's colours on one paper: readable as text, and the tint behind a sentence."""

    text: str
    tint: str


def rgb(color: str) -> Rgb:
    """Read ``#rrggbb``."""
    return (int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16))


def to_hex(color: Rgb) -> str:
    """Write ``#rrggbb``."""
    return "#" + "".join(f"{round(channel):02x}" for channel in color)


def luminance(color: Rgb) -> float:
    """Relative luminance in [0, 1], as WCAG 2.2 defines it."""
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in (part / 255 for part in color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    dark, light = sorted((luminance(rgb(first)), luminance(rgb(second))))
    return (light + 0.05) / (dark + 0.05)


def mix(first: Rgb, second: Rgb, share: float) -> Rgb:
    """Return ``share`` of the first colour over the second."""
    red, green, blue = (
        share * one + (1 - share) * two for one, two in zip(first, second, strict=True)
    )
    return (red, green, blue)


def readable(color: str, papers: Sequence[str], least: float = TEXT_CONTRAST) -> str:
    """Move ``color`` towards black or white until it contrasts with every paper.

    The papers are to be all light or all dark; the most contrasting end is returned where
    even that does not reach ``least``.
    """
    end = _BLACK if luminance(rgb(papers[0])) > 0.18 else _WHITE
    moved = color
    for step in range(_STEPS + 1):
        moved = to_hex(mix(end, rgb(color), step / _STEPS))
        if min(contrast(moved, paper) for paper in papers) >= least:
            break
    return moved


def inks(label: Label) -> dict[str, Ink]:
    """Return a label's colours for the light and the dark scheme."""
    found = {}
    for scheme, paper in PAPER.items():
        tint = to_hex(mix(rgb(label.color), rgb(paper), _TINT[scheme]))
        found[scheme] = Ink(readable(label.color, [paper, tint]), tint)
    return found


def variables(labels: Mapping[str, Sequence[Label]], scheme: str) -> str:
    """Return CSS declarations: ``--stance-0`` and ``--stance-0-tint`` for every label."""
    lines = []
    for task, entries in labels.items():
        for at, label in enumerate(entries):
            ink = inks(label)[scheme]
            lines.append(f"--{task}-{at}: {ink.text}; --{task}-{at}-tint: {ink.tint};")
    return "\n".join(lines)
