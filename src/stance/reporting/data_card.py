"""The card beside a run's data: its name, licence and languages, where its makers wrote one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stance.corpus.load import Source
from stance.errors import StanceError
from stance.files import parse_yaml
from stance.runs.read import RunData

OPEN = "To be filled in by the authors."
"""Stands for what no run can know."""
_NAME = "README.md"
_MOST = 200_000  # characters; a card is a page, not a corpus
_FENCE = "---\n"


@dataclass(frozen=True, slots=True)
class DataCard:
    """What a dataset card's header says; empty where it does not."""

    name: str
    license: str
    languages: Sequence[str]


def read_data_card(run: RunData) -> DataCard | None:
    """Read ``README.md`` beside the run's rows, if it opens with a dataset card's header.

    None where there is none, and where the rows are gone or changed: the card is then of others.
    """
    if not run.corpus.examples:
        return None
    data = {key: value for key, value in run.config["data"].items() if key != "test"}
    path = Source(**data).file.parent / _NAME
    try:
        return _parse(path)
    except (StanceError, OSError, UnicodeDecodeError):
        return None


def _parse(path: Path) -> DataCard | None:
    with path.open(encoding="utf-8") as handle:
        text = handle.read(_MOST)
    head, fence, _ = text.removeprefix(_FENCE).partition(f"\n{_FENCE}")
    if not text.startswith(_FENCE) or not fence:
        return None
    found = parse_yaml(head, source=str(path))
    if not isinstance(found, dict) or not {"license", "pretty_name"} & set(found):
        return None
    languages = found.get("language") or []
    return DataCard(
        name=str(found.get("pretty_name") or ""),
        license=str(found.get("license") or ""),
        languages=[languages] if isinstance(languages, str) else [str(one) for one in languages],
    )
