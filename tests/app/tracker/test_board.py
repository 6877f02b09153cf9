"""Which issues a topic has while it is merged with another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.topics.models import Topic
from app.tracker.board import list_issues

if TYPE_CHECKING:
    from app.store.engine import Store
    from tests.app.tracker.conftest import Bank


def issues(store: Store, topic_id: int) -> list[int]:
    with store.read() as session:
        rows, total = list_issues(session, topic_id=topic_id)
    assert total == len(rows)
    return [row.issue.id for row in rows]


def test_topics_that_are_merged_have_their_issues_together(store: Store, bank: Bank) -> None:
    with store.write() as session:
        part, whole, other = (bank.topic(session, name) for name in ("短信费", "账单", "年费"))
        first = bank.issue(session, topic_ids=[part]).id
        second = bank.issue(session, topic_ids=[whole]).id
        session.get_one(Topic, part).merged_into_id = whole
    assert [issues(store, topic) for topic in (part, whole, other)] == [[first, second], [first, second], []]
    with store.write() as session:
        session.get_one(Topic, part).merged_into_id = None
    assert [issues(store, topic) for topic in (part, whole, other)] == [[first], [second], []]
