"""How a transformer is fine-tuned, as plain data that needs no torch to read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

Share = Annotated[float, Ge(0), Le(1)]
Tracker = Literal["tensorboard", "mlflow"]


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How long, how fast, how much of the network, and how names are hidden.

    ``mask_actors`` and ``swap_actors`` are the shares of rows whose actor (or target, where that
    is shown and there is no actor) is replaced, anew in every epoch, by a stand-in or by another
    row's: names must not decide. ``patience`` is the number of epochs without a better validation
    macro-F1 after which training stops.
    ``averaging`` is the decay of a running mean of the weights, which is what is evaluated and
    kept; 0 keeps the last weights (see ``models.averaging``).
    ``r_drop`` weighs the agreement of two readings under different dropout; it doubles the time.
    ``soft_labels`` names a column of votes, or of shares by label, that the stance is learned from
    in place of one label, where a row has it (Uma et al. 2021, "Learning from disagreement").
    ``report_to`` names trackers that draw the training's curves (see ``models.tracking``).
    """

    epochs: Annotated[int, Ge(1)] = 8
    batch_size: Annotated[int, Ge(1)] = 16
    accumulation: Annotated[int, Ge(1)] = 1
    lr: Annotated[float, Gt(0), Lt(1)] = 3e-4
    weight_decay: Annotated[float, Ge(0)] = 0.01
    warmup: Share = 0.1
    frozen_layers: Annotated[int, Ge(0)] = 3
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.1
    label_smoothing: Annotated[float, Ge(0), Lt(1)] = 0.0
    averaging: Annotated[float, Ge(0), Lt(1)] = 0.0
    r_drop: Annotated[float, Ge(0)] = 0.0
    class_weights: Literal["none", "sqrt"] = "sqrt"
    mask_actors: Share = 0.1
    swap_actors: Share = 0.1
    soft_labels: str = ""
    patience: Annotated[int, Ge(1)] = 3
    precision: Literal["auto", "fp32"] = "auto"
    # A list and not a tuple: checkpoints compare these options with what JSON gave back.
    report_to: list[Tracker] = field(default_factory=list)
