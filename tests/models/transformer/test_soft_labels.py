"""Votes of several annotators as what a classifier learns from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from stance.errors import InputError
from stance.models.transformer.batches import label_shares
from stance.models.transformer.network import NO_LABEL, StanceNetwork
from stance.schema import Example

NAMES = ("agree", "neutral", "disagree")


def _row(at: int, stance: str | None, **extra: Any) -> Example:
    return Example(str(at), "The sea rises.", stance=stance, extra=extra)


def test_votes_counts_and_single_labels_become_shares() -> None:
    rows = [
        _row(0, "agree", votes=["agree", "agree", "neutral", "disagree"]),
        _row(1, "neutral", votes={"neutral": 6, "agree": 2}),
        _row(2, "disagree"),
        _row(3, None),
    ]
    shares = label_shares(rows, "stance", NAMES, "votes")
    assert shares.tolist() == [[0.5, 0.25, 0.25], [0.25, 0.75, 0], [0, 0, 1], [0, 0, 0]]


@pytest.mark.parametrize("cell", ["agree", ["agree", "maybe"], {"agree": -1.0}, {"agree": "x"}, 3])
def test_a_cell_of_another_form_is_named(cell: Any) -> None:
    with pytest.raises(InputError, match="row 7: votes holds"):
        label_shares([_row(7, "agree", votes=cell)], "stance", NAMES, "votes")


def test_a_column_that_no_row_has_is_an_error() -> None:
    with pytest.raises(InputError, match="no row has votes"):
        label_shares([_row(0, "agree")], "stance", NAMES, "votes")


class _Config:
    hidden_size, type_vocab_size = 4, 1


class _Encoder(torch.nn.Module):
    config = _Config()


def test_shares_of_one_label_cost_what_the_label_costs() -> None:
    network = StanceNetwork(
        _Encoder(), {"stance": 3}, weights={"stance": torch.tensor([1, 2, 3.0])}
    )
    logits = torch.tensor(np.random.default_rng(0).normal(size=(4, 3)), dtype=torch.float32)
    labels = torch.tensor([0, 2, 1, NO_LABEL])
    shares = torch.eye(4, 3)[[0, 2, 1, 3]]
    hard = network._loss("stance", logits, labels)
    assert torch.allclose(network._loss("stance", logits, shares), hard)
