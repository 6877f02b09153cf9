"""Names of topics: whole clauses in the customers' words, in the mood of most, near what the topic is about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from nlp.topics.naming import Meaning, Voices, name_topics


def voices(terms: dict[str, float], *said: str, moods: tuple[float, ...] = ()) -> Voices:
    """A topic of equally central texts without a demand."""
    ones = np.ones(len(said), dtype=np.float32)
    return Voices(terms, said, [""] * len(said), ones, np.array(moods or 0 * ones, dtype=np.float32))


@pytest.mark.parametrize(
    ("said", "name"),
    [("2请退回多收的年费", "请退回多收的年费"), ("12期的年费怎么取消", "12期的年费怎么取消")],
)
def test_a_name_loses_what_it_begins_with_and_no_part_of_a_number(said: str, name: str) -> None:
    assert name_topics([voices({"年费": 1.0}, said)]) == [name]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("年费到底能不能退呀", "年费到底能不能退"),  # without what a voice ends in
        ("年费扣在楼下的酒吧", "年费扣在楼下的酒吧"),  # and with a word's own end
        ("年费的单子寄到湖北省武汉市武昌区[地址]", "年费的单子寄到"),  # without where somebody lives
        ("年费的事客服说，没收到年费的短信", "没收到年费的短信"),  # what goes on behind the sign is no whole clause
        ("年费年费年费，没收到年费的短信", "没收到年费的短信"),
        ("年费从2.5万分变成了积分", "年费从2.5万分变成了积分"),  # a number is no place to cut
        ("存单到期忘了取，也没人提醒", "年费：存单到期忘了取"),  # the topic's term stands before what lacks it
    ],
)
def test_a_name_is_a_whole_clause(said: str, name: str) -> None:
    assert name_topics([voices({"年费": 1.0}, said)]) == [name]


def test_praise_does_not_name_a_complaint() -> None:
    said = ("年费减免真快", "年费没告知就扣", "年费一直扣着不给退")
    assert name_topics([voices({"年费": 1.0}, *said, moods=(1.0, -0.8, -0.8))]) == ["年费没告知就扣"]


def test_with_an_encoder_the_name_lies_where_its_topic_lies() -> None:
    places = {"年费没告知就扣了": (1, 0), "年费的事打电话问": (0, 1), "热线半天打不通": (0, 1)}

    def embed(clauses: Sequence[str]) -> NDArray[np.float32]:
        return np.array([places[clause] for clause in clauses], dtype=np.float32)

    topics = [voices({"年费": 1.0}, *list(places)[:2]), voices({"热线": 1.0}, "热线半天打不通")]
    said = embed([text for topic in topics for text in topic.texts])
    assert name_topics(topics, Meaning.of(embed, said, [[0, 1], [2]])) == ["年费没告知就扣了", "热线半天打不通"]
    assert name_topics(topics[:1], Meaning.of(embed, said[:2], [[0, 1]]))  # a topic alone is named too
