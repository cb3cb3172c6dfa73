"""The running mean of a network's weights: what training wanders around is better than its end.

Exponential moving average (Polyak & Juditsky 1992; Izmailov et al. 2018, "Averaging weights leads
to wider optima and better generalization"), kept beside the weights that are trained and saved
with them, so that a resumed training goes on with the same mean.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


class AveragedNetwork(nn.Module):
    """Trains ``network`` and answers, in evaluation, as the mean of its weights so far.

    Args:
        network: what is trained; ``settle`` puts the mean into it in the end.
        decay: share of the mean that a step keeps; ``1 / (1 - decay)`` steps are remembered.
    """

    # As for the network itself: the loss is scaled there, not by the Trainer.
    accepts_loss_kwargs = False

    def __init__(self, network: nn.Module, decay: float) -> None:
        super().__init__()
        self.network = network
        self.mean = AveragedModel(network, multi_avg_fn=_towards(decay)).requires_grad_(False)

    def forward(self, **inputs: Tensor) -> Any:
        return self.network(**inputs) if self.training else self.mean(**inputs)

    def update(self) -> None:
        """Move the mean towards the weights of this step."""
        self.mean.update_parameters(self.network)

    def settle(self) -> None:
        """Give the network the mean as its weights."""
        self.network.load_state_dict(self.mean.module.state_dict())


def _towards(decay: float) -> Callable[[Any, Any, Any], None]:
    @torch.no_grad()
    def update(means: list[Tensor], weights: list[Tensor], steps: Tensor | int) -> None:
        # The first steps are far from where training ends: the mean soon forgets them.
        done = int(steps)
        torch._foreach_lerp_(means, weights, 1 - min(decay, (1 + done) / (10 + done)))

    return update
