"""The edge to the terminal: texts are shown, and steer nothing."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text
from typer.testing import CliRunner

from stance.cli import console
from stance.cli.console import visible
from stance.cli.main import app
from stance.config import load_config
from stance.errors import ConfigError

STEER = "Orsk \x1b[2J\x1b]0;title\x07 and \x9b31m Velm\x7f"


def test_controls_are_shown_and_not_sent() -> None:
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in visible(STEER))
    assert visible("two\nlines\tin “quotes” é") == "two\nlines\tin “quotes” é"


def test_tables_neutralise_texts_and_keep_their_own_styles() -> None:
    out = io.StringIO()
    terminal = type(console.out)(file=out, force_terminal=True, width=100)
    table = Table()
    table.add_column("who")
    table.add_row(Text(STEER, style="bold"))
    terminal.print(table)
    shown = out.getvalue()
    assert "\x1b[1m" in shown  # ours
    assert "\x1b[2J" not in shown
    assert "\x1b]0" not in shown
    assert "\x9b" not in shown


def test_refusals_neutralise_names(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stance", "label", f"{tmp_path}/\x1b[31mno.txt"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert "\x1b" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_input_is_never_overwritten(tmp_path: Path) -> None:
    article = tmp_path / "a.txt"
    article.write_text("Ane Ruud condemned the toll.")
    for arguments in (
        [str(article), "-o", str(article), "--json"],
        [str(tmp_path), "-o", str(tmp_path / "rows.csv"), "-f", "csv"],
    ):
        done = CliRunner().invoke(app, ["label", *arguments])
        assert done.exit_code != 0
        assert "input" in str(done.exception)
    assert article.read_text() == "Ane Ruud condemned the toll."
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_place_is_said_before_the_work(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    done = CliRunner().invoke(app, ["label", "-", "-o", str(tmp_path / "x.csv"), "-f", "csv"])
    assert "read-only" in str(done.exception)


@pytest.mark.parametrize("name", ["../../x", "/x", "a/b", "", ".x", "x" * 101, "a\x00b"])
def test_models_have_names_that_stay_inside(tmp_path: Path, name: str) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(
        "name: t\ndata: {path: rows.csv}\nmodels:\n  " + repr(name).replace("'", '"')
        + ": {kind: majority}\n"
    )  # fmt: skip
    with pytest.raises(ConfigError):
        load_config(path)
