"""Domain adaptation of the base encoder: how customers write (mlm.py) and what they ask for (contrast.py).

Both are trained side by side, one batch of each a step, on texts without labels. What is read is bounded by the
number of steps: about two thousand pieces of running text and as many of questions each.
"""

from __future__ import annotations

import hashlib
import random as plain_random
from typing import TYPE_CHECKING

import numpy as np
from torch import nn

from nlp.encoder import EOS, framed
from training import contrast, loop, mlm, texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from torch import Tensor
    from transformers import BertModel

    from nlp.encoder import Reader

TEXTS = 32  # of a step
SHARES = {  # of the running text; feedback about money first
    "complaint": 0.45,
    "app_review": 0.2,
    "forum": 0.1,
    "telecom_workorder": 0.15,
    "citizen_letter": 0.1,
}


def feedback(folder: Path, reader: Reader, held: frozenset[str], count: int, seed: int) -> list[texts.Text]:
    """About `count` texts of customers by SHARES, shortest first, none of them held."""
    pools: dict[str, list[str]] = {name: [] for name in SHARES}
    for row in texts.rows(folder / "feedback_unlabelled.jsonl.xz"):
        pools[row["set"]].append(row["text"])
    pools["forum"] = [row["text"] for row in texts.rows(folder / "bank_forum_comments.jsonl.xz")]
    random = plain_random.Random(seed)  # noqa: S311 - a sample, not a secret
    chosen = [text for name in SHARES for text in _some(pools[name], round(SHARES[name] * count), random)]
    return sorted(texts.read(chosen, reader, held), key=lambda text: len(text.ids))


def questions(
    folder: Path, reader: Reader, held: frozenset[str], *, feedback: Sequence[texts.Text], pairs: int, seed: int
) -> contrast.Questions:
    """The question sets without what is held or kept out for the figures; of the labelled pairs at most `pairs`."""
    numbers: dict[str, int] = {}
    standards: dict[tuple[str, str], list[list[int]]] = {}
    for names, phrasings in texts.standard_questions(folder / "bank_questions.jsonl.xz", held).items():
        if not texts.kept_out(names):
            found = [numbers.setdefault(text, len(numbers)) for text in phrasings]
            standards.setdefault(names[:2], []).append(found)
    known = [pair for pair in texts.pairs(folder / "question_pairs.jsonl.xz", held) if not pair.kept_out]
    random = plain_random.Random(seed)  # noqa: S311 - a sample, not a secret
    random.shuffle(known)
    by_answer = [[pair for pair in known if pair.same is same] for same in (True, False)]
    chosen = [pair for both in zip(*by_answer, strict=False) for pair in both][:pairs]
    points = [
        (numbers.setdefault(pair.left, len(numbers)), numbers.setdefault(pair.right, len(numbers)), pair.same)
        for pair in chosen
    ]
    empty = texts.Text(framed([EOS]), [])  # for a question of signs alone
    asked = [(texts.read_one(text, reader, frozenset()) or empty).ids for text in numbers]
    long = [text.ids for text in feedback if contrast.long_enough(text.ids)]
    return contrast.Questions(asked, list(standards.values()), points, long)


def _some(pool: list[str], count: int, random: plain_random.Random) -> list[str]:
    return random.sample(pool, min(count, len(pool)))


class Adapter(nn.Module):
    """The encoder with what is thrown away afterwards: the word guesser and the same-or-not border.

    Without `feedback` no words are guessed, without `comparison` nothing is compared.
    """

    def __init__(
        self, encoder: BertModel, feedback: Sequence[texts.Text], comparison: contrast.Comparison | None, seed: int
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.guesser = mlm.WordGuesser(encoder)
        self.same = contrast.SameOrNot()
        self.feedback, self.comparison, self.seed = feedback, comparison, seed

    def loss(self, step: int) -> Mapping[str, Tensor]:
        """The named losses of one step."""
        random = np.random.default_rng([self.seed, step])
        answer: dict[str, Tensor] = {}
        if self.feedback:
            start = int(random.integers(max(1, len(self.feedback) - TEXTS + 1)))  # texts of like length stand together
            batch = self.feedback[start : start + TEXTS]
            shown, asked = mlm.hide(batch, self.encoder.config.vocab_size, random)
            answer["words"] = mlm.loss(self.encoder, self.guesser, shown, asked)
        if self.comparison:
            answer |= self.comparison.loss(self.encoder, self.same, random)
        return answer


def adapt(adapter: Adapter, steps: int, pace: loop.Pace, folder: Path) -> None:
    """Train the encoder in place; what was trained and how far is told by the folder's log and curve."""
    asked = adapter.comparison.questions if adapter.comparison else None
    told = repr(([text.ids for text in adapter.feedback], asked))
    loop.run(
        adapter,
        loop.groups(adapter, adapter.encoder, pace),
        adapter.loss,
        steps=steps,
        pace=pace,
        folder=folder,
        reads=hashlib.sha256(told.encode()).hexdigest(),
    )
