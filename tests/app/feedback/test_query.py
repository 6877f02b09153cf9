"""Search and counts find what they say, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from app.channels.base import InteractionIn
from app.channels.kinds import ChannelKind
from app.errors import NotFound
from app.feedback import stats
from app.feedback.ingest import apply_interaction
from app.feedback.models import InteractionState, Source
from app.feedback.query import FeedbackFilter, detail, rows_by_id, search
from app.jobs.queue import EmbeddedQueue
from app.store.engine import Store
from tests.conftest import SetClock

ROWS = [
    # text, channel, occurred_at, product, csat
    ("排队太久，我要曝光", "phone", "2026-10-17T23:30:00+08:00", "P01", 1),
    ("100%满意", "survey", "2026-10-18T00:30:00+08:00", "P01", 5),
    ("排队太久 手机号13800138000", "chat", "2026-10-19T12:00:00+08:00", "P02", None),
    ("一百元_没到", "chat", "2026-10-19T13:00:00+08:00", None, None),
]


@pytest.fixture
def filled(store: Store, source: Source, queue: EmbeddedQueue, clock: SetClock, work: Callable[[], int]) -> Store:
    with store.write() as session:
        for number, (text, channel, at, product, csat) in enumerate(ROWS):
            value = InteractionIn.model_validate(
                {
                    "external_id": str(number),
                    "channel": channel,
                    "occurred_at": at,
                    "product": product,
                    "customer_ref": "C1" if number < 2 else None,
                    "messages": [{"external_id": "0", "role": "customer", "text": text}],
                    "scores": [{"kind": "csat", "value": csat, "scale_min": 1, "scale_max": 5}] if csat else [],
                }
            )
            apply_interaction(session, source=source, value=value, now=clock.now(), queue=queue)
    work()
    return store


CASES = [
    (FeedbackFilter(), ["3", "2", "1", "0"]),
    (FeedbackFilter(channel=ChannelKind.CHAT), ["3", "2"]),
    (FeedbackFilter(intent="complaint"), ["2", "0"]),
    (FeedbackFilter(sentiment=0), ["3", "1"]),
    (FeedbackFilter(risk="media"), ["0"]),
    (FeedbackFilter(product="P01", intent="complaint"), ["0"]),
    (FeedbackFilter(since=datetime(2026, 10, 17, 16, tzinfo=UTC)), ["3", "2", "1"]),
    (FeedbackFilter(until=datetime(2026, 10, 17, 16, tzinfo=UTC)), ["0"]),
    (FeedbackFilter(state=InteractionState.FAILED), []),
    (FeedbackFilter(interaction_ids=[]), []),
]


def test_filters_find_what_they_say(filled: Store) -> None:
    with filled.read() as session:
        for wanted, expected in CASES:
            rows, total = search(session, filter=wanted)
            assert ([row.interaction.external_id for row in rows], total) == (expected, len(expected)), wanted


def test_pages_tile_the_whole(filled: Store) -> None:
    with filled.read() as session:
        pages = [search(session, filter=FeedbackFilter(), page=number, size=3) for number in (1, 2, 3)]
        everything = [row.interaction.id for rows, _ in pages for row in rows]
        again = rows_by_id(session, [number for number in everything if number])

    assert [total for _, total in pages] == [4, 4, 4]
    assert [len(rows) for rows, _ in pages] == [3, 1, 0]
    assert [row.interaction.id for row in again] == everything
    assert pages[0][0][1].excerpt == "排队太久 手机号[手机号]"


def test_detail_tells_all_that_is_known(filled: Store) -> None:
    with filled.read() as session:
        found = detail(session, 1)
        with pytest.raises(NotFound):
            detail(session, 99)

    assert found.customer is not None
    assert (found.customer.ref, found.source.name, found.risks) == ("C1", "bank", ["media"])
    assert [message.masked_text for message in found.messages] == ["排队太久，我要曝光"]
    assert [(score.kind, score.value) for score in found.scores] == [("csat", 1)]
    assert [one.external_id for one in found.earlier] == ["1"]


def test_counts(filled: Store) -> None:
    everything = FeedbackFilter()
    with filled.read() as session:
        days = stats.daily(session, filter=everything, since=date(2026, 10, 17), until=date(2026, 10, 21))
        assert [(day.total, day.negative) for day in days] == [(1, 1), (1, 0), (2, 1), (0, 0)]
        assert stats.by_label(session, label="intent", filter=everything) == [("complaint", 2, 2), ("other", 2, 0)]
        assert stats.by_label(session, label="product", filter=everything) == [("P01", 2, 1), ("P02", 1, 1)]
        assert stats.by_label(session, label="channel", filter=FeedbackFilter(intent="complaint")) == [
            (ChannelKind.CHAT, 1, 1),
            (ChannelKind.PHONE, 1, 1),
        ]
        assert stats.by_risk(session, filter=everything) == [("media", 1)]
        assert stats.by_state(session)[InteractionState.ANALYSED] == 4
        assert sorted(stats.csat(session, filter=everything)) == [0.0, 1.0]
        assert stats.span(session) == (
            datetime(2026, 10, 17, 15, 30, tzinfo=UTC),
            datetime(2026, 10, 19, 5, 0, tzinfo=UTC),
        )


def test_an_empty_store_has_no_span(store: Store) -> None:
    with store.read() as session:
        assert stats.span(session) is None
        assert search(session, filter=FeedbackFilter()) == ([], 0)
