"""Trackers: asked for by name, told by the Trainer, kept in the run folder."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from conftest import tiny_config
from stance.errors import ConfigError
from stance.models.transformer import training as tracking
from stance.models.transformer.options import TrainingOptions
from stance.runs.experiment import run

pytestmark = pytest.mark.usefixtures("one_thread")


def _config(rows_file: Path, encoder: Path, names: list[str]) -> Any:
    options = {"epochs": 2, "frozen_layers": 0, "report_to": names}
    model = {"kind": "transformer", "backbone": str(encoder), "options": options}
    return tiny_config(rows_file, encoder, models={"transformer": model}, behaviour=False)


def test_default_is_none_and_names_are_strict() -> None:
    assert TrainingOptions().report_to == []
    adapter = TypeAdapter(TrainingOptions)
    assert adapter.validate_python({"report_to": ["mlflow"]}).report_to == ["mlflow"]
    with pytest.raises(ValidationError):
        adapter.validate_python({"report_to": ["wandb"]})


def test_missing_package_is_named(
    rows_file: Path, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        ConfigError, match=r"mlflow is not installed; pip install 'stance-news\[track"
    ):
        tracking.require_trackers(["mlflow"])
    tracking.require_trackers([])


def test_logs_outlive_the_checkpoints(tmp_path: Path) -> None:
    folder = tracking.tracking_folder(tmp_path / "run" / "checkpoints" / "transformer-s1-f0")
    assert folder == tmp_path / "run" / "tracking" / "transformer-s1-f0"
    assert tracking.tracking_folder(tmp_path / "work") == tmp_path / "work" / "tracking"


def test_trainer_tells_what_it_is_given(
    rows_file: Path, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import TrainerCallback

    from stance.models.transformer import training as finetune

    told: list[dict[str, Any]] = []
    asked: list[Any] = []

    class Tracker(TrainerCallback):
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            told.append(logs)

    def stand_in(names: Any, folder: Path) -> list[Any]:
        asked.append((list(names), folder))
        return [Tracker()]

    monkeypatch.setattr(finetune, "trackers", stand_in)
    done = run(_config(rows_file, tiny_encoder, ["tensorboard"]), root=tmp_path)
    assert asked == [(["tensorboard"], done.folder / "tracking" / "transformer-s1-f0")]
    assert sum("eval_macro_f1" in logs for logs in told) == 2


@pytest.mark.skipif(
    importlib.util.find_spec("tensorboard") is None, reason="tensorboard is not installed"
)
def test_tensorboard_writes_into_the_run(
    rows_file: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    done = run(_config(rows_file, tiny_encoder, ["tensorboard"]), root=tmp_path)
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (folder,) = (done.folder / "tracking").iterdir()
    events = EventAccumulator(str(folder)).Reload()
    assert len(events.Scalars("eval/macro_f1")) == 2


@pytest.mark.skipif(importlib.util.find_spec("mlflow") is None, reason="mlflow is not installed")
def test_mlflow_writes_into_the_run(
    rows_file: Path, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    done = run(_config(rows_file, tiny_encoder, ["mlflow"]), root=tmp_path / "runs")
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{done.folder.resolve()}/tracking/mlflow.db")
    (tracked,) = client.search_runs(["0"])
    assert tracked.info.run_name == "transformer-s1-f0"
    assert "eval_macro_f1" in tracked.data.metrics
