"""Names hidden while training: whose, and how often."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from stance.models.transformer.batches import RowDataset
from stance.models.transformer.inputs import (
    ACTOR,
    SOMEONE,
    TARGET,
    InputEncoder,
    InputStyle,
    load_tokenizer,
)
from stance.schema import Example

TEXT = "ane ruud called the raid a disgrace."


@pytest.fixture(scope="module")
def tokenizer(tiny_encoder: Path) -> Tokenizer:
    return load_tokenizer(tiny_encoder / "tokenizer.json")


def _data(
    tokenizer: Tokenizer, rows: list[Example], *, style: InputStyle, mask: float, swap: float
) -> RowDataset:
    encoder = InputEncoder(tokenizer, style)
    labels = np.zeros((len(rows), 1), dtype=np.int64)
    return RowDataset(encoder, encoder.pieces(rows), labels, seed=1, mask=mask, swap=swap)


def _marked(data: RowDataset, at: int, marker: str) -> list[str]:
    """What stands in the sentence after a marker, up to its end."""
    vocabulary = data.encoder.tokenizer
    tokens = [vocabulary.id_to_token(token) for token in data[at]["row"].ids]
    start = tokens.index(marker) + 1
    return tokens[start : tokens.index(marker.replace("[", "[/"))]


@pytest.mark.parametrize(
    ("row", "marker"),
    [
        (Example("1", TEXT, "ane ruud", "the raid"), ACTOR),
        (Example("1", TEXT, "", "the raid"), TARGET),
    ],
)
def test_the_name_that_is_asked_for_is_masked(
    tokenizer: Tokenizer, row: Example, marker: str
) -> None:
    style = InputStyle(target=True)
    data = _data(tokenizer, [row], style=style, mask=1.0, swap=0.0)
    assert _marked(data, 0, marker) == [SOMEONE]
    plain = _data(tokenizer, [row], style=style, mask=0.0, swap=0.0)
    assert SOMEONE not in _marked(plain, 0, marker)


def test_a_target_beside_an_actor_keeps_its_name(tokenizer: Tokenizer) -> None:
    row = Example("1", TEXT, "ane ruud", "the raid")
    data = _data(tokenizer, [row], style=InputStyle(target=True), mask=1.0, swap=0.0)
    assert _marked(data, 0, TARGET) == ["the", "raid"]


def test_targets_are_exchanged_between_rows_only_where_shown(tokenizer: Tokenizer) -> None:
    rows = [
        Example("1", TEXT, target="the raid"),
        Example("2", "bilal tamm said the raid was necessary.", target="bilal tamm"),
    ]
    shown = _data(tokenizer, rows, style=InputStyle(target=True), mask=0.0, swap=1.0)
    seen = set()
    for shown.epoch in range(20):
        seen.add(" ".join(_marked(shown, 0, TARGET)))
    assert seen == {"the raid", "bilal tamm"}
    hidden = _data(tokenizer, rows, style=InputStyle(), mask=0.5, swap=0.5)
    assert hidden[0]["row"].ids == hidden.encoder.encode(rows)[0].ids
