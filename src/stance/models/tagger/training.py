"""The attribution tagger: trained on annotated sentences, stored, exported for labelling."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from stance.corpus.annotated import TaggedSentence
from stance.errors import InputError, ModelError
from stance.files import sha256_json
from stance.models.base import Progress, silent
from stance.models.tagger.inputs import TagInputs, TagRow
from stance.models.tagger.network import IGNORE, ROLES, TagNetwork
from stance.models.tagger.store import INPUTS, OUTPUTS, TagSession
from stance.models.transformer import training as finetune
from stance.models.transformer.backbone import MINILM, find_backbone, tokenizer_of
from stance.models.transformer.export import export_or_say, write_onnx
from stance.models.transformer.inputs import pad_of
from stance.models.transformer.network import freeze_lower
from stance.models.transformer.options import TrainingOptions
from stance.models.transformer.weights import load_encoder
from stance.schema import Span

TOLERANCE = 1e-3
"""Largest difference in logits between torch and the export that is let pass."""
_PROBES = (
    "The ministry of Orsk called the strike a disgrace, according to its spokesman.",
    "Nobody spoke.",
    "“We had no other way,” he said, after hours of talks in the capital.",
)


class TagDataset(Dataset[dict[str, Any]]):
    """Tokenised sentences with what is to be found in them."""

    def __init__(self, inputs: TagInputs, sentences: Sequence[TaggedSentence]) -> None:
        self.inputs = inputs
        self.rows = inputs.encode([sentence.text for sentence in sentences])
        self.gold = [
            _word_spans(row, sentence) for row, sentence in zip(self.rows, sentences, strict=True)
        ]
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, at: int) -> dict[str, Any]:
        return {"row": self.rows[at], "gold": self.gold[at]}

    def length(self, at: int) -> int:
        return len(self.rows[at].ids)

    def collate(self, rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        batch = self.inputs.batch([row["row"] for row in rows])
        most = batch.heads.shape[1]
        labels = np.full((len(rows), most), IGNORE, dtype=np.int64)
        pairs = np.zeros((len(rows), ROLES, most, most), dtype=np.float32)
        asked = np.zeros((len(rows), most, most), dtype=np.float32)
        for at, row in enumerate(rows):
            count = len(row["row"].heads)
            labels[at, :count] = 0
            for cue, *roles in row["gold"]:
                labels[at, cue[0]] = 1
                labels[at, cue[0] + 1 : cue[1]] = 2
                asked[at, cue[0], :count] = 1
                for role, members in enumerate(roles):
                    pairs[at, role, cue[0], members] = 1
        arrays = {
            "input_ids": batch.ids, "attention_mask": batch.mask, "heads": batch.heads,
            "labels": labels, "pairs": pairs, "asked": asked,
        }  # fmt: skip
        return {name: torch.from_numpy(value) for name, value in arrays.items()}


def _word_spans(
    row: TagRow, sentence: TaggedSentence
) -> list[tuple[tuple[int, int], list[int], list[int]]]:
    def inside(spans: Sequence[Span]) -> list[int]:
        return [
            at
            for at, (start, end) in enumerate(row.words)
            if any(start < b and end > a for a, b in spans)
        ]

    found = []
    for cue, source, content in sentence.annotations:
        words = inside([cue])
        if words:
            found.append(((words[0], words[-1] + 1), inside(source), inside(content)))
    return found


def train_tagger(
    train: Sequence[TaggedSentence],
    validation: Sequence[TaggedSentence],
    options: TrainingOptions,
    *,
    backbone: str = MINILM,
    seed: int = 0,
    work: Path | None = None,
    download: bool = False,
    progress: Progress = silent,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[TagNetwork, TagInputs, list[dict[str, float]]]:
    """Fine-tune an encoder as a tagger; the epoch of the lowest validation loss is kept.

    Raises:
        InputError: no training sentence has an annotated cue.
    """
    if not any(sentence.annotations for sentence in train):
        raise InputError("no training sentence has an annotated cue; nothing to learn")
    torch.manual_seed(seed)
    folder = find_backbone(backbone, download=download)
    tokenizer = tokenizer_of(folder)
    inputs = TagInputs(tokenizer, pad_id=pad_of(tokenizer))
    encoder = load_encoder(folder)
    encoder.resize_token_embeddings(
        max(tokenizer.get_vocab_size(), encoder.config.vocab_size), mean_resizing=False
    )
    network = TagNetwork(encoder, dropout=options.dropout)
    freeze_lower(network.encoder, options.frozen_layers)
    facts = {
        "train": sha256_json([[item.text, item.annotations] for item in train]),
        "validation": sha256_json([[item.text, item.annotations] for item in validation]),
        "backbone": backbone,
        "options": asdict(options),
        "seed": seed,
    }
    with tempfile.TemporaryDirectory(prefix="stance-") as temporary:
        history = finetune.train(
            network,
            TagDataset(inputs, train),
            TagDataset(inputs, validation) if validation else None,
            options,
            folder=work or Path(temporary),
            seed=seed,
            score=None,
            facts=facts,
            progress=progress,
            say=say,
        )
    return network.eval(), inputs, history


class _Positional(torch.nn.Module):
    """The network with positional inputs and two outputs, as the exporter wants it."""

    def __init__(self, network: TagNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, ids: torch.Tensor, mask: torch.Tensor, heads: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return self.network.scores(ids, mask, heads)


def save_tagger(
    network: TagNetwork,
    inputs: TagInputs,
    folder: Path,
    *,
    say: Callable[[str], None] = lambda _: None,
) -> None:
    """Write weights, tokenizer and, where it can be had, the export into ``folder``."""
    from safetensors.torch import save_file

    network = network.cpu().eval()
    save_file(
        {name: value.contiguous() for name, value in network.state_dict().items()},
        folder / "model.safetensors",
    )
    inputs.tokenizer.save(str(folder / "tokenizer.json"))
    network.encoder.config.save_pretrained(folder)
    path = folder / "model.onnx"
    export_or_say(lambda: _export(network, inputs, path), path, say)


def _export(network: TagNetwork, inputs: TagInputs, path: Path) -> None:
    batch = inputs.batch(inputs.encode(_PROBES))
    tensors = tuple(torch.from_numpy(value) for value in (batch.ids, batch.mask, batch.heads))
    rows, length, words = (
        torch.export.Dim("rows", min=1),
        torch.export.Dim("length", min=2),
        torch.export.Dim("words", min=2),
    )
    table = {0: rows, 1: length}
    shapes = (table, table, {0: rows, 1: words})
    write_onnx(_Positional(network).eval(), tensors, path, INPUTS, OUTPUTS, shapes)
    exported = TagSession(path).scores(batch)
    with torch.inference_mode():
        reference = network.scores(*tensors)
    gap = max(
        float(np.abs(ours - theirs.numpy()).max())
        for ours, theirs in zip(exported, reference, strict=True)
    )
    if not gap < TOLERANCE:
        raise ModelError(f"{path}: the export differs from torch by {gap:.2g}; it was not kept")


def describe_tagger(
    backbone: str, options: TrainingOptions, seed: int, history: Sequence[Mapping[str, float]]
) -> dict[str, Any]:
    """What is written beside the weights."""
    return {
        "backbone": backbone if backbone == MINILM else Path(backbone).name,
        "options": asdict(options),
        "seed": seed,
        "history": [dict(item) for item in history],
    }
