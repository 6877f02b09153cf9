"""Alerts as pages show them: a sentence, the texts, the list behind the figures, and what may be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session, col, select

from app.channels.kinds import ChannelKind
from app.feedback.query import rows_by_id
from app.people.models import User
from app.people.roles import Permission, allowed
from app.products.service import names as product_names
from app.topics import alerts
from app.topics.models import AlertState, Topic, TopicAlert
from app.web.change_views import why
from app.web.labels import CHANNELS, restricted, row_view
from app.web.render import link_to
from app.web.searching import NO_TOPIC
from app.web.words import day, number

UNASSIGNED = "未归类的反馈"
SELDOM = 0.5  # texts expected, below which a factor would say nothing
NOTE = (
    f"与前八周同一星期几的水平比，已计入节假日。在没有任何变化的模拟数据上（60 个主题，200 年），"
    f"误报平均每四周 {alerts.FALSE_ALARMS} 次；括号里是 95% 区间。"
)


def views(session: Session, found: Sequence[TopicAlert], *, user: User, today: date) -> list[dict[str, Any]]:
    """Alerts for a card, in their order."""
    products = product_names(session)
    ids = [alert.topic_id for alert in found if alert.topic_id is not None]
    names = dict(session.exec(select(Topic.id, Topic.name).where(col(Topic.id).in_(ids))).all())
    may_decide = allowed(user.role, Permission.TOPICS_EDIT)
    return [
        {
            "id": alert.id,
            "topic_id": alert.topic_id,
            "name": names[alert.topic_id] if alert.topic_id is not None else UNASSIGNED,
            "list": _list(alert),
            "why": why(alert),
            "words": words(alert, today=today, products=products),
            "state": None if alert.state is AlertState.OPEN else _state(alert, today),
            "over": alerts.is_over(alert, on=today),
            "texts": [
                row_view(row, products) for row in rows_by_id(session, alert.texts) if not restricted(row.interaction)
            ],
            "may_decide": may_decide and alert.state in alerts.UNDECIDED,
            "may_reopen": may_decide and alert.state is not AlertState.OPEN,
            "may_accept": may_decide and allowed(user.role, Permission.ISSUES_EDIT),
        }
        for alert in found
    ]


def words(alert: TopicAlert, *, today: date, products: Mapping[str, str]) -> str:
    """What rose, by how much, since when, where: 昨天 24 条，通常 8 条（3.0 倍，2.1–4.2），11月3日起；主要在 电话."""
    days = (alert.raised_on - alert.since).days + 1
    last = "昨天" if alert.raised_on == today - timedelta(days=1) else day(alert.raised_on)
    stretch = last if days == 1 else f"到{last}为止的 {days} 天"
    if alert.expected < SELDOM:
        against = "以前几乎没有"
    else:
        against = (
            f"通常 {number(round(alert.expected, 1))} 条（{alert.factor:.1f} 倍，{alert.low:.1f}–{alert.high:.1f}）"
        )
    places = _places(alert, products)
    where = f"；主要在 {'、'.join(places)}" if places else ""
    return f"{stretch} {number(alert.observed)} 条，{against}，{day(alert.since)}起{where}"


def _places(alert: TopicAlert, products: Mapping[str, str]) -> list[str]:
    """The first channel, product and region that carry it."""
    first = {label: next(iter(values)) for label, values in alert.carriers.items() if values}
    if "channel" in first:
        first["channel"] = CHANNELS[ChannelKind(first["channel"])]
    if "product" in first:
        first["product"] = products.get(first["product"], first["product"])
    return list(first.values())


def _list(alert: TopicAlert) -> str:
    """The address of the texts that were counted."""
    topic = NO_TOPIC if alert.topic_id is None else alert.topic_id
    return link_to("/feedback", topic=topic, since=alert.since, until=alert.raised_on, state="analysed")


def _state(alert: TopicAlert, today: date) -> str:
    if alert.state is AlertState.SNOOZED and alert.snoozed_until and alert.snoozed_until > today:
        return f"{day(alert.snoozed_until)}再看"
    return alert.state.chinese
