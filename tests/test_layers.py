"""Imports point down, and the command line starts without the heavy libraries."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "stance"

# Each room may import rooms of a lower number, and itself; equal numbers not each other.
LEVEL = {
    "errors": 0, "schema": 0, "files": 1, "articles": 2, "codebook": 3, "evaluation": 4,
    "corpus": 5, "estimation": 5, "models": 6, "config": 7, "labelling": 7, "runs": 8,
    "report": 9, "tuning": 10, "packing": 10, "api": 11, "cli": 12, "__init__": 13,
    "__main__": 13,
}  # fmt: skip
CONFIGURED = {"config", "runs", "report", "tuning", "api", "cli"}


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "stance":
            module = node.module or ""
            yield from (
                (f"{module}.{alias.name}" for alias in node.names)
                if module == "stance"
                else [module]
            )
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "stance")


def _own_room(path: Path) -> str:
    relative = path.relative_to(SOURCE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


@pytest.mark.parametrize(
    "path", sorted(SOURCE.rglob("*.py")), ids=lambda p: str(p.relative_to(SOURCE))
)
def test_imports_point_down(path: Path) -> None:
    own = _own_room(path)
    for module in _imports(path):
        room = _room(module)
        assert room in LEVEL, f"{path}: unknown room {room!r}; give it a level"
        assert room == own or LEVEL[room] < LEVEL[own], f"{path}: {own} must not import {module}"
        if room == "config":
            assert own in CONFIGURED, f"{path}: only {CONFIGURED} know the configuration"


def test_every_room_has_a_level() -> None:
    assert {_own_room(path) for path in SOURCE.rglob("*.py")} <= set(LEVEL)


def test_modules_are_short() -> None:
    long = {
        str(path.relative_to(SOURCE)): count
        for path in SOURCE.rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 450
    }
    assert not long


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        (
            "import stance.cli.main",
            ("torch", "transformers", "pandas", "sklearn", "spacy", "numpy.testing"),
        ),
        (
            "import stance.labelling, stance.models.transformer.runtime",
            ("torch", "transformers", "pandas", "sklearn"),
        ),
        ("import stance", ("torch", "numpy", "pydantic")),
    ],
)
def test_start_up_is_light(code: str, absent: tuple[str, ...]) -> None:
    command = f"{code}; import sys; print([m for m in {absent!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
