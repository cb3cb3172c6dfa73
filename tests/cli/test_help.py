"""What `--help` shows: every command, all of each text, and no word twice."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from itertools import pairwise
from typing import Any

import pytest
from rich.text import Text
from typer.main import get_command
from typer.testing import CliRunner

from stance.cli.main import app


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from _commands(inner, (*path, name))


COMMANDS = dict(_commands(get_command(app)))


def _shown(*path: str) -> str:
    done = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_no_text_is_eaten_as_markup(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    for text in (command.help, *(getattr(param, "help", None) for param in command.params)):
        assert Text.from_markup(text or "").plain == (text or "").replace("\\[", "[")


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_no_metavar_repeats_the_name_beside_it(path: tuple[str, ...]) -> None:
    text = _shown(*path)
    assert "......" not in text
    for line in text.splitlines():
        if "<" not in line:
            continue
        words = [word.strip("{}<>.[]*").casefold() for word in line.strip("│ ").split()]
        assert all(one != other for one, other in pairwise(words) if one.isalpha()), line


def test_the_extra_is_named_whole() -> None:
    assert "stance-news[tune]" in _shown("tune")


def test_version_is_said() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert done.output.strip() == f"stance-news {version('stance-news')}"


def test_attribution_has_commands_of_its_own_and_no_other_way() -> None:
    assert ("attribution", "train") in COMMANDS
    assert ("attribution", "score") in COMMANDS
    evaluate = {param.name for param in COMMANDS["evaluate",].params}
    assert not evaluate & {"split", "html", "tagger", "rules"}
