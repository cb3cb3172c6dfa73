"""Four ways to train one encoder on the same rows, followed step by step by a stopwatch.

`benchmarks/training.py` compares them and says what they are.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from stance.codebook import STANCE, Codebook
from stance.config import TransformerConfig
from stance.evaluation.metrics import macro_f1
from stance.models.base import label_ids
from stance.models.transformer.backbone import find_backbone
from stance.models.transformer.classifier import TransformerClassifier
from stance.models.transformer.options import TrainingOptions
from stance.schema import Example

MAX_LENGTH, BATCH, LR, EPOCHS = 128, 8, 5e-5, 3.0
"""The stock example's defaults."""
FROZEN = 3


@dataclass(frozen=True, slots=True)
class Setup:
    """What all trainings share."""

    entry: TransformerConfig
    codebook: Codebook
    train: Sequence[Example]
    validation: Sequence[Example]


@dataclass(frozen=True, slots=True)
class Probe:
    """The validation macro-F1 after so many steps, rows and seconds of training."""

    step: int
    rows: int
    seconds: float
    macro_f1: float


@dataclass(frozen=True, slots=True)
class Timed:
    """One training, followed to its end."""

    system: str
    seed: int
    rows_per_second: float
    probes: Sequence[Probe]

    @property
    def end(self) -> Probe:
        return self.probes[-1]

    def reached(self, target: float) -> float:
        """Seconds to the first evaluation at the target; infinite where there is none."""
        return next((p.seconds for p in self.probes if p.macro_f1 >= target), math.inf)


class CappedError(Exception):
    """The cap on steps is reached."""


class Stopwatch:
    """Follows a training step by step, as a ``Progress``, with evaluations off the clock."""

    def __init__(self, setup: Setup, every: int, limit: int) -> None:
        self.rows, self.every, self.limit = len(setup.train), every, limit
        names = setup.codebook.classes[STANCE]
        self.truth, self.size = label_ids(setup.validation, STANCE, names), len(names)
        self.probes: list[Probe] = []
        self.first = (0, 0.0)
        self.done, self.paused = 0, 0.0
        self.started = time.perf_counter()

    def follow(self, batch: int, guess: Callable[[], np.ndarray]) -> None:
        """Say how many rows a step takes, and how to ask for the validation rows' labels."""
        self.batch, self.guess = batch, guess
        self.steps = max(1, round(self.every / batch))

    def __call__(self, done: int, total: int, note: str = "") -> None:
        if done <= self.done:  # the last step is told twice
            return
        self.done = done
        seconds = time.perf_counter() - self.started - self.paused
        trained = self.trained(done)
        if done == 1:
            self.first = (trained, seconds)
        last = min(total, self.limit or total)
        if done % self.steps == 0 or done == last:
            asked = time.perf_counter()
            score = macro_f1(self.truth, self.guess(), self.size)
            self.paused += time.perf_counter() - asked
            self.probes.append(Probe(done, trained, seconds, score))
        if done == self.limit:
            raise CappedError

    def trained(self, steps: int) -> int:
        """Rows seen after so many steps; the short batch is an epoch's last."""
        epochs, rest = divmod(steps, math.ceil(self.rows / self.batch))
        return epochs * self.rows + rest * self.batch

    def timed(self, system: str, seed: int) -> Timed:
        end, (rows, seconds) = self.probes[-1], self.first
        rate = (end.rows - rows) / (end.seconds - seconds) if end.step > 1 else math.nan
        return Timed(system, seed, rate, self.probes)


# -- the four -----------------------------------------------------------------------------


