"""Word lists kept as data: ``[section]`` lines, then words; ``#`` opens a comment."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def sections(name: str) -> Mapping[str, tuple[str, ...]]:
    """The lines of each section of a bundled file, read once."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in bundled(name).split("\n"):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            section = line.strip("[]")
            found[section] = []
        else:
            found[section].append(line)
    return {section: tuple(lines) for section, lines in found.items()}


def bundled(name: str) -> str:
    """The text of a data file that lies beside these modules."""
    return (files("stance.articles") / name).read_text(encoding="utf-8")


def words(section: str) -> frozenset[str]:
    """The words of one section of ``words.txt``."""
    return frozenset(" ".join(sections("words.txt")[section]).split())
