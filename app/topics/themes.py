"""Themes 大类: the level above topics, the business that most of a topic's feedback is about.

A theme groups topics, so that a reader with forty of them meets a dozen first. It is taken from the labels and not
from a second clustering, whose groups would need names and have borders that move from fit to fit (ADR 0014). A topic
about several businesses, none of them for half of its feedback, stands last. A person may put a topic elsewhere; that
stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from app.errors import Invalid
from app.feedback import display
from app.feedback.models import Analysis, Interaction
from app.people.models import User
from app.store import audit
from app.topics import query
from app.topics.models import NO_THEME, Topic, TopicAssignment
from app.topics.query import Figures, Sort, TopicRow
from app.topics.rates import Change
from nlp import taxonomy

HEAD = "business"
MOST = 0.5  # of a topic's feedback, for its theme to be their business


@dataclass(frozen=True, slots=True)
class ThemeRow(Figures):
    """A theme with its topics in their order, and what these come to together."""

    theme: str
    name: str
    topics: list[TopicRow]


def title(theme: str) -> str:
    """The Chinese name of a theme."""
    return "跨业务或其他" if theme == NO_THEME else display.title(HEAD, theme)


def choices() -> list[tuple[str, str]]:
    """Every theme there can be with its Chinese name, in the taxonomy's order."""
    return [(value, title(value)) for value in taxonomy.values(HEAD)]


def settle(session: Session) -> None:
    """Give every topic the theme of MOST of its feedback; a topic that a person put somewhere stays there."""
    business, topic_id = col(Analysis.business), col(TopicAssignment.topic_id)
    counted = (
        select(topic_id, business, func.count())
        .join(Interaction, col(Interaction.id) == col(TopicAssignment.interaction_id))
        .join(Analysis, col(Analysis.id) == col(Interaction.analysis_id))
        .where(topic_id.is_not(None))
        .group_by(topic_id, business)
    )
    shares: dict[int | None, Counter[str]] = {}
    for id_, value, count in session.exec(counted):
        shares.setdefault(id_, Counter())[value] = count
    for topic in session.exec(select(Topic).where(col(Topic.theme_by).is_(None))):
        if topic.id in shares:
            value, count = max(shares[topic.id].items(), key=lambda one: (one[1], one[0]))
            topic.theme = value if count >= MOST * shares[topic.id].total() else NO_THEME
            session.add(topic)
    session.flush()


def put(session: Session, *, actor: User, topic_id: int, theme: str, now: datetime) -> Topic:
    """Put a topic under a theme for good, or with an empty one where its feedback says. Raises NotFound, Invalid."""
    topic = query.topic(session, topic_id)
    if theme and theme not in taxonomy.values(HEAD):
        raise Invalid("没有这个大类，请从列表里选。", field="theme")
    before = topic.theme
    topic.theme_by = actor.login if theme else None
    topic.theme = theme or topic.theme
    session.add(topic)
    session.flush()
    if not theme:
        settle(session)
    audit.record(
        session,
        at=now,
        actor=f"user:{actor.login}",
        action="topic.theme",
        subject=f"topic:{topic.id}",
        detail={"from": before, "to": topic.theme, "by_hand": bool(theme)},
    )
    return topic


def grouped(rows: Sequence[TopicRow], sort: Sort) -> list[ThemeRow]:
    """The topics by theme, themes in the same kind of order as topics; topics without one come last."""
    themes: dict[str, list[TopicRow]] = {}
    for row in rows:
        themes.setdefault(row.theme, []).append(row)
    found = [_together(theme, topics) for theme, topics in themes.items()]
    return sorted(found, key=lambda row: (row.theme == NO_THEME, query.ORDER[sort](row)))


def _together(theme: str, topics: list[TopicRow]) -> ThemeRow:
    first = topics[0].change
    scored = [(row.csat.value * row.csat.n, row.csat.n) for row in topics if row.csat.value is not None]
    n = sum(count for _, count in scored)
    return ThemeRow(
        theme=theme,
        name=title(theme),
        topics=topics,
        change=Change.between(
            sum(row.change.count for row in topics),
            sum(row.change.previous for row in topics),
            days=first.days,
            comparable=first.comparable,
        ),
        negative=sum(row.negative for row in topics),
        csat=query.Mean(sum(total for total, _ in scored) / n if n else None, n),
        last_seen=max((row.last_seen for row in topics if row.last_seen is not None), default=None),
        weekly=[sum(week) for week in zip(*(row.weekly for row in topics), strict=True)],
        weekly_negative=[sum(week) for week in zip(*(row.weekly_negative for row in topics), strict=True)],
    )
