"""The label heads: each label looks at the encoder's states with a query of its own and adds up what it finds.

A label sees a mean of the customer's tokens weighted by its own attention, and their plain mean, so its logit is a
sum over tokens: logit = Σ_t (a_t·u·h_t + v·h_t / n) + b. That sum is the evidence, exact and without a second pass
(nlp/evidence.py). One attention for each label (Mullenbach et al. 2018, "label-wise attention") finds the half
sentence of a long complaint that carries a rare flag; one for a whole head had to look at everything at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from nlp.doc import Label
from nlp.evidence import WordShares
from nlp.taxonomy import values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from nlp.doc import Doc
    from nlp.encoder import Encoding
    from nlp.wide import Grams, Wide

    Floats = NDArray[np.float32]

CHOICE_HEADS = ("intent", "touchpoint", "business", "cause", "sentiment")  # exactly one answer
RISK = "risk"  # any number of answers
HEADS = (*CHOICE_HEADS, RISK)


@dataclass(frozen=True, slots=True)
class Head:
    """One head's parameters, float32, for C labels over H hidden units.

    query: (C, H). weight: (C, 2H), the first half for the attention mean. bias: (C,). temperature: > 0, divides
    the logits. threshold: a best label whose probability is lower is abstained from (risk: not given). wide: what
    the wide part's margins are multiplied with before they are added.
    """

    name: str
    query: Floats
    weight: Floats
    bias: Floats
    temperature: float
    threshold: float
    wide: float

    def contributions(self, states: Floats) -> Floats:
        """What each token adds to each label's logit: (T, hidden) → (T, C); their sum plus bias is the logit."""
        scores = states @ self.query.T
        attention = np.exp(scores - scores.max(axis=0))
        attention /= attention.sum(axis=0)
        half = self.weight.shape[1] // 2
        by_attention = (states @ self.weight[:, :half].T) * attention
        return np.asarray(by_attention + states @ self.weight[:, half:].T / len(states), dtype=np.float32)


def softmax(logits: Floats) -> Floats:
    """Along the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True), dtype=np.float32)


def sigmoid(logits: Floats) -> Floats:
    """Elementwise, stable for large magnitudes."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)), dtype=np.float32)


class Judge:
    """The stage that fills `labels`: one label per choice head, the risks that apply, each with its evidence."""

    fills = "labels"
    needs = ("normal", "identifiers", "encoding", "words")

    def __init__(self, heads: Mapping[str, Head], wide: Wide, version: str) -> None:
        self.heads = {name: heads[name] for name in HEADS}
        self.wide = wide
        self.version = version

    def predict(self, docs: Sequence[Doc]) -> list[dict[str, tuple[Label, ...]]]:
        """One dict head → labels per doc."""
        return [self._labels(doc) for doc in docs]

    def scores(self, doc: Doc) -> dict[str, Floats]:
        """The calibrated probabilities of all values of every head: head → (C,)."""
        return {head.name: _scores(head, parts, bias) for head, parts, bias in self._parts(doc, self.wide.read(doc))}

    def _labels(self, doc: Doc) -> dict[str, tuple[Label, ...]]:
        encoding, grams = read(doc), self.wide.read(doc)
        tokens = [span for span, mine in zip(encoding.spans, encoding.judged, strict=True) if mine]
        words = WordShares([*tokens, *grams.spans], doc.words)
        return {head.name: self._answer(head, parts, bias, words) for head, parts, bias in self._parts(doc, grams)}

    def _parts(self, doc: Doc, grams: Grams) -> Iterator[tuple[Head, Floats, Floats]]:
        """For each head what every token and n-gram adds to its logits, (entries, C), and the bias (C,)."""
        encoding = read(doc)
        states = encoding.states[encoding.judged]
        for name, head in self.heads.items():
            by_gram = head.wide * self.wide.contributions(grams, name)
            bias = head.bias + head.wide * self.wide.bias[self.wide.columns[name]]
            yield head, np.concatenate([head.contributions(states), by_gram]), bias

    def _answer(self, head: Head, parts: Floats, bias: Floats, words: WordShares) -> tuple[Label, ...]:
        scores = _scores(head, parts, bias)
        names = values(head.name)
        if head.name == RISK:
            chosen = [index for index in range(len(names)) if scores[index] >= head.threshold]
        else:
            chosen = [int(scores.argmax())]
        against = parts if head.name == RISK else parts - parts.mean(axis=1, keepdims=True)
        return tuple(
            Label(
                name=names[index],
                score=float(scores[index]),
                source=self.version,
                evidence=words.evidence(against[:, index]),
                abstained=head.name != RISK and bool(scores[index] < head.threshold),
                value=sentiment_value(scores) if head.name == "sentiment" else None,
            )
            for index in chosen
        )


def _scores(head: Head, parts: Floats, bias: Floats) -> Floats:
    logits = np.asarray((parts.sum(axis=0) + bias) / head.temperature, dtype=np.float32)
    return sigmoid(logits) if head.name == RISK else softmax(logits)


def read(doc: Doc) -> Encoding:
    """The doc's encoding; the pipeline's wiring has made sure that there is one."""
    return cast("Encoding", doc.encoding)


def sentiment_value(scores: Floats) -> float:
    """Expected sentiment in [-1, 1] under the probabilities of -2 … 2."""
    points = np.array([int(name) / 2 for name in values("sentiment")])
    return float(np.clip(scores @ points, -1, 1))
