"""Files as this project wants them: strict YAML in, atomic writes out, hashes, safe names."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import yaml

from stance.errors import ConfigError, InputError

_CHUNK = 1 << 20
_MAX_YAML_NODES = 20_000
_MAX_YAML_BYTES = 4 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


# -- where things are ---------------------------------------------------------------------


def bundled(relative: str) -> Path:
    """Find a file that ships with the project, installed or in a checkout.

    A wheel carries ``configs/`` and ``data/`` inside the package; an editable install reads
    them where the repository keeps them.
    """
    package = Path(__file__).resolve().parent
    for root in (package / "_bundled", package.parents[1]):
        if (root / relative).exists():
            return root / relative
    raise InputError(f"{relative} does not ship with stance; reinstall it, or give a path")


def resolve(path: str | Path) -> Path:
    """Return ``path`` as the caller means it: where it is, else the bundled file of that name."""
    path = Path(path)
    if path.exists() or path.is_absolute():
        return path
    try:
        return bundled(str(path))
    except InputError:
        return path


def safe_child(parent: Path, name: str) -> Path:
    """Return ``parent/name`` for a plain name that cannot leave ``parent``.

    Raises:
        InputError: the name is not 1–100 letters, digits, ``.``, ``_`` or ``-``, or a link
            of that name leads outside.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"name {name[:60]!r} is not usable; take 1 to 100 letters, digits, '.', '_' or '-', "
            "starting with a letter or digit"
        )
    child = parent / name
    if not child.resolve().is_relative_to(parent.resolve()):
        raise InputError(f"{child} leads outside {parent}; remove the link or take another name")
    return child


# -- the hub ------------------------------------------------------------------------------

HUB_SECONDS = 5.0
"""How long the hub may take to say anything; its own client waits for minutes."""


def require_hub() -> None:
    """Ask the hub for a sign of life before a client of many retries is let loose on it.

    Raises:
        InputError: it refuses, or says nothing in time.
    """
    import urllib.error
    import urllib.request

    address = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, method="HEAD"), timeout=HUB_SECONDS
        ):
            return
    except urllib.error.HTTPError:
        return  # it speaks; what it says of one model or another is the client's to read
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise InputError(f"the hub at {address} does not answer ({reason}); try again") from None


# -- hashes -------------------------------------------------------------------------------


def sha256_file(path: Path) -> str:
    """Hash a file's bytes; memory stays constant."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def sha256_text(text: str) -> str:
    """Hash a text as it lies in a file: UTF-8, one character a line end."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def sha256_json(value: Any) -> str:
    """Hash a JSON-like value independent of key order and white space."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


# -- writing ------------------------------------------------------------------------------


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling that takes ``path``'s place when the block succeeds.

    Readers see the old file or the new one, never half of one; a failure leaves the old. A link
    is followed, so that it stays one; a device or a pipe is written to, never replaced.

    Raises:
        InputError: nothing can be written there; says why.
    """
    path = path.resolve() if path.is_symlink() else path
    require_writable(path)
    if path.exists() and not path.is_file():
        with tempfile.TemporaryDirectory() as elsewhere:
            temporary = Path(elsewhere) / (path.name + path.suffix)
            temporary.touch()
            yield temporary
            with temporary.open("rb") as source, path.open("wb") as out:
                shutil.copyfileobj(source, out)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _sync(temporary)
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def require_writable(path: Path) -> None:
    """Say before the work what would only fail after it.

    Raises:
        InputError: ``path`` is a folder, or the place it lies in is none or is read-only.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name a file to write")
    if path.exists() and not path.is_file():
        return
    place = path.parent
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise InputError(f"{path}: {place} is a file, not a folder to write in")
    if not os.access(place, os.W_OK | os.X_OK):
        raise InputError(f"{path}: {place} is read-only; write elsewhere")


def require_apart(output: Path, inputs: Iterable[str | Path]) -> None:
    """Refuse an output that is an input, or that the next reading of an input would find.

    Raises:
        InputError: it would overwrite what it is made from, or lie in a folder of inputs.
    """
    if output.exists() and not output.is_file():
        return
    target = output.resolve()
    for given in inputs:
        source = Path(given)
        if not source.exists():
            continue
        if source.is_dir():
            if target.is_relative_to(source.resolve()):
                raise InputError(
                    f"{output}: lies in the input folder {source}, whose next reading would take "
                    "it for an input; write elsewhere"
                )
        elif target == source.resolve() or (target.exists() and target.samefile(source)):
            raise InputError(f"{output}: is the input {source} too; write to another file")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling folder that takes ``path``'s place when the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    temporary.chmod(0o755)
    try:
        yield temporary
        for item in temporary.rglob("*"):
            if item.is_file():
                _sync(item)
        if path.exists():
            retired = Path(tempfile.mkdtemp(prefix=f".{path.name}.old.", dir=path.parent))
            path.replace(retired / path.name)
            temporary.replace(path)
            shutil.rmtree(retired)
        else:
            temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _sync(path: Path) -> None:
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


def write_text(path: Path, text: str) -> None:
    """Write text atomically, as UTF-8 and with ``\\n`` line ends."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON atomically."""
    write_text(path, json.dumps(finite(value), indent=2, ensure_ascii=False) + "\n")


