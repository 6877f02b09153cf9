"""Topics of the shipped feedback beside plain BERTopic in the same run: agreement with the themes, coverage, seconds.

The shipped model's label heads learnt from these texts; "without labels" is the figure that owes them nothing but
the embedding's training.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.metrics import adjusted_mutual_info_score

from nlp.segment import terms
from nlp.topics.clusters import NEW, OUTSIDE
from nlp.topics.corpus import Corpus
from nlp.topics.fit import FittedTopics, Previous, fit
from nlp.topics.space import unit
from tests.nlp import authored

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nlp.topics.naming import Embed

SEED = 7
QUERIES = 200

pytestmark = [
    pytest.mark.bench,
    pytest.mark.filterwarnings("ignore:Tensorflow not installed:ImportWarning"),  # umap, beside bertopic
    pytest.mark.filterwarnings("ignore:n_jobs value 1 overridden:UserWarning"),  # umap with a seed
]


def part(corpus: Corpus, rows: NDArray[np.int64]) -> Corpus:
    """Some rows of a corpus."""
    return Corpus(
        [corpus.texts[row] for row in rows],
        corpus.embeddings[rows],
        [corpus.channels[row] for row in rows],
        [corpus.demands[row] for row in rows],
        None if corpus.features is None else corpus.features[rows],
    )


def plain_bertopic(corpus: Corpus) -> NDArray[np.int64]:
    """BERTopic's defaults over TF-IDF-SVD vectors and jieba terms."""
    from bertopic import BERTopic
    from umap import UMAP

    documents = [" ".join(terms(text)) for text in corpus.texts]
    weights = TfidfVectorizer(tokenizer=str.split, token_pattern=None, lowercase=False).fit_transform(documents)
    vectors = TruncatedSVD(100, random_state=SEED).fit_transform(weights)
    reducer = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=SEED)
    words = CountVectorizer(tokenizer=str.split, token_pattern=None, lowercase=False)
    model = BERTopic(language="multilingual", umap_model=reducer, vectorizer_model=words)
    return np.array(model.fit_transform(documents, embeddings=vectors)[0])


def told_by_names(fitted: FittedTopics, corpus: Corpus, themes: NDArray[np.str_], embed: Embed) -> tuple[float, float]:
    """How many of the ten texts nearest to a topic's name are of the topic, and how many of its commonest theme."""
    mean = corpus.embeddings.mean(axis=0)
    names = unit(embed([topic.name for topic in fitted.topics]) - mean)
    nearest = np.argsort(-(names @ unit(corpus.embeddings - mean).T), axis=1)[:, :10]
    topics = np.array([topic.id for topic in fitted.topics])
    commonest = np.array([Counter(themes[fitted.assigned == topic]).most_common(1)[0][0] for topic in topics])
    of_topic = fitted.assigned[nearest] == topics[:, None]
    return float(of_topic.mean()), float((themes[nearest] == commonest[:, None]).mean())


def test_figures() -> None:
    rows = authored.rows()
    themes = [row["scenario"] for row in rows]
    reader = authored.pipeline(threads=2)
    corpus = authored.read(rows, reader)

    def tell(name: str, assigned: NDArray[np.int64], seconds: float) -> None:
        agreement = adjusted_mutual_info_score(themes, assigned)
        groups = len(set(assigned.tolist()) - {OUTSIDE})
        covered = (assigned != OUTSIDE).mean()
        print(f"{name:>16}: AMI {agreement:.3f}, {groups} topics, coverage {covered:.1%}, {seconds:.1f} s")

    fitted: FittedTopics | None = None
    for name, read in (("with labels", corpus), ("without labels", replace(corpus, features=None))):
        began = time.perf_counter()
        found = fit(read, seed=SEED, embed=reader.embed)
        tell(name, found.assigned, time.perf_counter() - began)
        fitted = fitted or found
    began = time.perf_counter()
    tell("plain BERTopic", plain_bertopic(corpus), time.perf_counter() - began)
    assert fitted is not None

    by_words = fit(corpus, seed=SEED)
    for name, found in (("by meaning", fitted), ("by words alone", by_words)):
        topic, theme = told_by_names(found, corpus, np.array(themes), reader.embed)
        print(
            f"names {name}: of the ten nearest texts {topic:.1%} are of the topic, {theme:.1%} of its commonest theme"
        )

    order = np.random.default_rng(SEED).permutation(len(corpus))
    for more in (0.05, 0.30):
        early = order[: int(len(corpus) / (1 + more))]
        before = fit(part(corpus, early), seed=SEED)
        known = np.full(len(corpus), NEW)
        known[early] = before.assigned
        after = fit(corpus, seed=SEED + 1, previous=Previous(known, int(before.model.ids.max()) + 1))
        print(f"ids kept after {more:.0%} more: {(after.assigned[early] == before.assigned).mean():.1%}")

    began = time.perf_counter()
    for row in range(QUERIES):
        one = part(corpus, np.array([row]))
        fitted.model.assign(one.embeddings, one.channels, one.features)
    print(f"assigned in {(time.perf_counter() - began) / QUERIES * 1000:.2f} ms a text")
