"""`stance runs`, `compare` and `tune` as people call them; folders in every state."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from conftest import make_rows, tiny_config
from stance.cli import console
from stance.cli.main import app
from stance.errors import InputError
from stance.files import write_json
from stance.runs.experiment import run
from stance.runs.folder import open_run
from stance.runs.listing import RunStatus, describe_run, list_runs


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with rows, a configuration, and the finished run `tiny` of two models."""
    folder = tmp_path_factory.mktemp("place")
    rows = folder / "rows.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in make_rows()), encoding="utf-8")
    models = {"majority": {}, "svm": {"kind": "ngrams", "learner": "svm"}}
    config = tiny_config(rows, folder, models=models, behaviour=False)
    (folder / "tiny.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json")), "utf-8")
    run(config, root=folder / "runs")
    return folder


@pytest.fixture
def root(finished: Path, tmp_path: Path) -> Path:
    """A copy of the runs that a test may break."""
    shutil.copytree(finished / "runs", tmp_path / "runs")
    return tmp_path / "runs"


def call(*arguments: str, width: int = 160) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(console, "out", Console(width=width))
        return CliRunner().invoke(app, list(arguments))


def test_finished_run_is_described(root: Path) -> None:
    (entry,) = list_runs(root)
    stored = json.loads((root / "tiny" / "results.json").read_text("utf-8"))
    best = max(
        (item for item in stored["models"] if item["task"] == "stance"),
        key=lambda item: item["scores"]["macro_f1"],
    )
    assert entry.status is RunStatus.FINISHED
    assert (entry.best, entry.rows, entry.seeds) == (best["model"], best["n_rows"], (1,))
    assert entry.macro_f1 is not None
    assert entry.macro_f1.estimate == best["intervals"]["macro_f1"]["estimate"]
    assert entry.data.endswith("rows.jsonl")
    assert entry.started.startswith("20")


def _no_results(folder: Path) -> None:
    (folder / "results.json").unlink()


def _half_results(folder: Path) -> None:
    text = (folder / "results.json").read_text("utf-8")
    (folder / "results.json").write_text(text[: len(text) // 2], "utf-8")


def _other_results(folder: Path) -> None:
    write_json(folder / "results.json", {"models": [{"model": 3}], "comparisons": []})


def _list_facts(folder: Path) -> None:
    write_json(folder / "run.json", ["not", "facts"])


def _empty_results(folder: Path) -> None:
    write_json(folder / "results.json", {"models": [], "comparisons": []})


def _half_predictions(folder: Path) -> None:
    data = (folder / "predictions.parquet").read_bytes()
    (folder / "predictions.parquet").write_bytes(data[: len(data) // 2])


def _no_facts(folder: Path) -> None:
    (folder / "run.json").unlink()


def _folder_facts(folder: Path) -> None:
    (folder / "run.json").unlink()
    (folder / "run.json").mkdir()


def _binary_facts(folder: Path) -> None:
    (folder / "run.json").write_bytes(b"\xff\x00\xfe")


@pytest.mark.parametrize(
    ("spoil", "status", "reason"),
    [
        (_no_results, RunStatus.STOPPED, ""),
        (_half_results, RunStatus.BROKEN, "results.json: not valid JSON"),
        (_other_results, RunStatus.BROKEN, "not as a run writes them"),
        (_empty_results, RunStatus.BROKEN, "no results in it"),
        (_list_facts, RunStatus.BROKEN, "not as a run writes them"),
        (_half_predictions, RunStatus.BROKEN, "predictions.parquet is not whole"),
        (_no_facts, RunStatus.BROKEN, "no run.json"),
        (_folder_facts, RunStatus.BROKEN, "run.json"),
        (_binary_facts, RunStatus.BROKEN, "run.json: not valid JSON"),
    ],
)
def test_folders_in_every_state(root: Path, spoil: Any, status: RunStatus, reason: str) -> None:
    spoil(root / "tiny")
    entry = describe_run(root / "tiny")
    assert entry.status is status
    assert reason in entry.reason
    assert bool(entry.reason) == (status is RunStatus.BROKEN)
    done = call("runs", "--runs", str(root))
    assert done.exit_code == 0, done.output
    assert status.value in done.output


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="no table of locks here")
def test_a_run_at_work_is_running(root: Path) -> None:
    with open_run(root, "tiny", resume=True):
        assert describe_run(root / "tiny").status is RunStatus.RUNNING
    assert describe_run(root / "tiny").status is RunStatus.FINISHED


def test_order_and_what_is_no_run(root: Path) -> None:
    for name, started in (("older", "2001-01-01T00:00:00+00:00"), ("newer", "2999-01-01")):
        shutil.copytree(root / "tiny", root / name)
        facts = json.loads((root / name / "run.json").read_text("utf-8"))
        write_json(root / name / "run.json", {**facts, "started": started})
    (root / "empty").mkdir()
    (root / ".hidden").mkdir()
    (root / "note.txt").write_text("not a run")
    assert [entry.name for entry in list_runs(root)] == ["newer", "tiny", "older", "empty"]
    with pytest.raises(InputError, match="no such folder"):
        list_runs(root / "absent")


def test_listing_at_both_widths_and_as_json(root: Path) -> None:
    wide = call("runs", "--runs", str(root))
    narrow = call("runs", "--runs", str(root), width=80)
    assert "rows.jsonl" in wide.output
    assert "commit" in wide.output
    assert "rows.jsonl" not in narrow.output
    assert max(len(line) for line in narrow.output.splitlines()) <= 80
    (entry,) = json.loads(call("runs", "--runs", str(root), "--json").output)
    assert entry["name"] == "tiny"
    assert entry["status"] == "finished"
    assert 0 <= entry["macro_f1"]["estimate"] <= 1


def test_compare_prints_and_writes(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = call("compare", "tiny", "--runs", str(root), "--out", str(out), width=80)
    assert done.exit_code == 0, done.output
    assert "majority → svm" in done.output
    assert (out / "stance-comparison.html").exists()
    told = call("compare", str(root / "tiny"), "--task", "sentiment", "--json")
    assert json.loads(told.output)["task"] == "sentiment"
    refused = call("compare", "tinny", "--runs", str(root))
    assert isinstance(refused.exception, InputError)
    assert "did you mean 'tiny'?" in str(refused.exception)


def test_tune_prints_overrides_that_run(finished: Path, tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="the extra 'tune' is not installed")
    runs = tmp_path / "runs"
    options = ["--model", "svm", "--trials", "2", "--runs", str(runs)]
    done = call("tune", str(finished / "tiny.yaml"), *options, "--json")
    assert done.exit_code == 0, done.exception
    found = json.loads(done.stdout)
    assert found["trials"] == 2
    assert found["optimised"] == "stance"
    from stance.config import load_config

    tuned = load_config(found["config"])
    again = load_config(finished / "tiny.yaml", found["overrides"])
    assert tuned.models == again.models
    assert tuned.name == "tiny-tuned"
    (entry,) = list_runs(runs)
    assert (entry.name, entry.status) == ("tiny-tune", RunStatus.SEARCH)
