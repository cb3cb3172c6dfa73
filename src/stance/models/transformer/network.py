"""The network: one pretrained encoder, a shared representation of (sentence, actor), two heads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

NO_LABEL = -1
"""As ``base.label_ids`` says it."""


class StanceNetwork(nn.Module):
    """Encoder with one linear head per task.

    A row is represented by the mean over its tokens beside the state at its actor marker
    (the first token where the actor is not in the sentence), so two holders of one sentence
    are read apart.
    """

    # The Trainer must leave scaling by accumulated items to the loss below.
    accepts_loss_kwargs = False

    def __init__(
        self,
        encoder: Any,
        sizes: Mapping[str, int],
        *,
        dropout: float = 0.1,
        weights: Mapping[str, Tensor] | None = None,
        label_smoothing: float = 0.0,
        r_drop: float = 0.0,
    ) -> None:
        super().__init__()
        width = encoder.config.hidden_size
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleDict(
            {task: nn.Linear(2 * width, size) for task, size in sizes.items()}
        )
        self.label_smoothing = label_smoothing
        self.r_drop = r_drop
        self.has_types = getattr(encoder.config, "type_vocab_size", 0) > 1
        for task, value in (weights or {}).items():
            self.register_buffer(f"weight_{task}", value, persistent=False)

    def represent(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor, actor_at: Tensor
    ) -> Tensor:
        """Return (rows, 2 × width) features from (rows, length) ids and (rows,) positions."""
        types = {"token_type_ids": token_type_ids} if self.has_types else {}
        hidden = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, **types
        ).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1)
        where = actor_at.reshape(-1, 1, 1).expand(-1, 1, hidden.shape[-1])
        return torch.cat([mean, hidden.gather(1, where).squeeze(1)], dim=-1)

    def _heads(self, *inputs: Tensor) -> list[Tensor]:
        features = self.dropout(self.represent(*inputs))
        return [head(features) for head in self.heads.values()]

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor,
        actor_at: Tensor,
        labels: Tensor | None = None,
        shares: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Return ``logits`` (rows, all labels side by side) and, with labels, ``loss``.

        ``labels`` is (rows, tasks), ``NO_LABEL`` where a row lacks one. ``shares``, (rows, labels
        of the first task), is learned in place of the first task's labels.
        """
        inputs = (input_ids, attention_mask, token_type_ids, actor_at)
        logits = self._heads(*inputs)
        output = {"logits": torch.cat(logits, dim=-1)}
        if labels is None:
            return output
        truth = list(labels.unbind(dim=1))
        if shares is not None:
            truth[0] = shares
        output["loss"] = self._losses(logits, truth)
        if self.r_drop and self.training:
            again = self._heads(*inputs)
            both = (output["loss"] + self._losses(again, truth)) / 2
            apart = torch.stack(list(map(_divergence, logits, again))).sum()
            output["loss"] = both + self.r_drop * apart
        return output

    def _losses(self, logits: Sequence[Tensor], truth: Sequence[Tensor]) -> Tensor:
        return torch.stack(list(map(self._loss, self.heads, logits, truth))).sum()

    def _loss(self, task: str, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy summed over labelled rows and divided by all rows.

        ``labels`` are ids, or shares of shape (rows, labels), all 0 in a row without a label.

        Dividing by a number that does not depend on the labels keeps the update the same
        however a batch is cut for gradient accumulation.
        """
        total = nn.functional.cross_entropy(
            logits.float(),
            labels,
            weight=getattr(self, f"weight_{task}", None),
            ignore_index=NO_LABEL,
            label_smoothing=self.label_smoothing,
            reduction="sum",
        )
        return total / len(labels)


def _divergence(one: Tensor, two: Tensor) -> Tensor:
    """The mean over rows of the symmetric Kullback-Leibler divergence of two answers."""
    first, second = one.float().log_softmax(dim=-1), two.float().log_softmax(dim=-1)
    return ((first.exp() - second.exp()) * (first - second)).sum(dim=-1).mean() / 2


def freeze_lower(encoder: Any, layers: int) -> None:
    """Freeze the embeddings and the lowest ``layers`` layers; 0 leaves everything trainable.

    With markers of our own the embedding matrix holds new rows; they stay at their initial
    values when frozen, which serve as markers all the same because upper layers adapt.
    """
    if layers <= 0:
        return
    for parameter in encoder.get_input_embeddings().parameters():
        parameter.requires_grad_(False)
    if hasattr(encoder, "embeddings"):
        for parameter in encoder.embeddings.parameters():
            parameter.requires_grad_(False)
    stack = next(
        module for module in encoder.modules()
        if isinstance(module, nn.ModuleList) and len(module) == encoder.config.num_hidden_layers
    )  # fmt: skip
    for layer in stack[:layers]:
        for parameter in layer.parameters():
            parameter.requires_grad_(False)


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
