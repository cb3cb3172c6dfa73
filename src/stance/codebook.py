"""The label set as data: names, order, definitions, colours, groupings and crosswalks.

A label's id is its position in the codebook and nowhere else, so the ids are the same in
every split, model and report even where a split lacks a class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rapidfuzz.process import extractOne

from stance.errors import ConfigError, InputError
from stance.files import bundled, read_yaml, sha256_json

STANCE = "stance"
SENTIMENT = "sentiment"
TASKS = (STANCE, SENTIMENT)
"""The two questions asked of every row; a codebook answers the first and may answer the second."""


def nearest(word: str, allowed: Sequence[str]) -> str | None:
    """Return the allowed word most like ``word``, or None where nothing is alike."""
    found = extractOne(word.lower(), allowed, processor=str.lower, score_cutoff=60)
    return found[0] if found else None


def suggest(word: str, allowed: Sequence[str]) -> str:
    """Say what may have been meant: ``did you mean 'x'?`` or the list of what is allowed."""
    near = nearest(word, allowed)
    return f"did you mean {near!r}?" if near else f"allowed: {', '.join(allowed)}"


@dataclass(frozen=True, slots=True)
class Label:
    """One label and what a reader, a chart and a crosswalk need to know of it."""

    name: str
    definition: str
    example: str = ""
    near_miss: str = ""
    relation: str = ""
    color: str = "#7f8c8d"
    crosswalk: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LabelSet:
    """The labels of one task, in the order that defines their ids."""

    task: str
    labels: tuple[Label, ...]
    default: str

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    def __len__(self) -> int:
        return len(self.labels)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> Label:
        return self.labels[self.id(name)]

    def id(self, name: str) -> int:
        """Return the label's id.

        Raises:
            InputError: the name is not a label; names the nearest one.
        """
        try:
            return self.names.index(name)
        except ValueError:
            raise InputError(
                f"{name!r} is not a {self.task} label; {suggest(name, self.names)}"
            ) from None


@dataclass(frozen=True, slots=True)
class Official:
    """The score that a corpus's published results are given in, where it is not macro-F1.

    ``f_avg`` is the mean F1 of the two stances ``labels``; rows of other labels count through
    the errors they cause (``evaluation.scores.f_avg_of``). Targets are pooled.
    """

    metric: str
    labels: Sequence[str]

    @property
    def title(self) -> str:
        return {"f_avg": "F-avg"}[self.metric]


@dataclass(frozen=True, slots=True)
class Codebook:
    """A project's labels, with the hash that every trained model carries."""

    name: str
    version: int
    stance: LabelSet
    sentiment: LabelSet | None
    relations: tuple[str, ...]
    sha256: str
    official: Official | None = None

    @property
    def tasks(self) -> dict[str, LabelSet]:
        """The label sets by task, stance first."""
        sets = {STANCE: self.stance}
        if self.sentiment is not None:
            sets[SENTIMENT] = self.sentiment
        return sets

    @property
    def classes(self) -> dict[str, tuple[str, ...]]:
        """Label names by task: what a classifier's ``classes_`` must equal."""
        return {task: labels.names for task, labels in self.tasks.items()}

    def relation_ids(self) -> tuple[int, ...]:
        """Map each stance id to the id of its relation (empty where there are no relations)."""
        if not self.relations:
            return ()
        return tuple(self.relations.index(label.relation) for label in self.stance.labels)

    def crosswalk(self, scheme: str) -> dict[str, tuple[str, ...]]:
        """Map each code of another scheme to the stances that stand for it, in label order."""
        codes: dict[str, tuple[str, ...]] = {}
        for label in self.stance.labels:
            for code in label.crosswalk.get(scheme, ()):
                codes[code] = (*codes.get(code, ()), label.name)
        return codes


# -- reading ------------------------------------------------------------------------------


class _LabelEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    name: Annotated[str, Field(min_length=1, max_length=60)]
    definition: str = ""
    example: str = ""
    near_miss: str = ""
    relation: str = ""
    color: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] = "#7f8c8d"
    default: bool = False
    crosswalk: dict[str, list[str]] = {}


class _OfficialEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    metric: Literal["f_avg"]
    labels: Annotated[list[str], Field(min_length=2, max_length=2)]


class _CodebookEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    name: str
    version: Literal[1]
    relations: list[str] = []
    official: _OfficialEntry | None = None
    stance: Annotated[list[_LabelEntry], Field(min_length=2)]
    sentiment: list[_LabelEntry] | None = None


def describe_errors(error: ValidationError, allowed: Sequence[str] = ()) -> str:
    """Put pydantic's findings in one line, each with its place."""
    parts = []
    for item in error.errors():
        place = ".".join(str(step) for step in item["loc"]) or "top level"
        if item["type"].startswith("union_tag"):
            parts.append(f"{place}: unknown or missing kind (got {str(item['input'])[:60]!r})")
        elif item["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
            key = str(item["loc"][-1])
            near = nearest(key, allowed) if allowed else None
            parts.append(f"unknown key {place!r}" + (f" (did you mean {near!r}?)" if near else ""))
        else:
            value = "" if item["type"] == "missing" else f" (got {str(item['input'])[:60]!r})"
            parts.append(f"{place}: {item['msg'][0].lower()}{item['msg'][1:]}{value}")
    return "; ".join(parts)


def load_codebook(path: str | Path | None = None) -> Codebook:
    """Read a codebook, the bundled one where no path is given.

    Raises:
        ConfigError: the file is not a codebook; names every offending place.
    """
    path = Path(path) if path else bundled("configs/codebook.yaml")
    return parse_codebook(read_yaml(path), source=str(path))


def parse_codebook(raw: Any, *, source: str) -> Codebook:
    """Build a codebook from parsed YAML; ``source`` names it in errors."""
    keys = [
        key for part in (_LabelEntry, _OfficialEntry, _CodebookEntry) for key in part.model_fields
    ]
    try:
        entry = _CodebookEntry.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(f"{source}: {describe_errors(error, keys)}") from None
    for item in entry.stance:
        if entry.relations and item.relation not in entry.relations:
            raise ConfigError(
                f"{source}: stance {item.name!r} has relation {item.relation!r}; "
                f"{suggest(item.relation, entry.relations)}"
            )
    return Codebook(
        name=entry.name,
        version=entry.version,
        stance=_label_set(STANCE, entry.stance, source),
        sentiment=_label_set(SENTIMENT, entry.sentiment, source) if entry.sentiment else None,
        relations=tuple(entry.relations),
        sha256=sha256_json(raw),
        official=_official(entry, source),
    )


def _official(entry: _CodebookEntry, source: str) -> Official | None:
    if entry.official is None:
        return None
    names, wanted = [item.name for item in entry.stance], entry.official.labels
    for name in wanted:
        if name not in names:
            raise ConfigError(
                f"{source}: official.labels: {name!r} is not a stance; {suggest(name, names)}"
            )
    if len(set(wanted)) != len(wanted):
        raise ConfigError(f"{source}: official.labels: {wanted[0]!r} stands twice")
    return Official(entry.official.metric, tuple(wanted))


def _label_set(task: str, entries: Sequence[_LabelEntry], source: str) -> LabelSet:
    names = [entry.name for entry in entries]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"{source}: {task} label {twice[0]!r} stands twice")
    defaults = [entry.name for entry in entries if entry.default]
    if len(defaults) > 1:
        raise ConfigError(f"{source}: {task} has several default labels: {', '.join(defaults)}")
    labels = tuple(Label(**entry.model_dump(exclude={"default"})) for entry in entries)
    return LabelSet(task, labels, defaults[0] if defaults else names[-1])
