"""The mixture of batches that a teacher and its student learn from, and how much of each set it holds."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from training import adapt, contrast, corpus, matters, sources
from training.finetune import Mixture
from training.items import items

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nlp.encoder import Reader
    from training.corpus import Example


@dataclass(frozen=True, slots=True)
class Amounts:
    """Texts of each public set, and how often the labelled rows are read; an hour or so on two cores with bfloat16."""

    epochs: int = 3
    feedback: int = 6_000  # for halves; read by a student too
    questions: int = 2_000  # read by a student
    reviews: int = 6_000
    names: int = 6_000
    addresses: int = 2_400
    pairs: int = 60_000
    comparisons: int = 1_300  # steps


def held(examples: Sequence[Example]) -> frozenset[str]:
    """Of the development fold: `words_key` of each text."""
    return frozenset(example.words_key for example in corpus.split(examples)[1])


def mixture(
    examples: Sequence[Example], public: Path, reader: Reader, amounts: Amounts, *, distil: bool, seed: int
) -> Mixture:
    """Labelled training rows beside the public sets of folder `public`; for a student unlabelled texts as well."""
    training, _development = corpus.split(examples)
    out = held(examples)
    feedback = adapt.feedback(public, reader, out, amounts.feedback, seed)
    questions = adapt.questions(public, reader, out, feedback=feedback, pairs=amounts.pairs, seed=seed)
    questions = replace(questions, matters=matters.learnt(training, matters.read(), reader))
    said = [example.doc.part(part) for example in training for part in example.doc.parts() if example.doc.judged(part)]
    others = [
        sources.reviews(public, reader, out, amounts.reviews, seed),
        sources.names(public, reader, amounts.names, seed),
        sources.addresses(public, reader, said, amounts.addresses, seed),
    ]
    if distil:
        some = random.Random(seed).sample(questions.asked, min(amounts.questions, len(questions.asked)))  # noqa: S311 - a sample, not a secret
        others.append(sources.unlabelled([*(text.ids for text in feedback), *some]))
    return Mixture(
        items(training, reader),
        others,
        contrast.Comparison(questions),
        amounts.epochs,
        amounts.comparisons,
    )
