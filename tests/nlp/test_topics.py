"""Topics on made-up groups whose truth is known: found again, kept under one id, named, and assigned."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from nlp.artifact import ArtifactError
from nlp.topics.clusters import NEW, OUTSIDE, near_duplicates
from nlp.topics.corpus import HEAD_WEIGHTS, Corpus, label_features
from nlp.topics.fit import STEPS, FittedTopics, Previous, fit
from nlp.topics.match import match
from nlp.topics.model import TopicModel
from nlp.topics.space import Space, unit

MATTERS = {
    "信用卡年费没告知就扣了": "要求退还年费",
    "手机银行升级以后总是闪退": "希望修复闪退",
    "网点排队两个小时窗口太少": "多开几个窗口",
    "提前还贷预约不上": "尽快安排提前还贷",
    "催收电话打给我家里人": "停止骚扰家人",
    "收不到短信验证码": "尽快恢复验证码",
}
CHANNELS = ("phone", "chat", "social")
WIDTH = 48


def made_up(sizes: dict[int, int], *, seed: int = 1, noise: float = 0.5) -> tuple[Corpus, NDArray[np.int64]]:
    """Matters around fixed directions, pushed aside by their channel; the corpus and each row's matter."""
    fixed = np.random.default_rng(0)
    centres = unit(fixed.normal(size=(len(MATTERS), WIDTH)).astype(np.float32))
    styles = 2 * unit(fixed.normal(size=(len(CHANNELS), WIDTH)).astype(np.float32))
    random = np.random.default_rng(seed)
    truth = np.repeat(list(sizes), list(sizes.values()))
    channels = random.integers(len(CHANNELS), size=len(truth))
    spread = noise * random.normal(size=(len(truth), WIDTH)) / np.sqrt(WIDTH)
    embeddings = unit((centres[truth] + styles[channels] + spread).astype(np.float32))
    matters = list(MATTERS.items())
    texts = [f"{matters[matter][0]}，第{row}次反映" for row, matter in enumerate(truth)]
    demands = [matters[matter][1] for matter in truth]
    return Corpus(texts, embeddings, [CHANNELS[one] for one in channels], demands), truth


def rows_of(corpus: Corpus, rows: NDArray[np.int64]) -> Corpus:
    return Corpus(
        [corpus.texts[row] for row in rows],
        corpus.embeddings[rows],
        [corpus.channels[row] for row in rows],
        [corpus.demands[row] for row in rows],
    )


def known(rows: NDArray[np.int64], fitted: FittedTopics, *, total: int) -> Previous:
    """What the previous fit said of `rows`, for a corpus of `total` rows."""
    topics = np.full(total, NEW)
    topics[rows] = fitted.assigned
    return Previous(topics, next_id=int(fitted.model.ids.max()) + 1)


def above_the_loosest(points: NDArray[np.float32], centres: NDArray[np.float32], *, seed: int) -> float:
    """In place of the noise level: just too much for every text of the group whose best text is farthest from it."""
    return float((points @ centres.T).max(axis=0).min()) + 1e-6


EVEN = dict.fromkeys(range(6), 50)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return made_up(EVEN)[0]


@pytest.fixture(scope="module")
def fitted(corpus: Corpus) -> FittedTopics:
    return fit(corpus, seed=7)


def test_groups_are_found_whatever_the_channel(fitted: FittedTopics) -> None:
    assert len(fitted.topics) == 6
    assert adjusted_rand_score(made_up(EVEN)[1], fitted.assigned) > 0.95
    assert (fitted.assigned != OUTSIDE).mean() > 0.9
    assert sorted(fitted.born) == sorted(topic.id for topic in fitted.topics)


def test_same_corpus_and_seed_give_the_same_topics(corpus: Corpus, fitted: FittedTopics) -> None:
    again = fit(corpus, seed=7)
    assert again.topics == fitted.topics
    assert (again.assigned == fitted.assigned).all()


def test_names_are_words_of_customers_and_differ(corpus: Corpus, fitted: FittedTopics) -> None:
    names = [topic.name for topic in fitted.topics]
    assert len(set(names)) == len(names)
    for topic in fitted.topics:
        row = topic.representatives[0]
        said = corpus.texts[row] + corpus.demands[row]
        assert topic.name.rpartition("：")[2] in said
        assert any(term in said for term in list(topic.terms)[:3])


