"""Token ids: markers stand where the actor stands, user text is only text, windows keep the actor."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from stance.errors import ModelError
from stance.models.transformer.inputs import (
    MARKERS,
    InputEncoder,
    InputStyle,
    load_tokenizer,
    locate,
)
from stance.schema import Example


@pytest.fixture(scope="module")
def tokenizer(tiny_encoder: Path) -> Tokenizer:
    return load_tokenizer(tiny_encoder / "tokenizer.json")


def _tokens(encoder: InputEncoder, example: Example) -> list[str]:
    row = encoder.encode([example])[0]
    return [encoder.tokenizer.id_to_token(at) for at in row.ids]


RUUD = Example("1", "yesterday ane ruud called the raid a disgrace.", "ane ruud", "the raid")


def test_markers_surround_the_actor(tokenizer: Tokenizer) -> None:
    encoder = InputEncoder(tokenizer, InputStyle())
    tokens = _tokens(encoder, RUUD)
    start, end = tokens.index("[ACTOR]"), tokens.index("[/ACTOR]")
    assert tokens[start + 1 : end] == ["ane", "ruud"]
    assert tokens[0] == "[CLS]"
    assert tokens[-3:] == ["ane", "ruud", "[SEP]"]
    row = encoder.encode([RUUD])[0]
    assert tokens[row.actor_at] == "[ACTOR]"
    assert row.types == [0] * (len(tokens) - 3) + [1, 1, 1]


def test_target_is_marked_only_when_asked(tokenizer: Tokenizer) -> None:
    assert "[TARGET]" not in _tokens(InputEncoder(tokenizer, InputStyle()), RUUD)
    tokens = _tokens(InputEncoder(tokenizer, InputStyle(target=True)), RUUD)
    at = tokens.index("[TARGET]")
    assert tokens[at + 1 : tokens.index("[/TARGET]")] == ["the", "raid"]


def test_absent_actor_stands_in_the_second_segment(tokenizer: Tokenizer) -> None:
    encoder = InputEncoder(tokenizer, InputStyle())
    example = Example("1", "the raid was necessary.", "ane ruud")
    assert "[ACTOR]" not in _tokens(encoder, example)
    assert _tokens(encoder, example)[-3:] == ["ane", "ruud", "[SEP]"]
    assert encoder.encode([example])[0].actor_at == 0


def test_holders_of_one_sentence_differ(tokenizer: Tokenizer) -> None:
    encoder = InputEncoder(tokenizer, InputStyle())
    text = "ane ruud called the raid a disgrace; bilal tamm said the raid was necessary."
    one, two = encoder.encode([Example("1", text, "ane ruud"), Example("2", text, "bilal tamm")])
    assert one.ids != two.ids
    assert one.actor_at != two.actor_at


@pytest.mark.parametrize("word", ["[SEP]", "[MASK]", "[CLS]", "[PAD]", *MARKERS])
def test_control_words_of_a_text_are_text(tokenizer: Tokenizer, word: str) -> None:
    encoder = InputEncoder(tokenizer, InputStyle(markers=False, pair=False))
    row = encoder.encode([Example("1", f"he said {word} twice.")])[0]
    assert tokenizer.token_to_id(word) not in row.ids[1:-1]


def test_window_keeps_a_far_actor(tokenizer: Tokenizer) -> None:
    encoder = InputEncoder(tokenizer, InputStyle(max_length=64))
    text = "the raid was necessary and " * 40 + "ane ruud called the raid a disgrace."
    row = encoder.encode([Example("1", text, "ane ruud")])[0]
    assert len(row.ids) <= 64
    assert not row.truncated_actor
    assert tokenizer.id_to_token(row.ids[row.actor_at]) == "[ACTOR]"


def test_actor_longer_than_the_window_is_flagged(tokenizer: Tokenizer) -> None:
    encoder = InputEncoder(tokenizer, InputStyle(max_length=32))
    name = "ane ruud of " * 30 + "orsk"
    example = Example("1", f"{name} called the raid a disgrace.", name)
    assert encoder.encode([example])[0].truncated_actor
    assert len(encoder.encode([example])[0].ids) <= 32


def test_text_view_does_not_know_whose_stance_is_asked(tokenizer: Tokenizer) -> None:
    encoder = InputEncoder(tokenizer, InputStyle(view="text"))
    one, other = encoder.encode([RUUD, replace(RUUD, actor="Sten Ode", actor_span=None)])
    assert one == other
    assert encoder.marker["[ACTOR]"] not in one.ids


def test_masked_and_actor_views_hide_what_they_say(tokenizer: Tokenizer) -> None:
    tokens = _tokens(InputEncoder(tokenizer, InputStyle(masked=True)), RUUD)
    assert "ruud" not in tokens
    assert "[SOMEONE]" in tokens
    assert _tokens(InputEncoder(tokenizer, InputStyle(view="actor")), RUUD) == [
        "[CLS]", "ane", "ruud", "[SEP]",
    ]  # fmt: skip


def test_given_span_wins_over_the_name(tokenizer: Tokenizer) -> None:
    example = Example("1", "he called the raid a disgrace, ane ruud wrote.", "ane ruud")
    pronoun = replace(example, actor_span=(0, 2))
    tokens = _tokens(InputEncoder(tokenizer, InputStyle()), pronoun)
    assert tokens[1:4] == ["[ACTOR]", "he" if "he" in tokens else tokens[2], tokens[3]]
    assert tokens.index("[ACTOR]") == 1


def test_batch_pads_with_mask(tokenizer: Tokenizer) -> None:
    encoder = InputEncoder(tokenizer, InputStyle())
    rows = encoder.encode([RUUD, Example("2", "no.")])
    batch = encoder.batch(rows)
    assert batch.ids.shape == batch.mask.shape == batch.types.shape == (2, len(rows[0].ids))
    assert batch.mask.sum(axis=1).tolist() == [len(rows[0].ids), len(rows[1].ids)]


def test_locate_wants_whole_words() -> None:
    assert locate("The Ruudian Ruud spoke.", "Ruud") == (12, 16)
    assert locate("nothing", "") is None
    assert locate("a.b", "a.c") is None


def test_not_a_tokenizer(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text("{}")
    with pytest.raises(ModelError, match="not a tokenizer"):
        load_tokenizer(path)


def test_a_row_without_an_actor_is_read_at_its_target(tokenizer: Tokenizer) -> None:
    example = Example("1", "ane ruud called the raid a disgrace.", target="the raid")
    encoder = InputEncoder(tokenizer, InputStyle(target=True))
    assert _tokens(encoder, example)[encoder.encode([example])[0].actor_at] == "[TARGET]"
    assert InputEncoder(tokenizer, InputStyle()).encode([example])[0].actor_at == 0
    named = Example("2", example.text, "bilal tamm", "the raid")  # asked for, but not in the text
    assert encoder.encode([named])[0].actor_at == 0
