"""Searches: test rows out of reach, the same trials however often interrupted, strict spaces."""

from __future__ import annotations

import builtins
import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sklearn.metrics import f1_score

from conftest import make_rows, tiny_config
from stance.config import RunConfig, load_config
from stance.errors import ConfigError, InputError, IntegrityError, StanceError
from stance.models.base import silent
from stance.models.baselines import NgramClassifier
from stance.schema import Example
from stance.tuning.space import Choice, Range, load_space, parse_space

pytest.importorskip("optuna", reason="the extra 'tune' is not installed")

from stance.tuning.search import Search, override_of, tune, with_settings
from stance.tuning.study import Study

NGRAMS = {"kind": "ngrams", "c": 1.0, "learner": "logreg", "characters": True}


@pytest.fixture
def config(rows_file: Path) -> RunConfig:
    models = {"majority": {}, "svm": {"kind": "ngrams", "learner": "svm", "characters": False}}
    return tiny_config(rows_file, rows_file, models=models)


@pytest.fixture
def space_file(tmp_path: Path) -> Path:
    path = tmp_path / "space.yaml"
    path.write_text("c: {low: 1e-3, high: 10, log: true}\nbalanced: [true, false]\n")
    return path


def _facts(found: Search) -> list[tuple[Any, Any]]:
    return [(dict(trial.settings), dict(trial.scores)) for trial in found.trials]


# -- test rows ----------------------------------------------------------------------------