def test_representatives_belong_to_their_topic_and_differ(corpus: Corpus, fitted: FittedTopics) -> None:
    for topic in fitted.topics:
        shown = topic.representatives
        assert 1 < len(shown) <= 5
        assert all(fitted.assigned[row] == topic.id for row in shown)
        assert len({corpus.texts[row] for row in shown}) == len(shown)


@pytest.mark.parametrize("more", [15, 90])
def test_ids_are_kept_when_data_comes_and_rows_move(more: int) -> None:
    corpus, _ = made_up(EVEN)
    total = len(corpus)
    order = np.random.default_rng(3).permutation(total)
    early = order[: total - more]
    before = fit(rows_of(corpus, early), seed=7)
    previous = known(early, before, total=total)
    shuffled = np.random.default_rng(4).permutation(total)
    after = fit(
        rows_of(corpus, shuffled), seed=11, previous=Previous(previous.topics[shuffled], next_id=previous.next_id)
    )
    back = np.empty(total, dtype=np.int64)
    back[shuffled] = after.assigned
    had = before.assigned != OUTSIDE
    assert (back[early][had] == before.assigned[had]).mean() >= 0.98
    assert after.born == ()
    assert after.retired == ()


def test_a_new_matter_is_born_and_a_gone_one_is_never_reused() -> None:
    corpus, truth = made_up(EVEN)
    first = np.flatnonzero(truth < 5)
    before = fit(rows_of(corpus, first), seed=7)
    later = np.flatnonzero(truth > 0)  # matter 0 is gone, matter 5 is new
    topics = known(first, before, total=len(corpus)).topics[later]
    after = fit(rows_of(corpus, later), seed=7, previous=Previous(topics, next_id=before.model.ids.max() + 1))
    gone = int(before.assigned[0])
    assert len(after.topics) == 5
    assert len(after.born) == 1
    assert after.born[0] > before.model.ids.max()
    assert gone not in {topic.id for topic in after.topics}


