"""Masked-language modelling with whole words: the encoder learns how customers write.

Of the words (jieba's borders) so many are hidden that about 15 % of the pieces are; of those 80 % show the
unknown piece, 10 % a random one, 10 % themselves (Devlin et al. 2019; whole words: Cui et al. 2021).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from nlp.encoder import PAD
from training import precision
from training.base import UNK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers import BertModel

    from training.texts import Text

SHARE = 0.15
_SHOWN_AS = (0.8, 0.9)  # below the first: hidden; below the second: a random piece; else as it is


class WordGuesser(nn.Module):
    """Scores of all pieces for some states; the output layer is the word embedding itself."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        hidden = encoder.config.hidden_size
        self.layers = nn.Sequential(nn.Linear(hidden, hidden), nn.GELU(), nn.LayerNorm(hidden))
        self.bias = nn.Parameter(torch.zeros(encoder.config.vocab_size))

    def forward(self, states: Tensor, embedding: Tensor) -> Tensor:
        """(N, hidden), (pieces, hidden) → (N, pieces)."""
        return nn.functional.linear(self.layers(states), embedding, self.bias)


def hide(texts: Sequence[Text], pieces: int, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Piece ids as shown and as they are, padded: (B, T) each; the second is PAD wherever nothing is asked."""
    width = max(len(text.ids) for text in texts)
    shown = np.full((len(texts), width), PAD)
    asked = np.full((len(texts), width), PAD)
    for row, text in enumerate(texts):
        shown[row, : len(text.ids)] = text.ids
        left = SHARE * len(text.ids)
        for number in random.permutation(len(text.words)):
            word = text.words[number]
            if len(word) > left + 1:
                break
            left -= len(word)
            asked[row, word] = shown[row, word]
            chance = random.random()
            if chance < _SHOWN_AS[0]:
                shown[row, word] = UNK
            elif chance < _SHOWN_AS[1]:
                shown[row, word] = random.integers(UNK + 1, pieces, len(word))
    return torch.from_numpy(shown), torch.from_numpy(asked)


def loss(encoder: BertModel, guesser: WordGuesser, shown: Tensor, asked: Tensor) -> Tensor:
    """Cross entropy of the pieces asked for: a scalar."""
    where = asked != PAD
    states = precision.states(encoder, shown, shown != PAD)[where]
    with precision.mixed():
        scores = guesser(states, encoder.embeddings.word_embeddings.weight)
    return nn.functional.cross_entropy(scores.float(), asked[where])
