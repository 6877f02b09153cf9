"""Topics of real wording: a sample of the shipped feedback through the shipped model.

The themes (`scenario`) are never an input. The model's label heads learnt from these very texts, so the floor tells
that nothing is broken, not how well other texts would be grouped; `make bench` prints the figure without them too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sklearn.metrics import adjusted_mutual_info_score

from nlp.pipeline import Pipeline
from nlp.topics.clusters import OUTSIDE
from nlp.topics.corpus import Corpus
from nlp.topics.fit import fit
from tests.nlp import authored

if TYPE_CHECKING:
    from nlp.topics.fit import FittedTopics


@pytest.fixture(scope="module")
def sample() -> list[dict[str, Any]]:
    return authored.rows(every=6)


@pytest.fixture(scope="module")
def reader() -> Pipeline:
    return authored.pipeline(threads=1)


@pytest.fixture(scope="module")
def corpus(sample: list[dict[str, Any]], reader: Pipeline) -> Corpus:
    return authored.read(sample, reader)


@pytest.fixture(scope="module")
def fitted(corpus: Corpus, reader: Pipeline) -> FittedTopics:
    return fit(corpus, seed=7, embed=reader.embed)


def test_most_feedback_finds_a_topic(fitted: FittedTopics) -> None:
    assert (fitted.assigned != OUTSIDE).mean() >= 0.9
    assert 8 <= len(fitted.topics) <= 40


def test_topics_follow_the_themes(fitted: FittedTopics, sample: list[dict[str, Any]]) -> None:
    themes = [row["scenario"] for row in sample]
    assert adjusted_mutual_info_score(themes, fitted.assigned) >= 0.3


def test_texts_and_names_show_no_personal_data(corpus: Corpus, fitted: FittedTopics) -> None:
    for topic in fitted.topics:
        assert "[" not in topic.name
        assert not any(char.isdigit() and topic.name.count(char) > 5 for char in topic.name)
        assert 4 <= len(topic.name) <= 40
        assert len(topic.representatives) == 5
    assert len({topic.name for topic in fitted.topics}) == len(fitted.topics)


def test_assignment_is_quick_and_agrees_with_the_fit(corpus: Corpus, fitted: FittedTopics) -> None:
    again, _ = fitted.model.assign(corpus.embeddings, corpus.channels, corpus.features)
    settled = (again == fitted.assigned) | (again == OUTSIDE)
    assert settled.mean() >= 0.9
