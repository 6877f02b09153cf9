"""The network that is trained: the encoder, and heads whose batch norm is folded away on export.

Without the batch norm the heads hardly learn: the pooled states of this encoder sit in a narrow cone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from nlp.heads import HEADS
from nlp.taxonomy import values

if TYPE_CHECKING:
    from transformers import BertModel

DEMAND = "demand"
MOMENTUM = 0.05


@dataclass(frozen=True, slots=True)
class Output:
    """logits: head → (B, C). start, end: (B, T), -inf outside the customer's tokens."""

    logits: dict[str, Tensor]
    start: Tensor
    end: Tensor


class Network(nn.Module):
    """Encoder and heads; the pooling is that of `nlp.heads.Head`, batched.

    The embeddings and the first `frozen` layers are not trained: their states are computed once
    (training/states.py) and given to `forward`.
    """

    def __init__(self, encoder: BertModel, frozen: int) -> None:
        super().__init__()
        hidden = encoder.config.hidden_size
        sizes = {head: len(values(head)) for head in HEADS} | {DEMAND: 1}
        self.encoder = encoder
        self.frozen = frozen
        self.encoder.requires_grad_(requires_grad=False)
        self.upper.requires_grad_(requires_grad=True)
        self.query = nn.ParameterDict({name: nn.Parameter(torch.zeros(hidden)) for name in sizes})
        self.norm = nn.ModuleDict({name: nn.BatchNorm1d(2 * hidden, affine=False, momentum=MOMENTUM) for name in sizes})
        self.linear = nn.ModuleDict({name: nn.Linear(2 * hidden, size) for name, size in sizes.items()})
        self.pointer = nn.Linear(hidden, 2, bias=False)
        self.dropout = nn.Dropout(0.1)

    @property
    def upper(self) -> nn.ModuleList:
        """The layers that are trained."""
        return nn.ModuleList(self.encoder.encoder.layer[self.frozen :])

    def forward(self, states: Tensor, present: Tensor, judged: Tensor) -> Output:
        """States after the frozen layers (B, T, hidden); present (not padding) and judged (the customer's): (B, T)."""
        mask = torch.zeros(present.shape).masked_fill(~present, torch.finfo(torch.float32).min)[:, None, None]
        for layer in self.upper:
            states = layer(states, mask)
        logits = {name: self.linear[name](self.dropout(self._pooled(name, states, judged))) for name in self.query}
        start, end = self.pointer(states).masked_fill(~judged[..., None], -torch.inf).unbind(-1)
        return Output(logits, start, end)

    def _pooled(self, name: str, states: Tensor, judged: Tensor) -> Tensor:
        scores = (states @ self.query[name]).masked_fill(~judged, -torch.inf)
        attention = torch.einsum("bt,bth->bh", scores.softmax(1), states)
        share = judged / judged.sum(1, keepdim=True)
        mean = torch.einsum("bt,bth->bh", share, states)
        pooled: Tensor = self.norm[name](torch.cat([attention, mean], 1))
        return pooled

    def folded(self) -> dict[str, Tensor]:
        """The heads' parameters as `nlp.heads.Head` wants them, the batch norm multiplied into the weights."""
        answer = {"pointer.weight": self.pointer.weight}
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
