"""Contrastive training of the sentence embedding: what is asked counts, not how or where it is asked.

Positives are phrasings of one standard question, two texts of one matter (matters.py) and the two halves of one
complaint; the other texts of the batch are the negatives, many of them of the same category or field. Matters are
compared among themselves, since a question may well ask about one. Labelled question pairs, most of whose negatives
look alike, are judged one by one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from nlp.encoder import BOS, EOS, PAD, framed
from training import precision

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transformers import BertModel

Kind = TypeVar("Kind")
TEMPERATURE = 0.05
QUESTIONS, MATTERS, HALVES, PAIRS = 32, 24, 4, 24  # pairs of a batch, by kind
_CHUNK = 32  # texts of one pass
_GROUP = 8  # questions or matters of a batch that come from one category or field
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
class Side:
    """A text to compare: framed piece ids (T,), and which of them count (the customer's)."""

    ids: list[int]
    judged: list[bool]


@dataclass(frozen=True, slots=True)
class Questions:
    """What is compared, as framed piece ids; numbers in `standards` and `pairs` point into `asked`."""

    asked: list[list[int]]
    standards: list[list[list[int]]]  # category → standard question → its phrasings
    pairs: list[tuple[int, int, bool]]
    long: list[list[int]]  # feedback that can be cut into halves
    matters: list[list[list[Side]]] = field(default_factory=list)  # field → matter → texts about it


class Comparison:
    """A batch of each kind a step."""

    def __init__(self, questions: Questions) -> None:
        self.questions = questions

    def loss(self, encoder: BertModel, same: SameOrNot, random: np.random.Generator) -> Mapping[str, Tensor]:
        """Named scalars."""
        asked, known = self.questions.asked, self.questions.pairs
        close = [(asked[one], asked[other]) for one, other in draw(self.questions.standards, random, QUESTIONS)]
        picked = random.choice(len(self.questions.long), HALVES, replace=False)
        close += [halves(self.questions.long[number], random) for number in picked]
        chosen = [known[number] for number in random.choice(len(known), PAIRS, replace=False)]
        judged = [(asked[one], asked[other]) for one, other, _ in chosen]
        vectors = embed(encoder, [side for pair in (*close, *judged) for side in pair])
        partner, pair = vectors[: 2 * len(close)], vectors[2 * len(close) :]
        logits = same((pair[::2] * pair[1::2]).sum(1))
        said = torch.tensor([float(same) for _, _, same in chosen])
        losses = {
            "partner": in_batch(partner[::2], partner[1::2]),
            "same": nn.functional.binary_cross_entropy_with_logits(logits, said),
        }
        if matters := draw(self.questions.matters, random, MATTERS):
            sides = [side for both in matters for side in both]
            told = embed(encoder, [side.ids for side in sides], [side.judged for side in sides])
            losses["matter"] = in_batch(told[::2], told[1::2])
        return losses


def embed(encoder: BertModel, rows: Sequence[Sequence[int]], judged: Sequence[Sequence[bool]] | None = None) -> Tensor:
    """Unit vectors (B, hidden): means of the states inside the frame, or of those that are `judged`.

    Texts of like length are read together, so that little is spent on padding.
    """
    order = sorted(range(len(rows)), key=lambda number: len(rows[number]))
    vectors = []
    for at in range(0, len(rows), _CHUNK):
        numbers = order[at : at + _CHUNK]
        ids = _padded([rows[number] for number in numbers], PAD)
        inside = (ids != BOS) & (ids != EOS) & (ids != PAD)
        if judged is not None:
            inside &= _padded([judged[number] for number in numbers], padding=False)
        vectors.append(_embed(encoder, ids, inside))
    return torch.cat(vectors)[torch.tensor(order).argsort()]


def _padded(rows: Sequence[Sequence[int]], padding: int) -> Tensor:
    return pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=padding)


def _embed(encoder: BertModel, ids: Tensor, inside: Tensor) -> Tensor:
    states = precision.states(encoder, ids, ids != PAD)
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


def draw(
    categories: Sequence[Sequence[Sequence[Kind]]], random: np.random.Generator, count: int
) -> list[tuple[Kind, Kind]]:
    """Two texts each of up to `count` standard questions or matters; `categories` holds these, they hold the texts."""
    answer: list[tuple[Kind, Kind]] = []
    if not categories:
        return answer
    sizes = np.array([len(standards) for standards in categories], dtype=float)
    for category in random.choice(len(categories), len(categories), replace=False, p=sizes / sizes.sum()):
        standards = categories[category]
        for number in random.permutation(len(standards))[:_GROUP]:
            found = standards[number]
            one, other = random.choice(len(found), 2, replace=False)
            answer.append((found[one], found[other]))
            if len(answer) == count:
                return answer
    return answer
