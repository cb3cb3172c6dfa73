"""Which settings of a model a search may vary, and between what: plain data, strictly read.

A space names settings as they stand in a model's configuration::

    options.lr: {low: 5e-5, high: 1e-3, log: true}
    options.batch_size: [16, 32]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from stance.codebook import describe_errors, suggest
from stance.errors import ConfigError
from stance.files import parse_yaml, read_yaml

Scalar = bool | int | float | str

_DEFAULTS = """
ngrams:
  c: {low: 0.05, high: 20, log: true}
  learner: [logreg, svm]
  characters: [true, false]
  balanced: [true, false]
frozen:
  c: {low: 1e-4, high: 1, log: true}
transformer:
  options.lr: {low: 5e-5, high: 1e-3, log: true}
  options.epochs: {low: 2, high: 8}
  options.batch_size: [16, 32]
  options.frozen_layers: {low: 0, high: 4}
  options.dropout: {low: 0.0, high: 0.3}
"""


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers between two ends, both included; ``whole`` ones where the setting is an integer."""

    low: float
    high: float
    log: bool
    whole: bool

    @property
    def ends(self) -> tuple[Scalar, Scalar]:
        return (int(self.low), int(self.high)) if self.whole else (self.low, self.high)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values."""

    values: tuple[Scalar, ...]

    @property
    def ends(self) -> tuple[Scalar, ...]:
        return self.values


Space = Mapping[str, Range | Choice]
"""What may vary, by the setting's dotted place in the model's configuration."""


class _RangeEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    low: float
    high: float
    log: bool = False


_Entry = _RangeEntry | Annotated[list[Scalar], Field(min_length=1)]
_ENTRIES: TypeAdapter[dict[str, _Entry]] = TypeAdapter(
    Annotated[dict[str, _Entry], Field(min_length=1)]
)


def load_space(path: Path | None, kind: str, entry: Mapping[str, Any]) -> Space:
    """Read a space for a model, the kind's default where no path is given.

    Args:
        entry: the model's full configuration; a setting's present value tells its type.

    Raises:
        ConfigError: not a space, a setting the model does not have, or ends that are no range.
    """
    if path is not None:
        return parse_space(read_yaml(path), entry, source=str(path))
    known = parse_yaml(_DEFAULTS, source="default spaces")
    if kind not in known:
        raise ConfigError(f"a model of kind {kind!r} has nothing to tune; {', '.join(known)} have")
    return parse_space(known[kind], entry, source=f"default space of {kind}")


def parse_space(raw: Any, entry: Mapping[str, Any], *, source: str) -> Space:
    """Check a parsed space against the model's configuration; ``source`` names it in errors."""
    try:
        entries = _ENTRIES.validate_python(raw)
    except ValidationError as error:
        if not isinstance(raw, dict) or not raw:
            raise ConfigError(
                f"{source}: expected setting: {{low: …, high: …}} or [a, b]"
            ) from None
        raise ConfigError(f"{source}: {describe_errors(error, ['low', 'high', 'log'])}") from None
    places = dict(_leaves(entry))
    space: dict[str, Range | Choice] = {}
    for name, item in entries.items():
        if name not in places:
            raise ConfigError(f"{source}: no setting {name!r}; {suggest(name, list(places))}")
        space[name] = (
            _range(name, item, places[name], source)
            if isinstance(item, _RangeEntry)
            else Choice(tuple(item))
        )
    return space


def _range(name: str, item: _RangeEntry, present: Any, source: str) -> Range:
    if isinstance(present, bool) or not isinstance(present, int | float):
        raise ConfigError(f"{source}: {name} is not a number; list its values: [a, b]")
    whole = isinstance(present, int)
    if not item.low < item.high:
        raise ConfigError(f"{source}: {name}: low {item.low:g} is not below high {item.high:g}")
    if item.log and item.low <= 0:
        raise ConfigError(f"{source}: {name}: low {item.low:g} must be above 0 where log is true")
    if whole and not (item.low.is_integer() and item.high.is_integer()):
        raise ConfigError(f"{source}: {name} is a whole number; so must low and high be")
    return Range(item.low, item.high, item.log, whole)


def _leaves(entry: Mapping[str, Any], place: str = "") -> list[tuple[str, Any]]:
    """List the settings that hold a single value, with that value."""
    found: list[tuple[str, Any]] = []
    for key, value in entry.items():
        if isinstance(value, Mapping):
            found += _leaves(value, f"{place}{key}.")
        elif key != "kind" and not isinstance(value, list):
            found.append((f"{place}{key}", value))
    return found


def to_json(space: Space) -> dict[str, Any]:
    """Return the space as JSON types, to be kept beside what was found in it."""
    return {
        name: list(item.values)
        if isinstance(item, Choice)
        else {"low": item.low, "high": item.high, "log": item.log}
        for name, item in space.items()
    }
