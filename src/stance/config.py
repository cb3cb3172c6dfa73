"""A run's configuration: YAML and ``key=value`` overrides in, one frozen, typed record out.

Strict at the door: an unknown key is an error that names it and the nearest key. Only the
command line, ``experiment`` and ``api`` know this module; everything else takes arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from stance.codebook import describe_errors, suggest
from stance.corpus.divide import BY, FOLDED, Method
from stance.errors import ConfigError
from stance.files import parse_yaml, read_yaml, resolve
from stance.models.abstention import PRECISIONS
from stance.models.store import KINDS
from stance.models.transformer.inputs import InputStyle
from stance.models.transformer.options import TrainingOptions

_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceConfig(_Strict):
    """Which rows, and how their columns and labels map onto ours."""

    path: str
    split: str | None = None
    columns: dict[str, str] = {}
    labels: dict[str, dict[str, str]] = {}
    parts: list[Literal["train", "validation", "test"]] = []


class DataConfig(SourceConfig):
    """The rows to train on and, for ``split.method: cross``, those of another corpus to test.

    ``also`` joins the rows of other tables to them, as with ``parts: [train]`` a corpus that
    only helps to train.
    """

    also: list[SourceConfig] = []
    test: SourceConfig | None = None


class SplitConfig(_Strict):
    """How rows divide; ``corpus.divide`` explains the methods."""

    method: Method = "column"
    group: str = "doc_id"
    by: str = ""
    folds: Annotated[int, Field(ge=2, le=50)] = 5
    repeats: Annotated[int, Field(ge=1, le=50)] = 1
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.1
    test: Annotated[float, Field(gt=0, lt=1)] = 0.2
    salt: str = ""


class BootstrapConfig(_Strict):
    """How intervals are drawn: whole groups, this many times."""

    resamples: Annotated[int, Field(ge=100, le=100_000)] = 2000
    level: Annotated[float, Field(gt=0.5, lt=1)] = 0.95


class MajorityConfig(_Strict):
    kind: Literal["majority"]


class LexiconConfig(_Strict):
    kind: Literal["lexicon"]
    lexicon: str | None = None


class NgramsConfig(_Strict):
    kind: Literal["ngrams"]
    view: Literal["masked", "text", "actor", "target"] = "masked"
    target: bool = False
    learner: Literal["logreg", "svm"] = "logreg"
    characters: bool = True
    c: Annotated[float, Field(gt=0)] = 1.0
    balanced: bool = True
    binary: bool = False
    per: Literal["target"] | None = None


class FrozenConfig(_Strict):
    kind: Literal["frozen"]
    backbone: str = "minilm"
    target: bool = False
    c: Annotated[float, Field(gt=0)] = 1.0
    max_length: Annotated[int, Field(ge=16, le=8192)] = 128


class TransformerConfig(_Strict):
    kind: Literal["transformer"]
    backbone: str = "minilm"
    style: InputStyle = InputStyle()
    options: TrainingOptions = TrainingOptions()


class BlendConfig(_Strict):
    """The mean of other models of the configuration, named in ``of``; it trains nothing.

    ``seeds`` says how many seeds of each go into one: with ``each`` there is a blend for every
    seed, with ``all`` one of all seeds, and with a number one for every seed, of that seed and
    those after it in the list, whose end is followed by its beginning.
    """

    kind: Literal["blend"]
    of: Annotated[list[str], Field(min_length=1)]
    seeds: Literal["each", "all"] | Annotated[int, Field(ge=2)] = "each"


class ChainConfig(_Strict):
    """Another model, named in ``of``, whose answers on neighbouring rows inform each other.

    It trains nothing, and is for rows that stand in the order of their documents (see
    ``models.chain``).
    """

    kind: Literal["chain"]
    of: str


DERIVED = (BlendConfig, ChainConfig)
"""What is put together from other models of the configuration."""

ModelConfig = Annotated[
    MajorityConfig
    | LexiconConfig
    | NgramsConfig
    | FrozenConfig
    | TransformerConfig
    | BlendConfig
    | ChainConfig,
    Field(discriminator="kind"),
]


class RunConfig(_Strict):
    """Everything a run depends on.

    ``precisions`` are those for which each model keeps an abstention threshold (see
    ``models.abstention``); ``stance label --precision`` asks for one of them.
    """

    name: Annotated[str, Field(pattern=_NAME)]
    description: str = ""
    codebook: str = "configs/codebook.yaml"
    data: DataConfig
    split: SplitConfig = SplitConfig()
    seeds: Annotated[list[int], Field(min_length=1)] = [1]
    models: Annotated[dict[Annotated[str, Field(pattern=_NAME)], ModelConfig], Field(min_length=1)]
    bootstrap: BootstrapConfig = BootstrapConfig()
    precisions: list[Annotated[float, Field(gt=0, lt=1)]] = list(PRECISIONS)
    behaviour: bool = True
    threads: Annotated[int, Field(ge=0, le=256)] = 0
    allow_single_class: bool = False

    @field_validator("models", mode="before")
    @classmethod
    def _kind_is_name(cls, value: Any) -> Any:
        """Let ``majority: {}`` stand for a model whose kind is its name."""
        if not isinstance(value, Mapping):
            return value
        models = {}
        for name, entry in value.items():
            entry = {} if entry is None else entry
            if isinstance(entry, Mapping) and "kind" not in entry and name in KINDS:
                entry = {"kind": name, **entry}
            models[name] = entry
        return models

    @model_validator(mode="after")
    def _distinct(self) -> RunConfig:
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError(f"seeds: {self.seeds} repeats a seed")
        if len(set(self.precisions)) != len(self.precisions):
            raise ValueError(f"precisions: {self.precisions} repeats a precision")
        return self

    @model_validator(mode="after")
    def _derivable(self) -> RunConfig:
        whole = {name for name, entry in self.models.items() if not isinstance(entry, DERIVED)}
        there = f"there are {', '.join(sorted(whole)) or 'none'}"
        for name, entry in self.models.items():
            if isinstance(entry, ChainConfig) and entry.of not in whole:
                raise ValueError(
                    f"models.{name}.of: {entry.of!r} is not another model to be read in order; "
                    + there
                )
            if not isinstance(entry, BlendConfig):
                continue
            if len(entry.of) == 1 and entry.seeds == "each":
                raise ValueError(f"models.{name}.of: one model is no blend; name two, or seeds=all")
            if isinstance(entry.seeds, int) and entry.seeds > len(self.seeds):
                raise ValueError(
                    f"models.{name}.seeds: {entry.seeds} seeds cannot be blended of the "
                    f"{len(self.seeds)} in seeds; add seeds, or ask for fewer"
                )
            for member in entry.of:
                if member not in whole or entry.of.count(member) > 1:
                    raise ValueError(
                        f"models.{name}.of: {member!r} is not another model to be blended, each "
                        f"once; {there}"
                    )
        return self

    @model_validator(mode="after")
    def _divisible(self) -> RunConfig:
        if (self.split.method == "cross") != (self.data.test is not None):
            raise ValueError("split.method=cross and data.test.path go together: set both or none")
        if self.split.repeats > 1 and self.split.method not in FOLDED:
            raise ValueError(f"split.repeats: only {', '.join(FOLDED)} can be repeated")
        if self.split.by and self.split.method not in BY:
            raise ValueError(
                f"split.by={self.split.by}: split.method={self.split.method} goes by no column; "
                f"leave it out, or set split.method to {' or '.join(BY)}"
            )
        return self


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> RunConfig:
    """Read a configuration and apply ``a.b=value`` overrides, in order.

    Raises:
        ConfigError: names every offending key, and the nearest one that exists.
    """
    return parse_config(read_settings(path, overrides), source=str(path))


def read_settings(path: str | Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Read a configuration's YAML with its overrides applied, unchecked.

    Raises:
        ConfigError: the file holds no keys, or an override names no place.
    """
    raw = read_yaml(resolve(path))
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: expected keys such as name, data and models")
    for override in overrides:
        _override(raw, override)
    return raw