def test_no_model_ever_sees_a_test_row(
    config: RunConfig, space_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[str] = set()
    fit, predict = NgramClassifier.fit, NgramClassifier.predict_proba

    def watched_fit(
        self: NgramClassifier, train: Sequence[Example], validation: Any = (), **more: Any
    ) -> Any:
        seen.update(row.id for row in [*train, *validation])
        return fit(self, train, validation, **more)

    def watched_predict(self: NgramClassifier, rows: Sequence[Example], **more: Any) -> Any:
        seen.update(row.id for row in rows)
        return predict(self, rows, **more)

    monkeypatch.setattr(NgramClassifier, "fit", watched_fit)
    monkeypatch.setattr(NgramClassifier, "predict_proba", watched_predict)
    tune(config, "svm", trials=2, space_file=space_file, root=tmp_path / "runs")
    parts = {row["id"]: row["split"] for row in make_rows()}
    assert seen == {name for name, part in parts.items() if part != "test"}


def test_poisoned_test_rows_change_nothing(
    config: RunConfig, space_file: Path, tmp_path: Path, rows_file: Path
) -> None:
    clean = tune(config, "svm", trials=4, space_file=space_file, root=tmp_path / "a")
    rows = [
        {
            "id": row["id"], "doc_id": row["doc_id"], "split": "test", "stance": "threatening",
            "sentiment": "negative", "actor": "", "text": f"Qqq zzz {at * 7919}.",
        } if row["split"] == "test" else row
        for at, row in enumerate(make_rows())
    ]  # fmt: skip
    rows_file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    poisoned = tune(config, "svm", trials=4, space_file=space_file, root=tmp_path / "b")
    assert _facts(clean) == _facts(poisoned)


def test_score_is_validation_macro_f1(
    config: RunConfig, space_file: Path, tmp_path: Path, codebook: Any, examples: list[Example]
) -> None:
    found = tune(config, "svm", trials=1, space_file=space_file, root=tmp_path / "runs")
    settings = found.best.settings
    train = [row for row in examples if row.split == "train"]
    held = [row for row in examples if row.split == "validation"]
    model = NgramClassifier(
        codebook.classes, learner="svm", characters=False, seed=1, **settings
    ).fit(train)  # type: ignore[arg-type]
    names = codebook.classes["stance"]
    guess = [names[at] for at in model.predict_proba(held)["stance"].argmax(axis=1)]
    expected = f1_score(
        [row.stance for row in held], guess, labels=names, average="macro", zero_division=0
    )
    assert found.best.scores["stance"] == pytest.approx(expected, abs=1e-12)
    both = (found.best.scores["stance"] + found.best.scores["sentiment"]) / 2
    assert found.best.scores["mean"] == pytest.approx(both)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"split": {"method": "folds", "folds": 3}}, "in 3 turns"),
        ({"data": None}, "no row is for validation"),
    ],
)
def test_splits_that_cannot_be_tuned_on(
    rows_file: Path, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    if changes.pop("data", 1) is None:
        rows = [row for row in make_rows() if row["split"] != "validation"]
        rows_file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    config = tiny_config(rows_file, rows_file, models={"ngrams": {}}, **changes)
    with pytest.raises(InputError, match=message):
        tune(config, "ngrams", trials=1, root=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


# -- going on -----------------------------------------------------------------------------


def test_resumed_search_is_the_uninterrupted_one(
    config: RunConfig, space_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"space_file": space_file}
    whole = tune(config, "svm", trials=8, root=tmp_path / "a", **options)
    assert len(tune(config, "svm", trials=3, root=tmp_path / "b", **options).trials) == 3
    fit = NgramClassifier.fit

    def killed(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(NgramClassifier, "fit", killed)
    with pytest.raises(KeyboardInterrupt):
        tune(config, "svm", trials=8, root=tmp_path / "b", **options)
    monkeypatch.setattr(NgramClassifier, "fit", fit)
    resumed = tune(config, "svm", trials=8, root=tmp_path / "b", **options)
    assert _facts(resumed) == _facts(whole)
    assert len({str(trial.settings) for trial in whole.trials}) > 4
    more = tune(config, "svm", trials=2, root=tmp_path / "b", **options)  # already has more
    assert len(more.trials) == 8


def test_trial_whose_process_died_is_made_again(tmp_path: Path) -> None:
    space = {"c": Range(0.1, 1.0, False, False)}
    study = Study(tmp_path / "study.db", space, "stance", seed=1)
    study._study.ask()  # a killed process leaves it running
    again = Study(tmp_path / "study.db", space, "stance", seed=1)
    assert again.ended == 0
    again.one(lambda settings, number, told: {"stance": 0.5}, silent)
    fresh = Study(tmp_path / "fresh.db", space, "stance", seed=1)
    fresh.one(lambda settings, number, told: {"stance": 0.5}, silent)
    assert [trial.settings for trial in again.trials()] == [
        trial.settings for trial in fresh.trials()
    ]


def test_changed_search_is_refused(config: RunConfig, space_file: Path, tmp_path: Path) -> None:
    root = tmp_path / "runs"
    tune(config, "svm", trials=1, space_file=space_file, root=root)
    space_file.write_text("c: {low: 1e-3, high: 100, log: true}\nbalanced: [true, false]\n")
    with pytest.raises(IntegrityError, match=r"search\.space\.c\.high: 10.* then, 100.* now"):
        tune(config, "svm", trials=2, space_file=space_file, root=root)


def test_damaged_study_is_refused(config: RunConfig, space_file: Path, tmp_path: Path) -> None:
    root = tmp_path / "runs"
    tune(config, "svm", trials=1, space_file=space_file, root=root)
    (root / "tiny-tune" / "study.db").write_bytes(b"not a database" * 100)
    with pytest.raises(IntegrityError, match="cannot be read"):
        tune(config, "svm", trials=2, space_file=space_file, root=root)


def test_time_limit_begins_no_trial(config: RunConfig, space_file: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no trial has a score yet"):
        tune(config, "svm", trials=3, space_file=space_file, root=tmp_path, timeout=0)


# -- what ends a trial --------------------------------------------------------------------


class _LostError(StanceError):
    """Stands for a training whose loss is not a number."""


def test_lost_and_pruned_trials_count_and_the_rest_goes_on(tmp_path: Path) -> None:
    study = Study(tmp_path / "study.db", {"c": Range(0.0, 1.0, False, False)}, "stance", seed=3)

    def objective(settings: Any, number: int, told: Any) -> dict[str, float]:
        if number == 1:
            raise _LostError("loss is nan")
        for epoch in (1, 2, 3):
            told.epoch(epoch, 0.1 if number == 7 else 0.5)  # far below the median
        return {"stance": 0.5}

    outcomes = [study.one(objective, silent) for _ in range(8)]
    assert outcomes[1] == "loss is nan"
    assert outcomes[7].startswith("pruned after epoch 2")
    assert [bool(trial.scores) for trial in study.trials()] == [
        True, False, True, True, True, True, True, False,
    ]  # fmt: skip

    def refused(*_: Any) -> dict[str, float]:
        raise ConfigError("tensorboard is not installed")

    with pytest.raises(ConfigError):
        study.one(refused, silent)
    assert study.ended == 8


def test_trainer_reports_every_epoch(
    examples: list[Example], tiny_encoder: Path, codebook: Any, one_thread: None
) -> None:
    from stance.models.transformer.classifier import TransformerClassifier
    from stance.models.transformer.options import TrainingOptions

    class Told:
        def __init__(self) -> None:
            self.epochs: list[tuple[int, float]] = []

        def __call__(self, done: int, total: int, note: str = "") -> None: ...

        def epoch(self, number: int, score: float) -> None:
            self.epochs.append((number, score))

    told = Told()
    model = TransformerClassifier(
        codebook.classes,
        backbone=str(tiny_encoder),
        options=TrainingOptions(epochs=2, frozen_layers=0, precision="fp32"),
    )
    model.fit(examples[:32], examples[32:48], progress=told)
    kept = [record["eval_macro_f1"] for record in model.history_ if "eval_macro_f1" in record]
    assert told.epochs == [(1, kept[0]), (2, kept[1])]


# -- what is written ----------------------------------------------------------------------


def test_files_and_best(config: RunConfig, space_file: Path, tmp_path: Path) -> None:
    found = tune(config, "svm", trials=4, space_file=space_file, root=tmp_path / "runs")
    with (found.folder / "trials.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["trial"] for row in rows] == ["1", "2", "3", "4"]
    assert max(float(row["macro-F1 stance"]) for row in rows) == found.best.scores["stance"]
    tuned = load_config(found.folder / "tuned.yaml")
    assert tuned == found.config
    assert tuned.models["majority"] == config.models["majority"]
    assert tuned.models["svm"].c == found.best.settings["c"]  # type: ignore[union-attr]
    facts = json.loads((found.folder / "run.json").read_text("utf-8"))
    assert facts["config"]["search"]["space"]["balanced"] == [True, False]


@pytest.mark.parametrize("value", [1e-5, 0.5, 3, True, "svm", "true", "1e-5", "it's", "", "a: b"])
def test_overrides_give_the_value_back(value: Any, config: RunConfig) -> None:
    import shlex

    from stance.files import parse_yaml

    (word,) = shlex.split(override_of("models.x.y", value))
    given = parse_yaml(word.partition("=")[2], source="test")
    assert given == value
    assert type(given) is type(value)


# -- spaces -------------------------------------------------------------------------------


def test_space_takes_types_from_the_configuration() -> None:
    entry = {**NGRAMS, "options": {"epochs": 8, "lr": 1e-4}}
    raw = {"c": {"low": 1, "high": 10}, "options.epochs": {"low": 2, "high": 4}, "learner": ["svm"]}
    assert parse_space(raw, entry, source="s") == {
        "c": Range(1, 10, False, False),
        "options.epochs": Range(2, 4, False, True),
        "learner": Choice(("svm",)),
    }


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"cc": {"low": 1, "high": 2}}, "no setting 'cc'; did you mean 'c'"),
        ({"c": {"low": 2, "high": 1}}, "low 2 is not below high 1"),
        ({"c": {"low": 0, "high": 1, "log": True}}, "must be above 0"),
        ({"c": {"low": 1, "hihg": 2}}, "hihg"),
        ({"c": 3}, "c"),
        ({"c": []}, "c"),
        ({"learner": {"low": 1, "high": 2}}, "learner is not a number"),
        ({"characters": {"low": 0, "high": 1}}, "characters is not a number"),
        ({"kind": ["svm"]}, "no setting 'kind'"),
        ({}, "expected setting"),
        (["c"], "expected setting"),
    ],
)
def test_wrong_spaces_are_refused_in_one_line(raw: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        parse_space(raw, NGRAMS, source="space.yaml")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("space.yaml")


def test_values_that_the_model_refuses(config: RunConfig, tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text("learner: [svm, forest]\n")
    with pytest.raises(ConfigError, match="forest"):
        tune(config, "svm", trials=1, space_file=path, root=tmp_path / "runs")
    with pytest.raises(ConfigError, match="'majority' has nothing to tune"):
        tune(config, "majority", trials=1, root=tmp_path / "runs")
    with pytest.raises(ConfigError, match=r"no model 'smv' here; did you mean 'svm'"):
        tune(config, "smv", trials=1, root=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("kind", ["ngrams", "frozen", "transformer"])
def test_default_spaces_fit_their_models(rows_file: Path, kind: str) -> None:
    config = tiny_config(rows_file, rows_file, models={"m": {"kind": kind}})
    space = load_space(None, kind, config.models["m"].model_dump(mode="json"))
    for name, item in space.items():
        for value in item.ends:
            with_settings(config, "m", {name: value})


def test_optuna_is_asked_for_in_one_line(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "optuna":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"pip install 'stance-news\[tune\]'"):
        tune(config, "svm", trials=1, root=tmp_path)
