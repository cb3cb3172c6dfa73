"""The pages' commands run as they are written, in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#]+)\)")


def _blocks(page: Path) -> str:
    return "\n".join(_BLOCK.findall(page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", [page for page in PAGES if _blocks(page)], ids=lambda p: p.name)
def test_commands_run_in_an_empty_folder(page: Path, tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", _blocks(page)],
        cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    if page.name == "README.md":
        head, *rows = (tmp_path / "rows.csv").read_text(encoding="utf-8").splitlines()
        assert head.startswith("article,sentence,start,end,text,actor")
        assert any("Irsa Calloway" in row for row in rows)
        assert "<svg" in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_paths_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in _LINK.findall(text):
        if "://" not in link:
            assert (page.parent / link).exists(), link
    if page.name != "log.md":  # whose paths are those of their day
        for path in re.findall(r"`((?:configs|data|docs|benchmarks|tests|src)/[\w./-]+)`", text):
            assert (ROOT / path).exists(), path