def parse_config(raw: Mapping[str, Any], *, source: str) -> RunConfig:
    """Check parsed YAML; ``source`` names it in errors."""
    if raw.get("task") == "attribution":
        raise ConfigError(f"{source}: trains a tagger of who says what: `stance attribution train`")
    try:
        return RunConfig.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(f"{source}: {describe_errors(error, _all_keys())}") from None


def _override(raw: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise ConfigError(f"override {override!r} is not of the form key=value")
    place = raw
    *path, last = key.split(".")
    for step in path:
        place = place.setdefault(step, {})
        if place is None or not isinstance(place, dict):
            raise ConfigError(f"override {key!r}: {step!r} holds no keys")
    place[last] = parse_yaml(text, source=f"override {key!r}")


def _all_keys() -> list[str]:
    keys: list[str] = []
    for part in (
        RunConfig, DataConfig, SplitConfig, BootstrapConfig, LexiconConfig, NgramsConfig,
        FrozenConfig, TransformerConfig,
    ):  # fmt: skip
        keys += part.model_fields
    for record in (InputStyle, TrainingOptions):
        keys += record.__dataclass_fields__
    return sorted(set(keys))


def choose_models(config: RunConfig, names: Iterable[str]) -> RunConfig:
    """Keep only the named models, and those that they are put together from.

    Raises:
        ConfigError: a name is not among the configuration's models.
    """
    chosen = list(names)
    for name in chosen:
        if name not in config.models:
            raise ConfigError(f"no model {name!r} here; {suggest(name, list(config.models))}")
    members = [member for name in chosen for member in _members(config.models[name])]
    kept = dict.fromkeys([*members, *chosen])
    return config.model_copy(update={"models": {name: config.models[name] for name in kept}})


def _members(entry: ModelConfig) -> list[str]:
    if isinstance(entry, ChainConfig):
        return [entry.of]
    return list(entry.of) if isinstance(entry, BlendConfig) else []
