"""The network that is trained: the encoder, and heads whose batch norm is folded away on export.

Without the batch norm the heads hardly learn: the pooled states of this encoder sit in a narrow cone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from nlp.heads import HEADS
from nlp.model import DEMAND
from nlp.taxonomy import values
from training.items import TAGS

if TYPE_CHECKING:
    from transformers import BertModel

MOMENTUM = 0.05


@dataclass(frozen=True, slots=True)
class Output:
    """states: (B, T, hidden). logits: head → (B, C). start, end: (B, T), -inf outside the customer's pieces.

    tags: (B, T, TAGS).
    """

    states: Tensor
    logits: dict[str, Tensor]
    start: Tensor
    end: Tensor
    tags: Tensor


class Network(nn.Module):
    """Encoder and heads; the pooling is that of `nlp.heads.Head`, batched."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        hidden = encoder.config.hidden_size
        sizes = {head: len(values(head)) for head in HEADS} | {DEMAND: 1}
        self.encoder = encoder
        self.query = nn.ParameterDict({name: nn.Parameter(torch.zeros(hidden)) for name in sizes})
        self.norm = nn.ModuleDict({name: nn.BatchNorm1d(2 * hidden, affine=False, momentum=MOMENTUM) for name in sizes})
        self.linear = nn.ModuleDict({name: nn.Linear(2 * hidden, size) for name, size in sizes.items()})
        self.pointer = nn.Linear(hidden, 2, bias=False)
        self.tags = nn.Linear(hidden, len(TAGS))
        self.dropout = nn.Dropout(0.1)

    def forward(self, ids: Tensor, present: Tensor, judged: Tensor, *, feedback: bool = True) -> Output:
        """Piece ids, present (not padding) and judged (the customer's): (B, T) each.

        `feedback` false: texts of another kind, normed by the running statistics of feedback and not moving them.
        """
        states = self.encoder(ids, attention_mask=present).last_hidden_state
        logits = {
            name: self.linear[name](self.dropout(self._pooled(name, states, judged, feedback))) for name in self.query
        }
        start, end = self.pointer(states).masked_fill(~judged[..., None], -torch.inf).unbind(-1)
        return Output(states, logits, start, end, self.tags(states))

    def _pooled(self, name: str, states: Tensor, judged: Tensor, feedback: bool) -> Tensor:  # noqa: FBT001 - forward's
        scores = (states @ self.query[name]).masked_fill(~judged, -torch.inf)
        attention = torch.einsum("bt,bth->bh", scores.softmax(1), states)
        share = judged / judged.sum(1, keepdim=True)
        both = torch.cat([attention, torch.einsum("bt,bth->bh", share, states)], 1)
        norm = cast("nn.BatchNorm1d", self.norm[name])
        if feedback:
            return cast("Tensor", norm(both))
        return nn.functional.batch_norm(both, norm.running_mean, norm.running_var, eps=norm.eps)

    def folded(self) -> dict[str, Tensor]:
        """The heads' parameters as `nlp.heads.Head` wants them, the batch norm multiplied into the weights."""
        answer = {"pointer.weight": self.pointer.weight, "tags.weight": self.tags.weight, "tags.bias": self.tags.bias}
        for name, query in self.query.items():
            norm, linear = cast("nn.BatchNorm1d", self.norm[name]), cast("nn.Linear", self.linear[name])
            mean, variance = cast("Tensor", norm.running_mean), cast("Tensor", norm.running_var)
            weight = linear.weight / torch.sqrt(variance + norm.eps)
            answer |= {
                f"head.{name}.query": query,
                f"head.{name}.weight": weight,
                f"head.{name}.bias": linear.bias - weight @ mean,
            }
        return answer
