"""Names of runs, models and taggers: one meaning everywhere, and never the alphabet's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from stance.cli.main import app
from stance.codebook import Codebook
from stance.errors import InputError, ModelError
from stance.files import bundled, write_json
from stance.models.baselines import MajorityClassifier
from stance.models.calibration import Calibration
from stance.models.store import save_model
from stance.runs.find import find_model, find_run, find_tagger
from stance.runs.folder import part_path, write_part
from stance.schema import Example


@pytest.fixture
def fitted(codebook: Codebook, examples: list[Example]) -> MajorityClassifier:
    return MajorityClassifier(codebook.classes).fit(examples)


def _run(
    root: Path,
    fitted: MajorityClassifier,
    scores: dict[str, float | None],
    models: Sequence[str] = (),
    seeds: Sequence[int] = (),
) -> Path:
    """Write a run that keeps one model a key (NAME-sSEED), each with its validation score."""
    folder = root / "mine"
    for name, score in scores.items():
        save_model(
            fitted, folder / "models" / name, name=name.rpartition("-s")[0],
            calibration=Calibration({}), codebook={}, validation=score,
        )  # fmt: skip
    if models:
        config = {"models": {name: {} for name in models}}
        write_json(folder / "run.json", {"config": config, "seeds": list(seeds)})
    return folder


def test_a_run_means_its_best_model_on_validation_rows(
    tmp_path: Path, fitted: MajorityClassifier
) -> None:
    scores = {"actors-only-s1": 0.2, "tfidf-s1": 0.5, "tfidf-s2": 0.6, "zero-s1": None}
    folder = _run(tmp_path, fitted, scores)
    found = find_model("mine", tmp_path)
    assert found.folder == folder / "models" / "tfidf-s2"
    assert str(found) == f"model: {found.folder} (best of 3 on validation rows, macro-F1 0.600)"
    assert find_model(folder, tmp_path) == found
    named = find_model(folder / "models" / "zero-s1", tmp_path)
    assert (named.folder.name, named.why) == ("zero-s1", "")
    assert find_model(None, tmp_path).folder == bundled("data/model")
    with pytest.raises(ModelError, match="no such model or run"):
        find_model("elsewhere", tmp_path)


def test_equals_go_by_the_configuration_and_not_by_the_alphabet(
    tmp_path: Path, fitted: MajorityClassifier
) -> None:
    scores = {"actors-s2": 0.5, "words-s10": 0.5, "words-s9": 0.5, "words-s2": 0.5}
    _run(tmp_path, fitted, scores, models=["words", "actors"], seeds=[9, 10, 2])
    assert find_model("mine", tmp_path).folder.name == "words-s9"


def test_a_run_without_validation_rows_is_asked_about_and_not_guessed(
    tmp_path: Path, fitted: MajorityClassifier
) -> None:
    folder = _run(tmp_path, fitted, {"actors-only-s1": None, "tfidf-s1": None})
    with pytest.raises(ModelError, match=r"name one: .*actors-only-s1, .*tfidf-s1"):
        find_model("mine", tmp_path)
    # Seeds of one model are the same model; the first of the configuration is taken.
    other = _run(tmp_path / "b", fitted, {"tfidf-s2": None, "tfidf-s10": None}, ["tfidf"], [10, 2])
    assert find_model(other, tmp_path).folder.name == "tfidf-s10"
    # A model of before scores were stored is known by what its part says.
    wrong, right = np.zeros((2, 2), dtype=int), np.diag([3, 3])
    for name, table in (("actors-only", wrong), ("tfidf", right)):
        write_part(part_path(folder, name, 1, 0), {"validation_stance": table})
    assert find_model("mine", tmp_path).folder.name == "tfidf-s1"
    part_path(folder, "tfidf", 1, 0).write_bytes(b"half a par")
    with pytest.raises(ModelError, match="name one"):
        find_model("mine", tmp_path)


def test_a_folder_of_the_same_name_does_not_hide_a_run(
    tmp_path: Path, fitted: MajorityClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = tmp_path / "runs"
    folder = _run(runs, fitted, {"tfidf-s1": 0.5}, ["tfidf"], [1])
    write_json(folder / "tagger" / "tagger.json", {})
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "article.txt").write_text("Ane Ruud spoke.")
    monkeypatch.chdir(tmp_path)
    assert find_model("mine").folder == Path("runs/mine/models/tfidf-s1")
    assert find_run("mine") == Path("runs/mine")
    assert find_tagger("mine") == Path("runs/mine/tagger")


@pytest.mark.parametrize("name", ["", " ", "absent", "../mine/x", "a\0b"])
def test_what_is_not_there_is_said(
    name: str, tmp_path: Path, fitted: MajorityClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An empty name must not mean the working folder, though that is a run.
    monkeypatch.chdir(_run(tmp_path, fitted, {"tfidf-s1": 0.5}, ["tfidf"], [1]))
    with pytest.raises(ModelError, match="no such model or run"):
        find_model(name)
    with pytest.raises(InputError, match="no such run"):
        find_run(name)
    with pytest.raises(ModelError, match="no attribution tagger"):
        find_tagger(name)


def test_runs_that_hold_no_model_say_what_they_hold(tmp_path: Path) -> None:
    write_json(tmp_path / "folds" / "run.json", {"config": {}, "seeds": [1]})
    with pytest.raises(ModelError, match="the run keeps no model"):
        find_model("folds", tmp_path)
    write_json(tmp_path / "who" / "run.json", {"config": {}, "seeds": [1]})
    write_json(tmp_path / "who" / "tagger" / "tagger.json", {})
    with pytest.raises(ModelError, match="--tagger takes it"):
        find_model("who", tmp_path)
    write_json(tmp_path / "odd" / "run.json", ["not", "facts"])
    write_json(tmp_path / "odd" / "models" / "a-s1" / "model.json", {"name": "a"})
    with pytest.raises(InputError, match="not as a run writes it"):
        find_model("odd", tmp_path)


@pytest.mark.parametrize("layout", ["checkout", "wheel"])
def test_without_a_name_it_is_the_shipped_model_whatever_was_trained(
    tmp_path: Path, fitted: MajorityClassifier, monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    package = tmp_path / "site" / "src" / "stance"
    root = package / "_bundled" if layout == "wheel" else package.parents[1]
    shipped = root / "data" / "model"
    save_model(fitted, shipped, name="s", calibration=Calibration({}), codebook={})
    package.mkdir(parents=True, exist_ok=True)
    (package / "files.py").touch()
    monkeypatch.setattr("stance.files.__file__", str(package / "files.py"))
    _run(tmp_path / "runs", fitted, {"transformer-s1": 0.9})
    assert find_model(None, tmp_path / "runs").folder == shipped
    (shipped / "model.json").unlink()
    with pytest.raises(ModelError, match="no model ships with this installation"):
        find_model(None, tmp_path / "runs")


@pytest.mark.parametrize("command", ["report", "compare"])
def test_commands_suggest_the_run_that_was_meant(
    command: str, tmp_path: Path, fitted: MajorityClassifier
) -> None:
    _run(tmp_path, fitted, {"tfidf-s1": 0.5}, ["tfidf"], [1])
    done = CliRunner().invoke(app, [command, "mien", "--runs", str(tmp_path)])
    assert isinstance(done.exception, InputError)
    assert "no such run; did you mean 'mine'?" in str(done.exception)
