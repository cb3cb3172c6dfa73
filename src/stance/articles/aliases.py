"""A user's own table of actors: aliases, affiliation and side, read from YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stance.errors import ConfigError
from stance.files import read_yaml


@dataclass(frozen=True, slots=True)
class AliasTable:
    """A user's own names: alias (casefolded) to canonical actor, and what is known of each."""

    names: Mapping[str, str] = field(default_factory=dict)
    affiliation: Mapping[str, str] = field(default_factory=dict)
    side: Mapping[str, str] = field(default_factory=dict)

    def canonical(self, name: str) -> str | None:
        """The table's name for ``name``, or ``None`` where it has none."""
        return self.names.get(name.casefold())


def read_aliases(path: str | Path) -> AliasTable:
    """An alias table from YAML: a list of ``name``, ``aliases``, ``affiliation``, ``side``.

    Raises ``ConfigError`` for a file that is not such a list, or that gives one alias to two
    actors.
    """
    path = Path(path)
    rows = read_yaml(path)
    if not isinstance(rows, list):
        raise ConfigError(f"{path}: must be a list of actors, each with name and aliases")
    names: dict[str, str] = {}
    known: dict[str, dict[str, str]] = {"affiliation": {}, "side": {}}
    for number, row in enumerate(rows, start=1):
        name, aliases = _alias_row(row, number, path)
        for alias in (name, *aliases):
            other = names.setdefault(alias.casefold(), name)
            if other != name:
                raise ConfigError(f"{path}: alias {alias!r} belongs to {other!r} and to {name!r}")
        for what, table in known.items():
            if row.get(what):
                table[name] = str(row[what])
    return AliasTable(names, known["affiliation"], known["side"])


def _alias_row(row: Any, number: int, path: Path) -> tuple[str, list[str]]:
    allowed = {"name", "aliases", "affiliation", "side"}
    if not isinstance(row, dict) or not isinstance(row.get("name"), str) or not row["name"].strip():
        raise ConfigError(f"{path}: actor {number} needs a name, a non-empty text")
    unknown = set(row) - allowed
    if unknown:
        raise ConfigError(
            f"{path}: actor {number} has {sorted(map(str, unknown))[0]!r}; "
            f"allowed are {', '.join(sorted(allowed))}"
        )
    aliases = row.get("aliases") or []
    if not isinstance(aliases, list) or not all(
        isinstance(alias, str) and alias.strip() for alias in aliases
    ):
        raise ConfigError(f"{path}: aliases of {row['name']!r} must be a list of texts, none empty")
    return row["name"], aliases
