"""What the list and the page of a topic say, on both databases, and the names people give."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event
from sqlmodel import col, select

from app.errors import Conflict, Invalid, NotFound
from app.store import audit
from app.store.audit import AuditEntry
from app.topics.models import Topic, TopicAssignment, TopicVersion
from app.topics.query import Sort, coverage, list_topics, topic_detail
from app.topics.rates import Trend
from app.topics.service import rename, undo_rename
from tests.app.topics.conftest import MATTERS, NOW

if TYPE_CHECKING:
    from sqlmodel import Session

    from app.store.engine import Store
    from tests.app.topics.conftest import Bank


def topic(session: Session, name: str) -> int:
    """A topic under this name; its id."""
    version = session.exec(select(TopicVersion)).first()
    if version is None:
        version = TopicVersion(created_at=NOW, seed=1, texts=1, covered=1, pipeline_version="-", model=b"")
        session.add(version)
        session.flush()
    row = Topic(name=name, proposed_name=name, born_version_id=version.id or 0)
    session.add(row)
    session.flush()
    assert row.id is not None
    return row.id


def put(session: Session, topic_id: int | None, *interaction_ids: int) -> None:
    version = session.exec(select(TopicVersion)).one()
    session.add_all(
        TopicAssignment(interaction_id=one, topic_id=topic_id, score=0.5, version_id=version.id or 0)
        for one in interaction_ids
    )
    session.flush()


def records(session: Session, bank: Bank, *, weeks: int = 9, each: int = 3) -> None:
    """Feedback of no topic in each of the weeks before NOW's day, so that the records reach back over them."""
    for week in range(weeks):
        for _ in range(each):
            bank.feedback(session, "", days_ago=3 + 7 * week)


@pytest.fixture
def topics(store: Store, bank: Bank) -> dict[str, int]:
    """排队 rises from 3 to 15, 年费 falls from 12 to 2, 闪退 stays at 5; two texts, one old, are in no topic."""
    with store.write() as session:
        ids = {name: topic(session, name) for name in ("排队", "年费", "闪退")}
        for name, now, before in (("排队", 15, 3), ("年费", 2, 12), ("闪退", 5, 5)):
            for number in range(now):
                csat = 2 if number == 0 else 5 if number == 1 else None
                sentiment = -1 if number % 2 else 0
                put(session, ids[name], bank.feedback(session, name, days_ago=3, sentiment=sentiment, csat=csat))
            for _ in range(before):
                put(session, ids[name], bank.feedback(session, name, days_ago=30, region="南岭市"))
        put(session, None, bank.feedback(session, ""), bank.feedback(session, "", days_ago=90))
        records(session, bank)
        return ids


def test_list_counts_both_windows_and_begins_with_the_surest_rise(store: Store, topics: dict[str, int]) -> None:
    with store.read() as session:
        rows = list_topics(session, until=NOW)
        covered = coverage(session)
    assert [row.name for row in rows] == ["排队", "闪退", "年费"]
    assert [(row.change.count, row.change.previous) for row in rows] == [(15, 3), (5, 5), (2, 12)]
    assert [row.change.trend for row in rows] == [Trend.RISING, Trend.UNCLEAR, Trend.FALLING]
    rising = rows[0]
    assert rising.negative_share == pytest.approx(7 / 15)
    assert (rising.csat.value, rising.csat.n) == (3.5, 2)
    assert rising.last_seen == NOW - timedelta(days=3)
    assert rising.weekly == [0] * 7 + [3, 0, 0, 0, 15]
    assert (covered.assigned, covered.total) == (42, 44)


@pytest.mark.parametrize(("sort", "first"), [(Sort.LARGEST, "排队"), (Sort.NEGATIVE, "排队"), (Sort.LATEST, "排队")])
def test_other_orders(store: Store, topics: dict[str, int], sort: Sort, first: str) -> None:
    with store.read() as session:
        assert list_topics(session, until=NOW, sort=sort, limit=1)[0].name == first


def test_an_earlier_window_knows_nothing_of_what_came_later(store: Store, topics: dict[str, int]) -> None:
    with store.read() as session:
        rows = {row.name: row for row in list_topics(session, until=NOW - timedelta(days=10), days=28)}
    assert [(rows[name].change.count, rows[name].change.previous) for name in ("排队", "年费")] == [(3, 0), (12, 0)]
    assert rows["排队"].last_seen == NOW - timedelta(days=30)


@pytest.mark.parametrize(("days", "count", "previous"), [(2, 0, 2), (3, 2, 0), (10, 2, 0), (28, 2, 12), (200, 14, 1)])
def test_windows_need_not_be_whole_weeks(
    store: Store, bank: Bank, topics: dict[str, int], days: int, count: int, previous: int
) -> None:
    with store.write() as session:
        put(session, topics["年费"], bank.feedback(session, "年费", days_ago=250))
        row = next(row for row in list_topics(session, until=NOW, days=days) if row.name == "年费")
    assert (row.change.count, row.change.previous) == (count, previous)
    assert row.weekly == [0] * 7 + [12, 0, 0, 0, 2]


