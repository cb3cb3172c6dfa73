"""Figures on disk and in the page: one drawing, written as SVG, PNG and inline SVG.

Text is laid out in the font that comes with the plotting library, so the same results give
the same bytes on any machine. In the page, the drawing's few colours become the page's own,
so that a figure follows the dark scheme, and its text is text.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup

from stance.evaluation.resampling import Interval
from stance.report.markup import plain
from stance.report.tables import bounds_of, text_of

INK, MUTED, LINE, ACCENT, PAPER = "#1b1f24", "#5b6470", "#dfe3e8", "#1d5fa8", "#ffffff"
HEAT = "#6fa3dc"  # light enough at full strength for dark text, see style.css for its dark twin
PAGE_COLORS: Mapping[str, str] = {
    INK: "var(--ink)", MUTED: "var(--muted)", LINE: "var(--line)", ACCENT: "var(--accent)",
    PAPER: "var(--paper)", HEAT: "var(--heat)",
}  # fmt: skip
_SVG = "http://www.w3.org/2000/svg"
_LINK = "{http://www.w3.org/1999/xlink}href"
_DPI = 200
_WIDTH = 4.4  # inches; narrow, so that the text stays legible on a phone
_LONGEST = 24
_STYLE: Mapping[str, Any] = {
    "font.family": "DejaVu Sans", "font.size": 8.0, "text.parse_math": False, "text.color": INK,
    "axes.edgecolor": MUTED, "axes.labelcolor": INK, "axes.linewidth": 0.7,
    "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 8.0,
    "xtick.color": MUTED, "ytick.color": MUTED, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
    "xtick.major.size": 3.0, "ytick.major.size": 3.0, "grid.color": LINE, "grid.linewidth": 0.7,
    "axes.axisbelow": True, "figure.facecolor": PAPER, "axes.facecolor": "none",
    "svg.hashsalt": "stance", "legend.frameon": False, "axes.unicode_minus": True,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing with the words that stand in for it.

    ``alt`` says what the figure shows to somebody who cannot see it; ``caption`` what it can
    and cannot be read for. ``colors`` maps colours of the drawing to the page's own.
    """

    name: str
    title: str
    alt: str
    caption: str
    drawing: Any
    colors: Mapping[str, str]


def canvas(height: float, rows: int = 1, **options: Any) -> tuple[Any, Any]:
    """Return an empty drawing of the report's width and ``height`` inches, and its axes."""
    from matplotlib.figure import Figure as Drawing

    drawing = Drawing(figsize=(_WIDTH, height), layout="constrained")
    return drawing, drawing.subplots(rows, 1, **options)


def shorten(name: str) -> str:
    """Cut a name that would leave no room for the drawing."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


@contextmanager
def drawing_style() -> Iterator[None]:
    """Draw in the report's style; the library's own settings are restored afterwards."""
    import matplotlib

    settings: Any = dict(_STYLE)
    with matplotlib.rc_context(settings):
        yield


def _settle(drawing: Any) -> None:
    """Lay a drawing out once, so that every format has the same layout (and costs less)."""
    if drawing.get_layout_engine() is not None:
        drawing.draw_without_rendering()
        drawing.set_layout_engine("none")


def save(figure: Figure, folder: Path) -> None:
    """Write ``NAME.svg`` (text as outlines, for print) and ``NAME.png``."""
    import matplotlib

    with drawing_style(), matplotlib.rc_context({"svg.fonttype": "path"}):
        _settle(figure.drawing)
        figure.drawing.savefig(
            folder / f"{figure.name}.svg", format="svg", metadata={"Date": None, "Creator": None}
        )
        figure.drawing.savefig(
            folder / f"{figure.name}.png", format="png", dpi=_DPI, metadata={"Software": None}
        )


def inline(figure: Figure) -> Markup:
    """Return the drawing as an ``<svg>`` for the page, named and described.

    Identifiers get the figure's name in front, since all figures share one page.
    """
    import matplotlib

    out = io.BytesIO()
    with drawing_style(), matplotlib.rc_context({"svg.fonttype": "none"}):
        _settle(figure.drawing)
        figure.drawing.savefig(
            out, format="svg", transparent=True, metadata={"Date": None, "Creator": None}
        )
    ElementTree.register_namespace("", _SVG)
    root = ElementTree.fromstring(out.getvalue())
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        _localise(element, figure.name)
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    labels = [("title", figure.title), ("desc", figure.alt)]
    for at, (tag, text) in enumerate(labels):
        element = ElementTree.Element(f"{{{_SVG}}}{tag}", {"id": f"{figure.name}-{tag}"})
        element.text = plain(text)
        root.insert(at, element)
    root.attrib |= {"role": "img", "aria-labelledby": f"{figure.name}-title {figure.name}-desc"}
    text = ElementTree.tostring(root, encoding="unicode")
    for color, name in {**figure.colors, **PAGE_COLORS}.items():
        text = re.sub(rf"(?i){color}\b", name, text)
    return Markup(text)


def _localise(element: ElementTree.Element, name: str) -> None:
    target = element.attrib.pop(_LINK, None)
    if target is not None:
        element.attrib["href"] = f"#{name}-{target.removeprefix('#')}"
    for key, value in element.attrib.items():
        if key == "id":
            element.attrib[key] = f"{name}-{value}"
        elif "url(#" in value:
            element.attrib[key] = value.replace("url(#", f"url(#{name}-")
        if key == "style":  # the page's font, which is never wider than the one laid out with
            element.attrib[key] = re.sub(r"'DejaVu Sans'[^;\"]*", "var(--sans)", value)


_ROW = 0.2


def _said(name: str, value: Interval) -> str:
    return f"{name} {text_of(value.estimate, 'score')} {bounds_of(value, 'score')}"


def _whiskers(
    axes: Any, y: float, value: Interval, color: str, *, hollow: bool = False, end: float
) -> None:
    if not (math.isnan(value.low) or math.isnan(value.high)):
        axes.plot([value.low, value.high], [y, y], color=color, linewidth=1.3)
    axes.plot(
        [value.estimate], [y], "o", color=color, markersize=5.2,
        markerfacecolor=PAPER if hollow else color, markeredgewidth=1.3,
    )  # fmt: skip
    axes.text(end, y, text_of(value.estimate, "score"), ha="right", va="center", color=MUTED)


def _rows_axes(axes: Any, names: Sequence[str], top: float, label: str) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, top)
    axes.set_xticks([tick / 10 for tick in range(0, 11, 2) if tick / 10 <= top - 0.1])
    axes.set_xlabel(label)
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _top(values: Sequence[Interval]) -> float:
    """Room for the widest interval and the column of numbers right of it."""
    ends = [value.high if not math.isnan(value.high) else value.estimate for value in values]
    return max(0.3, max(end for end in ends if not math.isnan(end)) + 0.16)
