"""Find the topics of a corpus: space, groups, terms, names, ids that continue, and a model for what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nlp.segment import terms as terms_of
from nlp.topics.clusters import MIN_TOPIC, NEW, OUTSIDE, cluster
from nlp.topics.match import match
from nlp.topics.model import TopicModel
from nlp.topics.naming import Meaning, Voices, name_topics
from nlp.topics.represent import representatives
from nlp.topics.space import Space, centroids
from nlp.topics.words import group_terms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from nlp.topics.corpus import Corpus
    from nlp.topics.naming import Embed

    Points = NDArray[np.float32]
    Labels = NDArray[np.int64]
    Progress = Callable[[str], None]

STEPS = ("计算文本之间的距离", "把相近的文本归到一起", "延续上一版的主题编号", "切分词语", "为主题选词和命名")
SETTLE = 3  # rounds in which texts look for their nearest topic
STAY = 0.1  # how much nearer another topic must be before a text leaves the one it had
NOISE_QUANTILE = 0.5  # a text outside resembles its nearest topic less than this share of random points would
FEWEST = 2  # texts from which there is something to compare


@dataclass(frozen=True, slots=True)
class Previous:
    """The topics as they stood: for each row of the corpus its topic id, OUTSIDE or NEW; ids are below `next_id`."""

    topics: Labels
    next_id: int


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """One topic: terms best first with their c-TF-IDF weight, rows of its texts that represent it, its size."""

    id: int
    name: str
    terms: dict[str, float]
    representatives: list[int]
    size: int


@dataclass(frozen=True, slots=True)
class FittedTopics:
    """The result of a fit: `assigned[i]` is the topic id of row i (OUTSIDE: 未归类).

    `scores[i]` is the row's cosine to the centroid of that topic, which after STAY may not be the nearest one; of
    a row without a topic, to the nearest. The model knows exactly the topics in `topics`.
    """

    topics: list[FoundTopic]  # largest first
    assigned: Labels
    scores: Points
    born: tuple[int, ...]
    retired: tuple[int, ...]
    model: TopicModel


def silent(_step: str) -> None:
    """Tell nobody how far it is."""


def fit(
    corpus: Corpus,
    *,
    seed: int,
    previous: Previous | None = None,
    embed: Embed | None = None,
    progress: Progress = silent,
) -> FittedTopics:
    """Group the corpus into topics; the same corpus, seed and previous topics give the same result.

    `embed` reads clauses as the corpus was read, for better names; without it they are chosen by their words alone.

    `progress(step)` is called with each of STEPS, Chinese, when it is done.
    Near-copies count as one text when groups are formed, and as many in a topic's size. Raises ValueError for
    fewer than two texts.
    """
    if len(corpus) < FEWEST:
        raise ValueError(f"{len(corpus)} texts are too few for topics")
    before = previous or Previous(np.full(len(corpus), NEW, dtype=np.int64), 0)
    space = Space.fit(corpus.embeddings, corpus.channels, corpus.features)
    points = space.transform(corpus.embeddings, corpus.channels, corpus.features)
    progress(STEPS[0])
    known, words = _dense(before.topics), space.words(corpus.embeddings, corpus.channels)
    groups = _settle(points, cluster(points, words, seed=seed, known=known), known)
    progress(STEPS[1])
    centres = centroids(points, groups, int(groups.max()) + 1)
    threshold = _noise_level(points, centres, seed=seed)
    outside = (points @ centres.T).max(axis=1) < threshold
    alive, groups = _living(groups, outside)
    # texts outside tell as well where their group comes from, so they leave it only after this
    matched = match(points, groups, before.topics, next_id=before.next_id)
    model = TopicModel(space, matched.ids, centres[alive], threshold)
    groups = np.where(outside, OUTSIDE, groups)
    progress(STEPS[2])
    documents = [" ".join(terms_of(text)) for text in corpus.texts]
    progress(STEPS[3])
    told = _tell(corpus, points, groups, model, group_terms(documents, points, groups))
    rows_of = [one.rows for one in told]
    meaning = Meaning.of(embed, corpus.embeddings, rows_of) if embed and told else None
    names = name_topics([one.voices for one in told], meaning)
    topics = [
        FoundTopic(one.id, name, dict(one.voices.terms), one.shown, len(one.rows))
        for one, name in zip(told, names, strict=True)
    ]
    progress(STEPS[4])
    assigned = np.where(groups >= 0, matched.ids[groups], OUTSIDE)
    scores = _own_likeness(points, model.centroids, groups)
    return FittedTopics(topics, assigned, scores, matched.born, matched.retired, model)


def _dense(topics: Labels) -> Labels | None:
    """Topic ids as labels 0 … k-1 in the order of the ids, OUTSIDE and NEW as they are; None without any topic."""
    ids = np.unique(topics[topics >= 0])
    if not len(ids):
        return None
    dense: Labels = np.where(topics >= 0, np.searchsorted(ids, topics), topics).astype(np.int64)
    return dense


def _settle(points: Points, groups: Labels, known: Labels | None) -> Labels:
    """Let every text go to the nearest centroid, dissolve groups that are too small, number the rest 0 … k-1.

    Smoothing blurs the edge of a group, so the last word has the text's own place; a text that had a topic in the
    previous fit leaves it only for one that is nearer by STAY.
    """
    count = int(groups.max()) + 1
    alive = np.ones(count, dtype=bool)
    held = None if known is None else np.flatnonzero((known >= 0) & (known < count))
    for _ in range(SETTLE):
        sizes = np.bincount(groups, minlength=count)
        if sizes.max() >= MIN_TOPIC:
            alive &= sizes >= MIN_TOPIC
        likeness = points @ centroids(points, groups, count).T
        if held is not None and known is not None:
            likeness[held, known[held]] += STAY
        likeness[:, ~alive] = -2
        groups = likeness.argmax(axis=1)
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


def _noise_level(points: Points, centres: Points, *, seed: int) -> float:
    """The likeness to the nearest topic that points without structure reach: each coordinate drawn by itself."""
    random = np.random.default_rng(seed)
    noise = np.column_stack([random.choice(column, size=min(len(points), 5000)) for column in points.T])
    noise /= np.maximum(np.linalg.norm(noise, axis=1, keepdims=True), 1e-9)
    level = float(np.quantile((noise @ centres.T).max(axis=1), NOISE_QUANTILE))
    own = (points @ centres.T).max(axis=1)
    # one matter alone, or copies of it: the coordinates carry no structure that could be broken
    return min(level, float(np.quantile(own, 0.1)))


def _living(groups: Labels, outside: NDArray[np.bool_]) -> tuple[Labels, Labels]:
    """The groups (k,) that keep a text, and each row's place among them, OUTSIDE where its group is not.

    A group whose texts are all outside is no topic: with an id and a centroid it would go on taking new texts that
    nobody could read about.
    """
    alive = np.unique(groups[~outside])
    return alive, np.where(np.isin(groups, alive), np.searchsorted(alive, groups), OUTSIDE)


def _own_likeness(points: Points, centres: Points, groups: Labels) -> Points:
    """The cosine (n,) to the centroid of a text's own group, to the nearest one where it has none."""
    likeness = points @ centres.T
    own = likeness[np.arange(len(groups)), groups]
    scores: Points = np.where(groups >= 0, own, likeness.max(axis=1))
    return scores


@dataclass(frozen=True, slots=True)
class _Told:
    """A topic that only lacks its name."""

    id: int
    rows: list[int]
    voices: Voices
    shown: list[int]


def _tell(
    corpus: Corpus, points: Points, groups: Labels, model: TopicModel, terms: Sequence[dict[str, float]]
) -> list[_Told]:
    """Largest topic first, so that it has the first choice of a name."""
    sizes = np.bincount(groups[groups >= 0], minlength=len(model.ids))
    moods = np.zeros(len(corpus), dtype=np.float32) if corpus.moods is None else corpus.moods
    found = []
    for group in np.argsort(-sizes, kind="stable").tolist():
        rows = np.flatnonzero(groups == group).tolist()
        texts = [corpus.texts[row] for row in rows]
        demands = [corpus.demands[row] for row in rows]
        centre = model.centroids[group]
        voices = Voices(terms[group], texts, demands, points[rows] @ centre, moods[rows])
        shown = [rows[row] for row in representatives(points[rows], centre, texts)]
        found.append(_Told(int(model.ids[group]), rows, voices, shown))
    return found