def test_a_group_that_no_text_is_near_enough_to_is_no_topic(
    corpus: Corpus, fitted: FittedTopics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nlp.topics.fit._noise_level", above_the_loosest)
    first = fit(corpus, seed=7)
    told = sorted(topic.id for topic in first.topics)
    assert len(told) == len(first.model.centroids) == 5
    assert sorted(first.model.ids.tolist()) == told
    assert sorted(first.born) == told

    again = fit(corpus, seed=7, previous=known(np.arange(len(corpus)), fitted, total=len(corpus)))
    living = {topic.id for topic in again.topics}
    assert set(again.model.ids.tolist()) == living
    assert again.retired
    assert set(again.retired) == set(fitted.model.ids.tolist()) - living


def test_scores_tell_how_near_a_text_is_to_its_own_topic(
    corpus: Corpus, fitted: FittedTopics, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = made_up(EVEN)[1].copy()
    stayed = int(fitted.scores.argmax())  # a central text, kept by a topic that is not its nearest
    groups[stayed] = (groups[stayed] + 1) % len(EVEN)
    monkeypatch.setattr("nlp.topics.fit._settle", lambda *_: groups)
    after = fit(corpus, seed=7)
    inside = after.assigned != OUTSIDE
    assert inside[stayed]
    points = after.model.space.transform(corpus.embeddings, corpus.channels, None)
    own = after.model.centroids[np.searchsorted(after.model.ids, after.assigned[inside])]
    assert np.allclose(after.scores[inside], (points[inside] * own).sum(axis=1), atol=1e-5)
    _, nearest = after.model.assign(corpus.embeddings, corpus.channels)
    assert after.scores[stayed] < nearest[stayed]
    assert np.allclose(after.scores[~inside], nearest[~inside])


def test_progress_tells_every_step_once_in_order(corpus: Corpus) -> None:
    told: list[str] = []
    fit(corpus, seed=7, progress=told.append)
    assert told == list(STEPS)


def test_too_few_texts_are_refused(corpus: Corpus) -> None:
    with pytest.raises(ValueError, match="too few"):
        fit(rows_of(corpus, np.array([0])), seed=7)


def test_copies_of_one_text_are_one_topic_or_none() -> None:
    corpus, _ = made_up({0: 1})
    copies = fit(rows_of(corpus, np.zeros(30, dtype=np.int64)), seed=7)
    assert len(copies.topics) <= 1


def test_more_topics_than_distinct_texts_become_as_many_as_there_are_texts() -> None:
    copies = rows_of(made_up({0: 1, 1: 1})[0], np.repeat([0, 1], 15))
    had = np.r_[np.arange(15) % 3, 3 + np.arange(15) % 2]
    after = fit(copies, seed=7, previous=Previous(had, next_id=5))
    assert len(after.topics) == 2
    assert after.born == ()
    assert len(after.retired) == 3
    assert set(after.assigned[:15].tolist()) <= {OUTSIDE, 0, 1, 2}
    assert set(after.assigned[15:].tolist()) <= {OUTSIDE, 3, 4}


def test_near_copies_are_found_in_sets() -> None:
    points = unit(np.array([[1, 0], [1, 0.01], [0, 1], [0.01, 1], [-1, 0]], dtype=np.float32))
    first, sets = near_duplicates(points)
    assert first.tolist() == [0, 2, 4]
    assert sets.tolist() == [0, 0, 1, 1, 2]


def test_new_texts_find_their_topic_and_noise_finds_none(fitted: FittedTopics) -> None:
    fresh, truth = made_up(dict.fromkeys(range(6), 10), seed=9)
    ids, scores = fitted.model.assign(fresh.embeddings, fresh.channels)
    inside = ids != OUTSIDE
    assert inside.mean() > 0.8
    assert adjusted_rand_score(truth[inside], ids[inside]) == 1
    assert ((scores >= fitted.model.threshold) == inside).all()


def test_model_survives_writing_and_refuses_other_bytes(corpus: Corpus, fitted: FittedTopics) -> None:
    data = fitted.model.renumbered({0: 70}).to_bytes()
    ids, scores = TopicModel.from_bytes(data).assign(corpus.embeddings, corpus.channels)
    assert (np.where(ids == 70, 0, ids) == fitted.assigned).all()
    assert np.allclose(scores, fitted.scores)
    for broken in (b"", b"nonsense", data[:-8], TopicModel.from_bytes(data).to_bytes().replace(b"ids", b"idz")):
        with pytest.raises(ArtifactError):
            TopicModel.from_bytes(broken)


def test_space_knows_unmet_channels_and_missing_labels() -> None:
    corpus, _ = made_up(EVEN)
    features = label_features([{"business": ("loan", 0.9)}] * len(corpus))
    space = Space.fit(corpus.embeddings, corpus.channels, features)
    points = space.transform(corpus.embeddings[:3], ["fax"] * 3, None)
    assert points.shape == (3, len(space.directions) + features.shape[1])
    assert np.allclose(np.linalg.norm(points, axis=1), 1, atol=1e-5)


def test_labels_weigh_by_head_and_unknown_ones_are_nothing() -> None:
    features = label_features([{"business": ("loan", 0.5), "intent": ("complaint", 1.0)}, {"cause": ("?", 1.0)}])
    assert features[0].max() == pytest.approx(0.5 * HEAD_WEIGHTS["business"])
    assert np.count_nonzero(features) == 1


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="lengths"):
        Corpus(["a"], np.zeros((2, 3), dtype=np.float32), ["chat"], [""])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-1, 5), st.integers(-2, 9)), min_size=1, max_size=60))
def test_matching_gives_each_group_an_id_of_its_own(rows: list[tuple[int, int]]) -> None:
    groups = np.unique([group for group, _ in rows], return_inverse=True)[1] - (min(g for g, _ in rows) < 0)
    previous = np.array([topic for _, topic in rows])
    points = unit(np.random.default_rng(0).normal(size=(len(rows), 4)).astype(np.float32))
    matched = match(points, groups.astype(np.int64), previous, next_id=10)
    ids = matched.ids.tolist()
    assert len(set(ids)) == len(ids)
    assert set(matched.born) == {one for one in ids if one >= 10}
    assert set(matched.retired) == set(previous[previous >= 0].tolist()) - set(ids)
    assert all(later - earlier == 1 for earlier, later in pairwise(matched.born))
