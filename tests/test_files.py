"""Strict YAML, names that stay inside, writes that are whole."""

from __future__ import annotations

import csv
import io
import json
import os
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from stance.corpus.tables import read_rows
from stance.errors import ConfigError, InputError
from stance.files import (
    CsvWriter,
    atomic_folder,
    atomic_path,
    parse_yaml,
    require_apart,
    require_hub,
    safe_child,
    spreadsheet_safe,
    write_json,
    write_text,
)
from stance.models.transformer.backbone import find_backbone


def test_yaml_scalars_survive() -> None:
    text = "a: no\nb: 1e-5\nc: 007\nd: NA\ne: 1:30\nf: 2031-04-12\ng: 3\nh: true\ni:\n"
    assert parse_yaml(text, source="t") == {
        "a": "no", "b": 1e-5, "c": "007", "d": "NA", "e": "1:30", "f": "2031-04-12",
        "g": 3, "h": True, "i": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a: 1\na: 2", "'a' stands twice"),
        ("a: !!python/object/apply:os.system ['true']", "tag"),
        ("a: &x [1]\nb: *x", "aliases"),
        ("[" * 3000, "recursion"),
        ("a: [", "line 1"),
        ("x:\n" + "".join(f" - {n}\n" for n in range(30_000)), "more than"),
    ],
)
def test_yaml_refuses_in_one_line(text: str, named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, source="file.yaml")
    assert named in str(caught.value)
    assert str(caught.value).startswith("file.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a\0b", "x" * 300, "", ".", ".hidden", "a/b"])
def test_names_cannot_leave(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        safe_child(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_outward_link_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "link").symlink_to(outside)
    with pytest.raises(InputError, match="leads outside"):
        safe_child(tmp_path / "runs", "link")


def test_failed_write_leaves_the_old(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["a.txt"]


def test_failed_folder_leaves_the_old(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    with atomic_folder(folder) as temporary:
        (temporary / "w").write_text("old")
    with pytest.raises(RuntimeError), atomic_folder(folder) as temporary:
        (temporary / "w").write_text("half")
        raise RuntimeError
    assert (folder / "w").read_text() == "old"
    with atomic_folder(folder) as temporary:
        (temporary / "w").write_text("new")
    assert (folder / "w").read_text() == "new"
    assert [item.name for item in tmp_path.iterdir()] == ["model"]


# -- what must not be overwritten ---------------------------------------------------------------


def test_a_link_stays_a_link_and_its_file_is_written(tmp_path: Path) -> None:
    target, link = tmp_path / "kept" / "rows.csv", tmp_path / "link.csv"
    target.parent.mkdir()
    target.write_text("old")
    link.symlink_to(target)
    write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True)
    write_text(pipe, "one line\n")
    assert reader.communicate(timeout=20)[0] == "one line\n"
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_the_null_device_survives() -> None:
    write_text(Path("/dev/null"), "nothing")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_modes_follow_the_umask_and_the_old_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "new.txt", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new.txt").stat().st_mode) == 0o640
    (tmp_path / "new.txt").chmod(0o600)
    write_text(tmp_path / "new.txt", "y")
    assert stat.S_IMODE((tmp_path / "new.txt").stat().st_mode) == 0o600


def test_places_that_are_none_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a folder"):
        write_text(tmp_path, "x")
    with pytest.raises(InputError, match="file is a file, not a folder"):
        write_text(tmp_path / "file" / "rows.csv", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_output_is_no_input(tmp_path: Path) -> None:
    article, folder = tmp_path / "a.txt", tmp_path / "articles"
    article.write_text("Orsk.")
    folder.mkdir()
    (tmp_path / "same.txt").hardlink_to(article)
    for output in (article, tmp_path / "same.txt", folder / ".." / "a.txt"):
        with pytest.raises(InputError, match="is the input"):
            require_apart(output, [article])
    with pytest.raises(InputError, match="lies in the input folder"):
        require_apart(folder / "deep" / "rows.csv", [folder])
    require_apart(tmp_path / "rows.csv", [article, folder, "-"])
    require_apart(Path("/dev/null"), ["/dev"])


def test_no_cell_tears_a_row_or_starts_a_formula() -> None:
    cells = ["a\r=2+5", "=1", "b\n@x", "plain - dash", "\r-3", 4, -5]
    out = io.StringIO(newline="")
    writer = CsvWriter(out)
    writer.writerow([spreadsheet_safe(cell) for cell in cells])
    writer.writerow(["next"])
    (first, second) = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert first == ["a\r'=2+5", "'=1", "b\n'@x", "plain - dash", "'\r'-3", "4", "-5"]
    assert second == ["next"]


def test_json_has_no_nan(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"x": [float("nan"), 1.5, {"y": float("inf")}]})
    strict = json.loads((tmp_path / "a.json").read_text(), parse_constant=pytest.fail)
    assert strict == {"x": [None, 1.5, {"y": None}]}


# -- a hub that says nothing ----------------------------------------------------------------------


def test_a_silent_hub_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # accepts, and never answers
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setenv("HF_ENDPOINT", address)
        monkeypatch.setattr("stance.files.HUB_SECONDS", 0.3)
        for ask in (
            require_hub,
            lambda: find_backbone("somebody/no-such-encoder", download=True),
            lambda: list(read_rows("somebody/no-such-rows", download=True)),
        ):
            with pytest.raises(InputError, match=r"127\.0\.0\.1.* does not answer"):
                ask()
