"""Training rows as the network reads them: piece ids with whatever is known of the text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from nlp.encoder import FRAME, PAD, WINDOW, framed
from nlp.personal import TAGS
from training import corpus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from nlp.encoder import Reader, Tokens
    from training.corpus import Example

IGNORED = -100  # the target that cross entropy passes over
OUTSIDE = 0
BUDGET = 2048  # pieces of a batch, padding included


@dataclass(frozen=True, slots=True)
class Item:
    """Framed piece ids (T,), which of them are the customer's, and what is known; None and absent are unknown.

    gold: head → index. demand: first and last piece, () where there is none. tags: index in TAGS of each piece.
    satisfied: of a review that only says so. set: of corpus.SETS. feedback: false for texts of another kind (reviews,
    news), whose states must not move the heads' running figures. beside: head → what is added to its logits (C,).
    """

    ids: list[int]
    judged: list[bool]
    gold: dict[str, int] = field(default_factory=dict)
    risks: tuple[int, ...] | None = None
    demand: tuple[int, ...] | None = None
    tags: list[int] | None = None
    satisfied: bool | None = None
    set: int = 0
    feedback: bool = True
    beside: Mapping[str, Sequence[float]] = field(default_factory=dict)

    @property
    def told(self) -> bool:
        """True when somebody said anything of the text."""
        return bool(self.gold) or any(
            known is not None for known in (self.risks, self.demand, self.tags, self.satisfied)
        )


def items(examples: Sequence[Example], reader: Reader, *, fullest: bool = False) -> list[Item]:
    """The first window of each labelled doc; one in which the customer says nothing teaches nothing.

    With `fullest` the window that holds most of the customer's pieces instead, the first of several.
    """
    answer = []
    for example in filter(corpus.speaks, examples):
        tokens = reader.tokens(example.doc)
        start, end = _fullest(reader, tokens) if fullest else (0, WINDOW - FRAME)
        if any(tokens.judged[start:end]):
            judged = [False, *tokens.judged[start:end], False]
            demand, tags = _demand(example, tokens, start, end), _tags(example, tokens, start, end)
            ids = framed(tokens.ids[start:end])
            answer.append(Item(ids, judged, example.gold, example.risks, demand, tags, set=example.set))
    return answer


def _fullest(reader: Reader, tokens: Tokens) -> tuple[int, int]:
    return max(reader.windows(tokens), key=lambda window: sum(tokens.judged[slice(*window)]))


def _demand(example: Example, tokens: Tokens, start: int, end: int) -> tuple[int, ...] | None:
    if not example.demand_known:
        return None
    if not (span := example.demand):
        return ()
    inside = [
        at
        for at, piece in enumerate(tokens.spans)
        if piece and piece.part == span.part and piece.start < span.end and span.start < piece.end
    ]
    if not inside or inside[0] < start or inside[-1] >= end:  # not all of it is shown: neither a demand nor none
        return None
    return (1 + inside[0] - start, 1 + inside[-1] - start)


def _tags(example: Example, tokens: Tokens, start: int, end: int) -> list[int] | None:
    if example.personal is None:
        return None
    tags = [OUTSIDE] * (len(tokens.ids[start:end]) + FRAME)
    for span in sorted(example.personal):
        inside = [
            at
            for at, piece in enumerate(tokens.spans[start:end])
            if piece and piece.part == span.part and piece.start < span.end and span.start < piece.end
        ]
        for at in inside:
            tags[1 + at] = TAGS.index(("B-" if at == inside[0] else "I-") + span.kind)
    return tags


def batches(sizes: Sequence[int], seed: int, budget: int = BUDGET) -> list[list[int]]:
    """Row numbers in batches of like length, at most `budget` pieces with padding, in random order: an epoch."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(sizes))
    answer: list[list[int]] = []
    for at in range(0, len(order), 2000):  # like lengths within a random pool, so that batches differ by epoch
        batch: list[int] = []
        for number in sorted(order[at : at + 2000].tolist(), key=lambda n: sizes[n]):
            if batch and (len(batch) + 1) * sizes[number] > budget:
                answer.append(batch)
                batch = []
            batch.append(number)
        answer.append(batch)
    return [answer[number] for number in random.permutation(len(answer)) if len(answer[number]) > 1]


def collate(rows: Sequence[Item]) -> tuple[Tensor, Tensor, Tensor]:
    """Piece ids, which are present (not padding) and which the customer's: each (B, T)."""
    ids = pad_sequence([torch.tensor(row.ids) for row in rows], batch_first=True, padding_value=PAD)
    judged = pad_sequence([torch.tensor(row.judged) for row in rows], batch_first=True, padding_value=False)
    return ids, ids != PAD, judged