def write_yaml(path: Path, value: Any) -> None:
    """Write plain data as YAML, keys in their order, atomically."""
    write_text(path, yaml.safe_dump(value, sort_keys=False, allow_unicode=True))


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write one JSON object a line, atomically; return how many."""
    count = 0
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as handle:
        for row in rows:
            handle.write(json.dumps(finite(row), ensure_ascii=False) + "\n")
            count += 1
    return count


def finite(value: Any) -> Any:
    """Replace numbers that JSON has no words for (NaN, infinities) by null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value


def read_json(path: Path) -> Any:
    """Read a JSON file, or say in one line why not."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path}: not valid JSON ({error})") from None


# -- strict YAML --------------------------------------------------------------------------


class _StrictLoader(yaml.SafeLoader):
    """YAML 1.2 scalars, no duplicate keys, no tags, no aliases.

    YAML 1.1 as PyYAML reads it turns the label ``no`` into False, ``1e-5`` into a string,
    ``007`` into 7 and ``1:30`` into 90; a label set or a learning rate must survive.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not allowed")
        self._count = getattr(self, "_count", 0) + 1
        if self._count > _MAX_YAML_NODES:
            raise yaml.YAMLError(f"more than {_MAX_YAML_NODES} values")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.YAMLError("keys must be plain words")
            if key.value in seen:
                raise yaml.YAMLError(f"key {key.value!r} stands twice")
            seen.add(key.value)
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan",
        "-+0123456789.",
    ),
):
    _StrictLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}",
        re.compile(rf"^(?:{_pattern})$"),
        list(_first.replace("\0", "")),
    )
_StrictLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^$"), [""])


def parse_yaml(text: str, *, source: str) -> Any:
    """Parse one strict YAML document; ``source`` names it in errors.

    Raises:
        ConfigError: tags, aliases, duplicate keys, too much of anything, or bad syntax.
    """
    if len(text) > _MAX_YAML_BYTES:
        raise ConfigError(f"{source}: larger than {_MAX_YAML_BYTES >> 20} MB")
    try:
        return yaml.load(text, Loader=_StrictLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{source}{where}: {problem}") from None


def read_yaml(path: Path) -> Any:
    """Read one strict YAML file."""
    return parse_yaml(read_yaml_text(path), source=str(path))


def read_yaml_text(path: Path) -> str:
    """Read what a person wrote for ``parse_yaml``, as it stands.

    Raises:
        ConfigError: there is no such file, or it is no text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (UnicodeDecodeError, IsADirectoryError) as error:
        raise ConfigError(f"{path}: not a UTF-8 text file ({error})") from None


# -- CSV ----------------------------------------------------------------------------------

_FORMULA = re.compile(r"(?:\A|(?<=[\r\n]))(?=[=+\-@\t\r])")


def spreadsheet_safe(value: Any) -> Any:
    """Put an apostrophe before a cell or a line of it that a spreadsheet would run as a formula."""
    if isinstance(value, str):
        return _FORMULA.sub("'", value.encode("utf-8", "replace").decode("utf-8"))
    return value


class CsvWriter:
    """Writes records that read back as as many rows, whatever line ends a cell holds.

    The standard writer quotes only the line end that it writes itself, so that a lone carriage
    return in a cell would begin a row.
    """

    def __init__(self, out: IO[str]) -> None:
        self._plain = csv.writer(out, lineterminator="\n")
        self._quoted = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)

    def writerow(self, cells: Sequence[Any]) -> None:
        torn = any(isinstance(cell, str) and "\r" in cell for cell in cells)
        (self._quoted if torn else self._plain).writerow(cells)
