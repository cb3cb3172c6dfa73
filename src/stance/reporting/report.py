"""A finished run's folder in, its report out."""

from __future__ import annotations

from html import escape
from pathlib import Path

from stance.evaluation.results import Results
from stance.files import read_json, write_text


def write_report(folder: Path) -> Path:
    """Write ``report.html`` of a run folder and return its path."""
    results = Results.from_json(read_json(folder / "results.json"))
    rows = "".join(
        f"<tr><td>{escape(item.task)}<td>{escape(item.model)}<td>{item.scores['macro_f1']:.3f}"
        for item in results.models
    )
    path = folder / "report.html"
    write_text(path, f"<!doctype html><title>{escape(folder.name)}</title><table>{rows}</table>")
    return path
