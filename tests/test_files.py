"""Strict YAML, names that stay inside, writes that are whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from stance.errors import ConfigError, InputError
from stance.files import atomic_folder, atomic_path, parse_yaml, safe_child


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
