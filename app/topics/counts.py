"""What the alerts count: texts by topic and day, where a rise comes from, and the texts that tell of it.

Only analysed feedback is counted, with the topic it has now, so that a refit changes past and present alike.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import case, func
from sqlmodel import Session, col, select

from app.clock import day_start
from app.feedback.models import Interaction, InteractionState
from app.feedback.query import FeedbackFilter
from app.feedback.stats import by_label
from app.topics.models import Topic, TopicAssignment
from app.topics.query import members
from app.topics.records import reach
from nlp import taxonomy
from nlp.topics.emerging import HOLIDAY, WEEK

ORDINARY = 2  # Wednesday: what a weekend day that is worked for a holiday is taken for
CARRIERS = ("channel", "product", "region")
MOST_CARRIERS = 3
TEXTS = 5


@dataclass(frozen=True, slots=True)
class DailyCounts:
    """`counts` is (rows, days): a row for each listed topic, and a last one for 未归类."""

    topic_ids: list[int | None]
    days: list[date]
    counts: NDArray[np.float64]
    kinds: list[int]


def daily_counts(session: Session, *, until: date, days: int) -> DailyCounts:
    """The `days` days before `until`, or fewer where the records begin later."""
    alive = select(Topic.id).where(col(Topic.listed)).order_by(col(Topic.id))
    topic_ids: list[int | None] = [*session.exec(alive), None]
    rows = {topic_id: row for row, topic_id in enumerate(topic_ids)}
    calendar = [until - timedelta(days=days - number) for number in range(days)]
    counts = np.zeros((len(topic_ids), days))
    at, topic = col(Interaction.occurred_at), col(TopicAssignment.topic_id)
    number = case(*((at < day_start(day + timedelta(days=1)), n) for n, day in enumerate(calendar)))
    wanted = (
        select(topic, number, func.count(col(Interaction.id)))
        .select_from(TopicAssignment)
        .join(Interaction, col(Interaction.id) == col(TopicAssignment.interaction_id))
        .where(col(Interaction.state) == InteractionState.ANALYSED, at >= day_start(calendar[0]), at < day_start(until))
        .group_by(topic, number)
    )
    for topic_id, day, count in session.exec(wanted):
        if topic_id in rows:
            counts[rows[topic_id], day] = count
    begin = _begin(counts.sum(axis=0))
    return DailyCounts(topic_ids, calendar[begin:], counts[:, begin:], [kind_of(day) for day in calendar[begin:]])


def kind_of(day: date) -> int:
    """Its weekday, or HOLIDAY, by the calendar in data/calendars."""
    calendar = taxonomy.read("calendars/days.json")
    if day.isoformat() in calendar["holidays"]:
        return HOLIDAY
    return ORDINARY if day.isoformat() in calendar["workdays"] else day.weekday()


def carriers(
    session: Session, *, topic_id: int | None, since: date, until: date, usual: int
) -> dict[str, dict[str, int]]:
    """The values that grew most against the `usual` days before `since`, each with its texts up to `until`."""
    found: dict[str, dict[str, int]] = {}
    start = day_start(since)
    now = FeedbackFilter(
        state=InteractionState.ANALYSED, interaction_ids=members(topic_id), since=start, until=day_start(until)
    )
    before = FeedbackFilter(
        state=InteractionState.ANALYSED,
        interaction_ids=members(topic_id),
        since=day_start(since - timedelta(days=usual)),
        until=start,
    )
    for label in CARRIERS:
        earlier = {value: count for value, count, _ in by_label(session, label=label, filter=before)}
        share = (until - since).days / usual
        present = {str(value): count for value, count, _ in by_label(session, label=label, filter=now)}
        more = {value: count - share * earlier.get(value, 0) for value, count in present.items()}
        first = sorted((value for value in more if more[value] > 1), key=lambda value: -more[value])
        found[label] = {value: present[value] for value in first[:MOST_CARRIERS]}
    return found


def telling_texts(session: Session, *, topic_id: int | None, since: date, until: date) -> list[int]:
    """Ids of the texts of these days that resemble the topic most; of 未归类, which resemble nothing, the newest."""
    newest = (col(Interaction.occurred_at).desc(), col(Interaction.id).desc())
    best = newest if topic_id is None else (col(TopicAssignment.score).desc(), *newest)
    wanted = (
        select(Interaction.id)
        .join(TopicAssignment, col(TopicAssignment.interaction_id) == col(Interaction.id))
        .where(
            col(Interaction.state) == InteractionState.ANALYSED,
            col(Interaction.id).in_(members(topic_id)),
            col(Interaction.occurred_at) >= day_start(since),
            col(Interaction.occurred_at) < day_start(until),
        )
        .order_by(*best)
        .limit(TEXTS)
    )
    return [one for one in session.exec(wanted) if one is not None]


def _begin(total: NDArray[np.float64]) -> int:
    """The first day of the records, in whole weeks back from the last day; a stray text of long ago is none."""
    whole = len(total) // WEEK
    weeks = total[len(total) - whole * WEEK :].reshape(whole, WEEK).sum(axis=1)[::-1]
    kept = reach(weeks.tolist(), fullest=float(weeks.max(initial=0)))
    return 0 if kept == whole else len(total) - kept * WEEK
