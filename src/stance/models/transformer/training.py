"""The training loop: Hugging Face ``Trainer``, with batches, seeds and checkpoints of our own."""

from __future__ import annotations

import importlib
import importlib.util
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Sampler
from transformers import EarlyStoppingCallback, Trainer, TrainerCallback, TrainingArguments

from stance.errors import ConfigError, StanceError
from stance.models.base import Classes, Progress
from stance.models.sealed import latest, write_manifest
from stance.models.transformer.batches import LengthGrouped, TrainingData
from stance.models.transformer.network import AveragedNetwork
from stance.models.transformer.options import TrainingOptions

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
                f"report_to: {name} is not installed; pip install 'stance-news[tracking]', "
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


_METRIC = "macro_f1"


class TrainingError(StanceError):
    """Training stopped at a step that cannot be built upon."""


class StoppedError(StanceError):
    """Training was asked to stop; a checkpoint holds what was done."""

    exit_code = 143


@runtime_checkable
class EpochProgress(Protocol):
    """A ``Progress`` that also wants each epoch's validation score; may raise to end training."""

    def epoch(self, number: int, score: float) -> None: ...


class _Watch(TrainerCallback):
    """Tells the epoch to the data, the progress to people, and SIGTERM to the loop."""

    def __init__(self, data: TrainingData, progress: Progress) -> None:
        self.data, self.progress = data, progress
        self.stop = False
        self.note = ""
        self.history: list[dict[str, float]] = []

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.data.epoch = int(state.epoch or 0)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.progress(state.global_step, state.max_steps, self.note)
        if self.stop:
            control.should_training_stop = True
            control.should_save = self._within_epoch(args, state)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.stop and self._within_epoch(args, state):
            # It was saved at its last step. An evaluation here would draw random numbers that
            # training without a stop does not draw, and resuming would lead elsewhere.
            control.should_log = control.should_evaluate = control.should_save = False

    @staticmethod
    def _within_epoch(args: Any, state: Any) -> bool:
        return bool(state.global_step % (state.max_steps // round(args.num_train_epochs)))

    def on_log(
        self, args: Any, state: Any, control: Any, logs: Mapping[str, Any], **_: Any
    ) -> None:
        record = {
            key: float(value) for key, value in logs.items() if isinstance(value, int | float)
        }
        self.history.append({"step": float(state.global_step), **record})
        if f"eval_{_METRIC}" in logs:
            self.note = f"validation macro-F1 {logs[f'eval_{_METRIC}']:.3f}"
            if isinstance(self.progress, EpochProgress):
                self.progress.epoch(round(state.epoch or 0), float(logs[f"eval_{_METRIC}"]))
        elif "eval_loss" in logs:
            self.note = f"validation loss {logs['eval_loss']:.3f}"

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.progress(state.max_steps, state.max_steps, self.note)


class _Average(TrainerCallback):
    """Moves the mean of the weights after every step, before anything is evaluated or saved."""

    def __init__(self, network: AveragedNetwork) -> None:
        self.network = network

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.network.update()


class _StanceTrainer(Trainer):
    """The stock loop with our order of rows, a halt at NaN, and sealed checkpoints."""

    facts: Mapping[str, Any]
    seed: int

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        return LengthGrouped(self.train_dataset, self.args.per_device_train_batch_size, self.seed)

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        loss = super().training_step(*args, **kwargs)
        if not torch.isfinite(loss):
            raise TrainingError(
                f"loss is {loss.item()} at step {self.state.global_step + 1}; "
                "lower lr, or check the data; no checkpoint was written for this step"
            )
        return loss

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        (folder / "training_args.bin").unlink(missing_ok=True)  # a pickle nobody needs
        write_manifest(folder, self.facts)


def mixed_precision(wanted: bool) -> tuple[bool, bool]:
    """Return whether to train in bfloat16 and in float16: what the device does in hardware.

    A processor with AVX512-BF16 or AMX trains about 1.6 times faster in bfloat16; without
    them bfloat16 is emulated and slower than float32.
    """
    if not wanted:
        return False, False
    if torch.cuda.is_available():
        bf16 = torch.cuda.is_bf16_supported()
        return bf16, not bf16
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return bool(native), False


def class_weights(labels: NDArray[np.int64], size: int) -> torch.Tensor:
    """Return inverse-square-root frequency weights of mean 1 over rows; absent labels get 1."""
    counts = np.bincount(labels[labels >= 0], minlength=size).astype(float)
    weights = np.where(counts > 0, 1 / np.sqrt(np.maximum(counts, 1)), 0.0)
    mean = (weights * counts).sum() / max(1.0, counts.sum())
    weights = np.where(counts > 0, weights / mean, 1.0) if mean else np.ones(size)
    return torch.tensor(weights, dtype=torch.float32)


def task_weights(labels: NDArray[np.int64], classes: Classes) -> dict[str, torch.Tensor]:
    """Return each task's ``class_weights`` from label ids of shape (rows, tasks)."""
    return {
        task: class_weights(labels[:, at], len(names))
        for at, (task, names) in enumerate(classes.items())
    }


def train(
    network: torch.nn.Module,
    train_rows: TrainingData,
    validation_rows: TrainingData | None,
    options: TrainingOptions,
    *,
    folder: Path,
    seed: int,
    score: Callable[[NDArray[np.floating[Any]], NDArray[np.int64]], float] | None,
    facts: Mapping[str, Any],
    progress: Progress,
    say: Callable[[str], None] = lambda _: None,
) -> list[dict[str, float]]:
    """Fine-tune ``network`` in place and return the training history.

    Args:
        folder: where checkpoints go; a whole one found there is resumed from.
        score: validation logits and label ids to the number that early stopping watches; it
            watches the validation loss where None.
        facts: what must be equal for a checkpoint to be resumed.

    Raises:
        TrainingError: the loss is not a number.
        StoppedError: SIGTERM came; the step was finished and saved.
        IntegrityError: a checkpoint of other data or settings is in ``folder``.
    """
    resume = latest(folder, facts, say)
    if resume:
        say(f"resuming from {resume.name}")
    validate = validation_rows is not None and len(validation_rows) > 0
    cuda = torch.cuda.is_available()
    bf16, fp16 = mixed_precision(options.precision == "auto")
    arguments = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=options.epochs,
        per_device_train_batch_size=options.batch_size,
        per_device_eval_batch_size=64,
        gradient_accumulation_steps=options.accumulation,
        learning_rate=options.lr,
        weight_decay=options.weight_decay,
        warmup_steps=options.warmup,
        lr_scheduler_type="linear",
        use_cpu=not cuda,
        bf16=bf16,
        fp16=fp16,
        seed=seed,
        data_seed=seed,
        eval_strategy="epoch" if validate else "no",
        save_strategy="epoch",
        save_total_limit=2,
        load_best_model_at_end=validate,
        metric_for_best_model=(_METRIC if score else "loss") if validate else None,
        greater_is_better=score is not None if validate else None,
        prediction_loss_only=score is None,
        logging_strategy="epoch",
        logging_nan_inf_filter=False,
        disable_tqdm=True,
        run_name=folder.name,
        report_to="none",  # callbacks of our own making, so that logs stay in the run folder
        remove_unused_columns=False,
        label_names=["labels"],
        dataloader_pin_memory=cuda,
        restore_callback_states_from_checkpoint=True,
        log_level="error",
    )
    watch = _Watch(train_rows, progress)
    callbacks: list[TrainerCallback] = [watch]
    callbacks += trackers(options.report_to, tracking_folder(folder))
    if validate:
        callbacks.append(EarlyStoppingCallback(early_stopping_patience=options.patience))
    trained: torch.nn.Module = network
    if options.averaging:
        trained = AveragedNetwork(network, options.averaging)
        callbacks.append(_Average(trained))
    trainer = _StanceTrainer(
        model=trained,
        args=arguments,
        train_dataset=train_rows,
        eval_dataset=validation_rows if validate else None,
        data_collator=train_rows.collate,
        callbacks=callbacks,
        compute_metrics=(
            None
            if score is None
            else lambda output: {_METRIC: score(output.predictions, output.label_ids)}
        ),
    )
    trainer.remove_callback(_printer())
    trainer.facts, trainer.seed = facts, seed
    with _on_sigterm(watch):
        trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    # Mixed precision wraps ``forward`` in autocast; prediction and export are in float32.
    trainer.accelerator.unwrap_model(trained, keep_fp32_wrapper=False)
    if watch.stop:
        raise StoppedError("stopped as asked after a finished step; --resume goes on from there")
    if isinstance(trained, AveragedNetwork):
        trained.settle()
    return watch.history


def _printer() -> type[TrainerCallback]:
    from transformers.trainer_callback import PrinterCallback

    return PrinterCallback


class _on_sigterm:  # noqa: N801  (a context manager, read as a verb)
    """Raise ``watch.stop`` on SIGTERM while the block runs (main thread only)."""

    def __init__(self, watch: _Watch) -> None:
        self.watch = watch
        self.before: Any = None

    def _stop(self, *_: Any) -> None:
        self.watch.stop = True

    def __enter__(self) -> None:
        try:
            self.before = signal.signal(signal.SIGTERM, self._stop)
        except ValueError:  # not the main thread: leave signals alone
            self.before = None

    def __exit__(self, *_: object) -> None:
        if self.before is not None:
            signal.signal(signal.SIGTERM, self.before)
