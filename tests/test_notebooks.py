"""Every notebook runs from top to bottom and was committed with its outputs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import stance

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))
QUESTIONS = (
    "1-who-says-what", "2-what-is-in-the-corpus", "3-baselines-or-transformer",
    "4-where-does-it-fail", "5-bring-your-own-labels", "6-cross-corpus",
)  # fmt: skip
_OF_A_MACHINE = re.compile(r"(?<![\w.:/])/(?:tmp|home|root|work|Users|usr|var|mnt)/")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STANCE_CORPORA", raising=False)
    # In a folder of its own: what it finds must ship with the package.
    notebook = _executed(path, tmp_path)
    assert _noise(notebook) == []


def test_cross_corpus_measures_where_the_corpora_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STANCE_CORPORA", str(_corpora(tmp_path / "corpora")))
    quick = ["behaviour=false", "bootstrap.resamples=100"]
    stance.run("configs/default.yaml", quick, models=["majority"], runs=tmp_path / "runs")
    (tmp_path / "notebooks").mkdir()
    notebook = _executed(NOTEBOOKS[-1], tmp_path / "notebooks")
    assert _noise(notebook) == []
    said = notebook.cells[-1].outputs[0].data["text/markdown"]
    assert "NewsMTSC, macro-F1: majority trained here" in said
    assert "PLOVER: on 10 rows whose code our codebook maps, an expected stance in 0%" in said
    assert "praised" not in json.dumps(notebook.cells[-8:]), "a sentence of a corpus is shown"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_is_committed_executed_and_small(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1)), "run `make notebooks`"
    assert path.stat().st_size < 300_000
    assert all(
        len(cell.source.splitlines()) <= 25 for cell in notebook.cells if cell.cell_type == "code"
    )
    assert _noise(notebook) == []
    outputs = json.dumps([cell.get("outputs", []) for cell in notebook.cells])
    assert not _OF_A_MACHINE.search(outputs), "an output names a place of one machine"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_first_cell_asks_and_last_cell_answers(path: Path) -> None:
    first, *_, last = nbformat.read(path, as_version=4).cells
    assert first.cell_type == "markdown"
    for part in ("**Question.**", "**Reads**", "**Answer.**"):
        assert part in first.source
    assert last.cell_type == "code"
    assert last.outputs


def test_every_question_has_its_notebook() -> None:
    assert tuple(path.stem for path in NOTEBOOKS) == QUESTIONS


def _executed(path: Path, folder: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    return notebook


def _corpora(folder: Path) -> Path:
    """Write invented rows in the published forms; no two sentences are near-copies."""
    (folder / "plover").mkdir(parents=True)
    (folder / "newsmtsc").mkdir()
    lines = ["sentence\tmarked_sentence\tsource\ttarget\tgold_root"]
    polar = []
    for at in range(40):
        text = f"Aral{at} praised Bel{at} over kip{at} in lun{at}."
        root = ("ACCUSE", "ASSAULT", "AID", "SUPPORT")[at % 4] if at < 20 else "AID"
        lines.append(f"{text}\t{text}\tAral{at}\tBel{at}\t{root}")
        polar.append(
            {
                "sentence": text,
                "mention": f"Aral{at}",
                "from": 0,
                "to": len(f"Aral{at}"),
                "polarity": at % 3 - 1,
                "id": f"allsides_{at}_1",
            }
        )
    (folder / "plover" / "PLV_train.tsv").write_text("\n".join(lines) + "\n")
    (folder / "newsmtsc" / "train.jsonl").write_text("\n".join(map(json.dumps, polar)) + "\n")
    return folder


def _noise(notebook: nbformat.NotebookNode) -> list[str]:
    """Return what the cells wrote to standard error: warnings, progress bars."""
    return [
        output.text
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream" and output.name == "stderr"
    ]