def train_stock(setup: Setup, seed: int, watch: Stopwatch, *, padded: bool) -> None:
    """Train as the stock example does, or with dynamic padding."""
    import torch
    import transformers as hf

    hf.logging.set_verbosity_error()
    hf.logging.disable_progress_bar()
    hf.set_seed(seed)
    folder = find_backbone(setup.entry.backbone)
    names = setup.codebook.classes[STANCE]
    tokenizer = hf.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = hf.AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=len(names), local_files_only=True, use_safetensors=True,
        dtype=torch.float32,
    )  # fmt: skip

    def encode(examples: Sequence[Example], padding: str | bool) -> list[dict[str, Any]]:
        pairs = [second_segment(example, setup.entry.style.target) for example in examples]
        found = tokenizer(
            [example.text for example in examples], pairs,
            truncation=True, max_length=MAX_LENGTH, padding=padding,
        )  # fmt: skip
        return [{key: value[at] for key, value in found.items()} for at in range(len(examples))]

    rows = encode(setup.train, "max_length" if padded else False)
    for row, label in zip(rows, label_ids(setup.train, STANCE, names), strict=True):
        row["label"] = int(label)
    asked = time.perf_counter()
    held = encode(setup.validation, False)
    watch.paused += time.perf_counter() - asked
    order = sorted(range(len(held)), key=lambda at: len(held[at]["input_ids"]))

    def guess() -> np.ndarray:
        found = np.zeros(len(held), dtype=np.int64)
        model.eval()
        with torch.inference_mode():
            for start in range(0, len(order), 64):
                part = order[start : start + 64]
                batch = tokenizer.pad([held[at] for at in part], return_tensors="pt")
                found[part] = model(**batch.to(model.device)).logits.argmax(dim=1).cpu().numpy()
        return found

    class Told(hf.TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            watch(state.global_step, state.max_steps)

    collate = hf.default_data_collator if padded else hf.DataCollatorWithPadding(tokenizer)
    watch.follow(BATCH, guess)
    with tempfile.TemporaryDirectory(prefix="stance-") as work:
        trainer = hf.Trainer(
            model=model,
            args=hf.TrainingArguments(
                output_dir=work, per_device_train_batch_size=BATCH, learning_rate=LR,
                num_train_epochs=EPOCHS, seed=seed, disable_tqdm=True, report_to="none",
                dataloader_pin_memory=torch.cuda.is_available(), log_level="error",
            ),
            train_dataset=rows,
            data_collator=collate,
            callbacks=[Told()],
        )  # fmt: skip
        trainer.remove_callback(hf.PrinterCallback)
        trainer.train()


def second_segment(example: Example, with_target: bool) -> str:
    """What stock reads beside the sentence."""
    parts = (example.actor, example.target if with_target else "")
    return " ".join(part for part in parts if part)


class Watched(TransformerClassifier):
    """Our classifier, which can be asked while it is being trained."""

    def _build(self, encoder: Any, weights: Any = None) -> Any:
        self._network = super()._build(encoder, weights)
        return self._network

    def guess(self, examples: Sequence[Example]) -> np.ndarray:
        self._network.eval()
        return np.asarray(self.predict_proba(examples)[STANCE].argmax(axis=1))


def train_ours(setup: Setup, seed: int, watch: Stopwatch, *, options: TrainingOptions) -> None:
    """Train our classifier; its own validation, and stopping by it, is left out."""
    entry = setup.entry
    model = Watched(
        setup.codebook.classes, backbone=entry.backbone, style=entry.style, options=options,
        seed=seed,
    )  # fmt: skip
    watch.follow(options.batch_size * options.accumulation, lambda: model.guess(setup.validation))
    model.fit(setup.train, progress=watch)


Training = Callable[[Setup, int, Stopwatch], None]


def systems(entry: TransformerConfig) -> dict[str, Training]:
    """The trainings by name; no `frozen` where ours is that already."""
    found: dict[str, Training] = {
        "stock": partial(train_stock, padded=True),
        "dynamic": partial(train_stock, padded=False),
        "ours": partial(train_ours, options=entry.options),
    }
    frozen = replace(entry.options, frozen_layers=FROZEN)
    if frozen != entry.options:
        found["frozen"] = partial(train_ours, options=frozen)
    return found


def measure(
    name: str, train: Training, setup: Setup, seed: int, *, every: int, limit: int
) -> Timed:
    """Follow one training to its end, or for `limit` steps where that is not 0."""
    watch = Stopwatch(setup, every, limit)
    with suppress(CappedError):
        train(setup, seed, watch)
    return watch.timed(name, seed)
