"""The running mean of weights: what a loop over the steps says it is, and what is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stance.codebook import Codebook
from stance.models.transformer.classifier import TransformerClassifier
from stance.models.transformer.options import TrainingOptions
from stance.schema import Example

pytestmark = pytest.mark.usefixtures("one_thread")


def test_the_mean_is_that_of_a_loop_and_answers_in_evaluation() -> None:
    import torch

    from stance.models.transformer.network import AveragedNetwork

    class Scale(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factor = torch.nn.Parameter(torch.zeros(1))

        def forward(self, value: torch.Tensor) -> torch.Tensor:
            return value * self.factor

    network = Scale()
    averaged = AveragedNetwork(network, decay=0.8)
    mean = 0.0
    for step, weight in enumerate([4.0, -1.0, 3.0, 2.5, 8.0, 1.0, -6.0, 2.0] * 8):
        network.factor.data.fill_(weight)
        averaged.update()
        keep = min(0.8, (1 + step) / (10 + step)) if step else 0.0
        mean = keep * mean + (1 - keep) * weight
    one = torch.ones(1)
    assert averaged.train()(value=one).item() == 2.0
    assert averaged.eval()(value=one).item() == pytest.approx(mean, abs=1e-5)
    averaged.settle()
    assert network(one).item() == pytest.approx(mean, abs=1e-5)


def test_what_is_kept_is_the_mean_and_not_the_last_step(
    codebook: Codebook, tiny_encoder: Path, examples: list[Example]
) -> None:
    def fit(averaging: float) -> TransformerClassifier:
        options = TrainingOptions(
            epochs=2, batch_size=8, lr=5e-3, frozen_layers=2, precision="fp32", averaging=averaging
        )
        return TransformerClassifier(
            codebook.classes, backbone=str(tiny_encoder), options=options, seed=3
        ).fit(examples[:48], examples[48:])

    plain, mean = fit(0.0), fit(0.9)
    plain_weights, mean_weights = plain._network.state_dict(), mean._network.state_dict()
    assert plain_weights.keys() == mean_weights.keys()
    trained = "heads.stance.weight"
    assert not np.allclose(plain_weights[trained].numpy(), mean_weights[trained].numpy(), atol=1e-4)
    frozen = "encoder.embeddings.word_embeddings.weight"
    assert np.array_equal(plain_weights[frozen].numpy(), mean_weights[frozen].numpy())
    # The training itself is the same: the mean is only looked at.
    assert plain.history_[0]["loss"] == mean.history_[0]["loss"]
    assert plain.history_[1]["eval_loss"] != mean.history_[1]["eval_loss"]
