"""Small local stand-ins: a random encoder, invented rows, a configuration over both."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from stance.codebook import Codebook, load_codebook
from stance.config import RunConfig, parse_config
from stance.schema import Example

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

_STANCES = {
    "condemning": "called the {} a disgrace",
    "justifying": "said the {} had been necessary to protect the harbour",
    "demanding": "urged the council to end the {}",
    "neutral": "said the {} would resume on Monday",
}
_TARGETS = ("raid", "blockade", "closure", "strike", "toll", "census", "levy", "search")
_ACTORS = ("Ane Ruud", "the Orsk ministry", "Bilal Tamm", "the dockers' union", "Ishka Vole")


def make_rows(count: int = 64) -> list[dict[str, object]]:
    """Return rows of the project's own format; four stances, eight articles, fixed splits."""
    rows = []
    for at in range(count):
        stance = list(_STANCES)[at % len(_STANCES)]
        actor = _ACTORS[at % len(_ACTORS)]
        target = _TARGETS[(at // 4) % len(_TARGETS)]
        text = f"{actor} {_STANCES[stance].format(target)} near pier {at}."
        doc = (at * 7) % 16
        rows.append(
            {
                "id": f"r{at:03d}",
                "doc_id": f"d{doc:02d}",
                "text": text,
                "actor": actor,
                "target": target,
                "stance": stance,
                "sentiment": {"condemning": "negative", "neutral": "neutral"}.get(
                    stance, "positive"
                ),
                "quote": "indirect",
                "split": ("train", "train", "train", "validation", "test")[doc % 5],
                "actor_span": [0, len(actor)],
            }
        )
    return rows


@pytest.fixture(scope="session")
def codebook() -> Codebook:
    return load_codebook()


@pytest.fixture
def rows() -> list[dict[str, object]]:
    return make_rows()


@pytest.fixture
def examples() -> list[Example]:
    keys = ("id", "doc_id", "text", "actor", "target", "stance", "sentiment", "quote", "split")
    return [
        Example(**{key: row[key] for key in keys}, actor_span=tuple(row["actor_span"]))  # type: ignore[arg-type]
        for row in make_rows()
    ]


@pytest.fixture
def rows_file(tmp_path: Path, rows: list[dict[str, object]]) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers and 32 dimensions with random weights and a small vocabulary."""
    import torch
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("tiny-encoder")
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,'\"“”’[]/-_:;!?()"
    words = sorted(
        {word.strip(".") for row in make_rows() for word in str(row["text"]).lower().split()}
    )
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary += list(letters) + [f"##{letter}" for letter in letters]
    vocabulary += [word for word in words if word not in vocabulary]
    ids = {token: at for at, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.add_special_tokens(vocabulary[:5])
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=160,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    return folder


def tiny_config(rows_file: Path, encoder: Path, **changes: object) -> RunConfig:
    """A configuration that trains in seconds; two epochs of the tiny encoder."""
    raw: dict[str, object] = {
        "name": "tiny",
        "data": {"path": str(rows_file)},
        "models": {
            "majority": {},
            "tfidf-svm": {"kind": "ngrams", "learner": "svm"},
            "transformer": {
                "backbone": str(encoder),
                "options": {"epochs": 2, "lr": 5e-3, "frozen_layers": 0, "batch_size": 8},
            },
        },
        "bootstrap": {"resamples": 100},
        "threads": 1,
    }
    return parse_config({**raw, **changes}, source="test")


@pytest.fixture
def one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
