"""Training curves for TensorBoard and MLflow, through the Trainer's own callbacks.

Both are extras. What they write stays in the run folder, under ``tracking/``, unless
``MLFLOW_TRACKING_URI`` names a place for MLflow.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stance.errors import ConfigError

if TYPE_CHECKING:
    from transformers import TrainerCallback


def require_trackers(names: Sequence[str]) -> None:
    """Refuse a tracker whose package is not installed.

    Raises:
        ConfigError: names the package and how to get it.
    """
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise ConfigError(
                f"report_to: {name} is not installed; pip install 'stance[tracking]', "
                f"or take {name} out of report_to"
            )


def tracking_folder(checkpoints: Path) -> Path:
    """Return where a training's logs go: beside ``checkpoints/NAME``, which does not outlive it."""
    if checkpoints.parent.name == "checkpoints":
        return checkpoints.parents[1] / "tracking" / checkpoints.name
    return checkpoints / "tracking"


def trackers(names: Sequence[str], folder: Path) -> list[TrainerCallback]:
    """Return the Trainer's callbacks that log to ``folder`` (TensorBoard) and beside it (MLflow).

    All trainings of one run share one MLflow database, each as a run of its own name.

    Raises:
        ConfigError: a package is not installed.
    """
    require_trackers(names)
    made: list[TrainerCallback] = []
    if "tensorboard" in names:
        from torch.utils.tensorboard import SummaryWriter
        from transformers.integrations import TensorBoardCallback

        folder.mkdir(parents=True, exist_ok=True)
        made.append(TensorBoardCallback(SummaryWriter(log_dir=str(folder))))
    if "mlflow" in names:
        from transformers.integrations import MLflowCallback

        if not os.environ.get("MLFLOW_TRACKING_URI"):
            folder.parent.mkdir(parents=True, exist_ok=True)
            # A database, since MLflow refuses plain folders from 3.13 on.
            mlflow = importlib.import_module("mlflow")
            mlflow.set_tracking_uri(f"sqlite:///{folder.parent.resolve() / 'mlflow.db'}")
        made.append(MLflowCallback())
    return made
