"""Contrastive training of the sentence embedding: what is asked counts, not how or where it is asked.

Positives are phrasings of one standard question and the two halves of one complaint; the other texts of the batch
are the negatives, half of them questions of the same category. Labelled question pairs, most of whose
negatives look alike, are judged one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from nlp.encoder import BOS, EOS, PAD, framed
from training import precision

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transformers import BertModel

TEMPERATURE = 0.05
QUESTIONS, HALVES, PAIRS = 32, 4, 24  # pairs of a batch, by kind
_CHUNK = 32  # texts of one pass
_GROUP = 8  # questions of a batch that come from one category
_LONG = 40  # pieces from which a text is cut into halves


class SameOrNot(nn.Module):
    """From a cosine to the logit of "these two ask the same"."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(10.0))
        self.border = nn.Parameter(torch.tensor(0.7))

    def forward(self, cosine: Tensor) -> Tensor:
        """Any shape."""
        return self.scale * (cosine - self.border)


@dataclass(frozen=True, slots=True)
class Questions:
    """What is compared, as framed piece ids; numbers in `standards` and `pairs` point into `asked`."""

    asked: list[list[int]]
    standards: list[list[list[int]]]  # category → standard question → its phrasings
    pairs: list[tuple[int, int, bool]]
    long: list[list[int]]  # feedback that can be cut into halves


class Comparison:
    """A batch of each kind a step."""

    def __init__(self, questions: Questions) -> None:
        self.questions = questions

    def loss(self, encoder: BertModel, same: SameOrNot, random: np.random.Generator) -> Mapping[str, Tensor]:
        """Named scalars."""
        asked, known = self.questions.asked, self.questions.pairs
        close = [(asked[one], asked[other]) for one, other in draw(self.questions.standards, random)]
        picked = random.choice(len(self.questions.long), HALVES, replace=False)
        close += [halves(self.questions.long[number], random) for number in picked]
        chosen = [known[number] for number in random.choice(len(known), PAIRS, replace=False)]
        judged = [(asked[one], asked[other]) for one, other, _ in chosen]
        vectors = embed(encoder, [side for pair in (*close, *judged) for side in pair])
        partner, pair = vectors[: 2 * len(close)], vectors[2 * len(close) :]
        logits = same((pair[::2] * pair[1::2]).sum(1))
        said = torch.tensor([float(same) for _, _, same in chosen])
        return {
            "partner": in_batch(partner[::2], partner[1::2]),
            "same": nn.functional.binary_cross_entropy_with_logits(logits, said),
        }


def embed(encoder: BertModel, rows: Sequence[Sequence[int]]) -> Tensor:
    """Unit vectors (B, hidden); texts of like length are read together, so that little is spent on padding."""
    order = sorted(range(len(rows)), key=lambda number: len(rows[number]))
    vectors = [_embed(encoder, [rows[n] for n in order[at : at + _CHUNK]]) for at in range(0, len(rows), _CHUNK)]
    return torch.cat(vectors)[torch.tensor(order).argsort()]


def _embed(encoder: BertModel, rows: Sequence[Sequence[int]]) -> Tensor:
    """The mean of the states inside the frame."""
    ids = pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=PAD)
    states = precision.states(encoder, ids, ids != PAD)
    inside = (ids != BOS) & (ids != EOS) & (ids != PAD)
    share = inside / inside.sum(1, keepdim=True).clamp(min=1)  # a question of signs alone has no piece inside
    return nn.functional.normalize(torch.einsum("bt,bth->bh", share, states), dim=1)


def in_batch(left: Tensor, right: Tensor) -> Tensor:
    """InfoNCE both ways: each text must find its partner among all of the other side (van den Oord et al. 2018)."""
    scores = left @ right.T / TEMPERATURE
    target = torch.arange(len(scores))
    both = nn.functional.cross_entropy(scores, target) + nn.functional.cross_entropy(scores.T, target)
    return both / 2


def halves(ids: Sequence[int], random: np.random.Generator) -> tuple[list[int], list[int]]:
    """A framed text cut near its middle into two framed ones."""
    inside = ids[1:-1]
    cut = int(len(inside) * random.uniform(0.35, 0.65))
    return framed(inside[:cut]), framed(inside[cut:])


def long_enough(ids: Sequence[int]) -> bool:
    """True for a text whose halves still say something."""
    return len(ids) >= _LONG


def draw(categories: Sequence[Sequence[Sequence[int]]], random: np.random.Generator) -> list[tuple[int, int]]:
    """QUESTIONS different standard questions' two phrasings; `categories` holds standards, they hold text numbers."""
    answer: list[tuple[int, int]] = []
    sizes = np.array([len(standards) for standards in categories], dtype=float)
    for category in random.choice(len(categories), len(categories), replace=False, p=sizes / sizes.sum()):
        standards = categories[category]
        for number in random.permutation(len(standards))[:_GROUP]:
            one, other = random.choice(standards[number], 2, replace=False)
            answer.append((int(one), int(other)))
            if len(answer) == QUESTIONS:
                return answer
    return answer