def test_a_topic_that_is_silent_for_long_was_last_seen_then(store: Store, bank: Bank) -> None:
    with store.write() as session:
        old, _ = topic(session, "排队"), topic(session, "没有")
        put(session, old, *(bank.feedback(session, "", days_ago=day) for day in (300, 400)))
        rows = {row.name: row for row in list_topics(session, until=NOW)}
    assert rows["排队"].last_seen == NOW - timedelta(days=300)
    assert rows["没有"].last_seen is None
    assert rows["排队"].weekly == [0] * 12


def test_feedback_is_counted_in_one_reading(store: Store, topics: dict[str, int]) -> None:
    """Windows, weeks and the last times were three readings of months of feedback."""
    told: list[str] = []
    with store.read() as session:
        event.listen(session.connection(), "before_cursor_execute", lambda *of: told.append(of[2]))
        assert len(list_topics(session, until=NOW)) == 3
    readings = [one for one in told if "JOIN interaction" in one and "JOIN score" not in one]
    assert len(readings) == 1


def test_detail_breaks_down_and_shows_masked_words(store: Store, topics: dict[str, int]) -> None:
    with store.write() as session:
        row = session.get_one(Topic, topics["年费"])
        members = select(TopicAssignment.interaction_id).where(TopicAssignment.topic_id == row.id)
        row.representatives = sorted(session.exec(members))[:3]
        session.add(row)
    with store.read() as session:
        found = topic_detail(session, topic_id=topics["年费"], until=NOW, days=56)
    assert found.row.change.count == 14
    assert found.breakdowns["region"] == [("南岭市", 12, 12), ("远山市", 2, 1)]
    assert sum(count for _, count, _ in found.breakdowns["channel"]) == 14
    assert sum(week.count for week in found.weeks) == 14
    assert found.weeks[-1].start == (NOW - timedelta(days=7)).date()
    assert [one.interaction.id for one in found.representatives] == row.representatives
    assert MATTERS["年费"][0] in found.representatives[0].excerpt


def test_only_what_a_topic_has_now_represents_it(store: Store, topics: dict[str, int]) -> None:
    with store.write() as session:
        row = session.get_one(Topic, topics["年费"])
        members = select(TopicAssignment).where(TopicAssignment.topic_id == row.id)
        moved, last, gone, first = session.exec(members.order_by(col(TopicAssignment.interaction_id)).limit(4)).all()
        row.representatives = [one.interaction_id for one in (first, moved, gone, last)]
        moved.topic_id = topics["排队"]
        session.add_all([row, moved])
        session.delete(gone)  # as where its customer has it processed no longer
    with store.read() as session:
        found = topic_detail(session, topic_id=topics["年费"], until=NOW)
    assert [one.interaction.id for one in found.representatives] == [first.interaction_id, last.interaction_id]


def test_detail_of_no_topic(store: Store) -> None:
    with store.read() as session, pytest.raises(NotFound):
        topic_detail(session, topic_id=5, until=NOW)


def test_names_are_kept_undone_and_audited(store: Store, bank: Bank, topics: dict[str, int]) -> None:
    one = topics["排队"]
    with store.write() as session:
        rename(session, actor=bank.supervisor, topic_id=one, name="  网点  排队久 ", now=NOW)
        assert session.get_one(Topic, one).renamed_by == "lin"
        undo_rename(session, actor=bank.supervisor, topic_id=one, now=NOW)
        found = session.get_one(Topic, one)
        assert (found.name, found.previous_name, found.renamed_by) == ("排队", "网点 排队久", None)
        rename(session, actor=bank.supervisor, topic_id=one, name="排队", now=NOW)  # says nothing new
    with store.read() as session:
        entries = session.exec(select(AuditEntry).order_by("id")).all()
        assert audit.verify(session).ok
    assert [entry.detail for entry in entries] == [
        {"from": "排队", "to": "网点 排队久"},
        {"from": "网点 排队久", "to": "排队"},
    ]
    assert {(entry.action, entry.subject, entry.actor) for entry in entries} == {
        ("topic.rename", f"topic:{one}", "user:lin")
    }


@pytest.mark.parametrize("name", ["", "  ", "长" * 61, "a\x00b"])
def test_names_that_cannot_be(store: Store, bank: Bank, topics: dict[str, int], name: str) -> None:
    with store.write() as session, pytest.raises(Invalid):
        rename(session, actor=bank.supervisor, topic_id=topics["排队"], name=name, now=NOW)


def test_nothing_to_undo(store: Store, bank: Bank, topics: dict[str, int]) -> None:
    with store.write() as session:
        with pytest.raises(Conflict):
            undo_rename(session, actor=bank.supervisor, topic_id=topics["排队"], now=NOW)
        with pytest.raises(NotFound):
            rename(session, actor=bank.supervisor, topic_id=999, name="没有", now=NOW)


def test_list_is_quick_on_many(store: Store, bank: Bank) -> None:
    """The limit is generous for a busy machine; the median on an idle one is told by the benchmark."""
    with store.write() as session:
        ids = [topic(session, f"主题{number}") for number in range(50)]
        for number in range(1000):
            put(session, ids[number % 50], bank.feedback(session, "排队", days_ago=number % 80))
    with store.read() as session:
        list_topics(session, until=NOW)
        spent = []
        for _ in range(3):
            begin = time.process_time()
            list_topics(session, until=NOW)
            spent.append(time.process_time() - begin)
    assert min(spent) < 0.1
