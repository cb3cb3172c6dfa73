"""The tagger's network: cues by token classification, sources and contents by word pairs.

A cue's source and content are asked of every other word at once by a scaled bilinear product
of (cue word, word), so several attributions of one sentence, nested ones too, come from a
single pass (the scorer of T. Dozat and C. Manning, "Deep biaffine attention for neural
dependency parsing", ICLR 2017, with sigmoids in place of one head per word).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stance.models.tagger.inputs import TagBatch
from stance.models.transformer.backbone import go_offline
from stance.models.transformer.weights import stored_tensors

IGNORE = -100
ROLES = 2  # source, content


class TagNetwork(nn.Module):
    """Encoder with a cue head over words and a pair head over (cue word, word)."""

    accepts_loss_kwargs = False

    def __init__(self, encoder: Any, *, width: int = 128, dropout: float = 0.1) -> None:
        super().__init__()
        size = encoder.config.hidden_size
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.cue = nn.Linear(size, 3)
        self.asking = nn.Linear(size, ROLES * width)
        self.answering = nn.Linear(size, ROLES * width)
        self.bias = nn.Parameter(torch.full((ROLES,), -2.0))
        self.width = width

    def scores(
        self, input_ids: Tensor, attention_mask: Tensor, heads: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return cue logits (rows, words, 3) and pair logits (rows, 2, words, words)."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        where = heads.unsqueeze(-1).expand(-1, -1, hidden.shape[-1])
        words = self.dropout(hidden.gather(1, where))

        def split(value: Tensor) -> Tensor:
            return value.unflatten(-1, (ROLES, self.width)).transpose(1, 2)

        asked, answered = split(self.asking(words)), split(self.answering(words))
        pairs = asked @ answered.transpose(-1, -2) / math.sqrt(self.width)
        return self.cue(words), pairs + self.bias.view(1, -1, 1, 1)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        heads: Tensor,
        labels: Tensor | None = None,
        pairs: Tensor | None = None,
        asked: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Return ``loss`` where ``labels`` are given, else the scores.

        Args:
            labels: (rows, words) 0 outside, 1 begins, 2 continues a cue, ``IGNORE`` padding.
            pairs: (rows, 2, words, words) ones where a word belongs to a cue word's role.
            asked: (rows, words, words) ones where a cue begins and the other word exists.
        """
        cue, scores = self.scores(input_ids, attention_mask, heads)
        if labels is None or pairs is None or asked is None:
            return {"cue": cue, "pairs": scores}
        words = (labels != IGNORE).sum().clamp(min=1)
        loss = nn.functional.cross_entropy(
            cue.float().flatten(0, 1), labels.flatten(), ignore_index=IGNORE, reduction="sum"
        )
        every = nn.functional.binary_cross_entropy_with_logits(
            scores.float(), pairs, reduction="none"
        )
        weighed = (every * asked.unsqueeze(1)).sum()
        return {"loss": loss / words + weighed / asked.sum().clamp(min=1)}


class TorchSession:
    """A stored tagger network asked in torch, for where it could not be exported."""

    def __init__(self, network: TagNetwork) -> None:
        self._network = network.eval()

    @classmethod
    def load(cls, folder: Path) -> Self:
        go_offline()
        from transformers import AutoConfig, AutoModel

        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        network = TagNetwork(AutoModel.from_config(config, trust_remote_code=False))
        network.load_state_dict(stored_tensors(folder))
        return cls(network)

    def scores(self, batch: TagBatch) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return cue logits (rows, words, 3) and pair logits (rows, 2, words, words)."""
        tensors = (torch.from_numpy(value) for value in (batch.ids, batch.mask, batch.heads))
        with torch.inference_mode():
            cue, pairs = self._network.scores(*tensors)
        return cue.float().numpy(), pairs.float().numpy()
