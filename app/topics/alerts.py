"""Alerts 预警: every morning each topic's counts are judged, and a person decides what becomes of a rise.

A rise is one alert, however long it lasts: it ends when the topic was not found high for CLOSED_AFTER days, and only
then the topic may raise the alarm anew. What is undecided stays until somebody decides it.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np
import structlog
from sqlmodel import Session, col, or_, select

from app.clock import Clock, local_day
from app.errors import Conflict, NotFound
from app.jobs.queue import JobArgs
from app.people.models import User
from app.store.audit import record
from app.store.engine import Store
from app.topics.counts import DailyCounts, carriers, daily_counts, telling_texts
from app.topics.models import AlertState, TopicAlert
from app.topics.reading import current_version_id
from nlp.topics import emerging
from nlp.topics.emerging import CLOSED_AFTER, Judged, Rise

NIGHTLY = "topics.alerts"
AT = timedelta(hours=6)  # after midnight in the bank: before people come, after the night's deliveries
CATCH_UP = 7  # days up to yesterday that are judged, as feedback comes late and services stand still
SNOOZE = timedelta(days=7)
UNDECIDED = (AlertState.OPEN, AlertState.SNOOZED)
FALSE_ALARMS = 0.7  # in four weeks over 60 topics: what tests/bench/bench_emerging.py measured, rounded up

log = structlog.get_logger(__name__)


def nightly(_jobs: Sequence[JobArgs], *, store: Store, clock: Clock) -> None:
    """Judge the topics' counts up to yesterday and raise alerts."""
    raise_alerts(store, clock=clock)


def raise_alerts(store: Store, *, clock: Clock) -> int:
    """Judge the last days up to yesterday, oldest first; how many alerts are new. Running it again changes nothing."""
    today = local_day(clock.now())
    with store.read() as session:
        version = current_version_id(session)
        table = daily_counts(session, until=today, days=emerging.DAYS + CATCH_UP - 1)
    if version is None:
        return 0
    judged = [_judge(table, ago) for ago in reversed(range(CATCH_UP))]
    with store.write() as session:
        if current_version_id(session, lock=True) != version:
            return 0  # a fit came between, and raises its own
        new = sum(_raise(session, table, day, found) for day, found in filter(None, judged))
    log.info("topics judged", day=str(today - timedelta(days=1)), topics=len(table.topic_ids), alerts=new)
    return new


def open_alerts(session: Session, *, on: date, topic_id: int | None = None) -> list[TopicAlert]:
    """What nobody has decided, newest and steepest first; of one topic if it is given."""
    awake = or_(
        col(TopicAlert.state) == AlertState.OPEN,
        (col(TopicAlert.state) == AlertState.SNOOZED) & (col(TopicAlert.snoozed_until) <= on),
    )
    wanted = select(TopicAlert).where(awake)
    if topic_id is not None:
        wanted = wanted.where(TopicAlert.topic_id == topic_id)
    return list(session.exec(wanted.order_by(col(TopicAlert.raised_on).desc(), col(TopicAlert.low).desc())))


def alerts_of(session: Session, *, topic_id: int, limit: int = 5) -> list[TopicAlert]:
    """A topic's latest alerts, whatever became of them, newest first."""
    wanted = select(TopicAlert).where(TopicAlert.topic_id == topic_id)
    return list(session.exec(wanted.order_by(col(TopicAlert.raised_on).desc()).limit(limit)))


def accept(session: Session, *, actor: User, alert_id: int, issue_id: int, now: datetime) -> TopicAlert:
    """Somebody works on it, in this issue. Raises NotFound; Conflict where it was decided."""
    return _decide(session, alert_id, AlertState.ACCEPTED, actor=actor, now=now, detail={"issue": issue_id})


def snooze(session: Session, *, actor: User, alert_id: int, now: datetime) -> TopicAlert:
    """Out of sight for a week. Raises NotFound, Conflict."""
    until = local_day(now) + SNOOZE
    alert = _decide(session, alert_id, AlertState.SNOOZED, actor=actor, now=now, detail={"until": until.isoformat()})
    alert.snoozed_until = until
    return alert


def dismiss(session: Session, *, actor: User, alert_id: int, now: datetime) -> TopicAlert:
    """This rise is known and is not shown again. Raises NotFound, Conflict."""
    return _decide(session, alert_id, AlertState.DISMISSED, actor=actor, now=now, detail={})


def reopen(session: Session, *, actor: User, alert_id: int, now: datetime) -> TopicAlert:
    """Take a decision back. Raises NotFound, Conflict."""
    alert = _locked(session, alert_id)
    if alert.state is AlertState.OPEN:
        raise Conflict("这条预警本来就待处理。")
    _set(
        session,
        alert,
        AlertState.OPEN,
        actor=actor,
        now=now,
        action="topic.alert_reopen",
        detail={"from": alert.state.value},
    )
    return alert


def is_over(alert: TopicAlert, *, on: date) -> bool:
    """True where the rise had ended before the day `on`."""
    return (on - alert.last_on).days - 1 > CLOSED_AFTER


def undecided(session: Session, *, alert_id: int) -> TopicAlert:
    """The alert, locked until the transaction ends. Raises NotFound; Conflict where somebody decided it."""
    alert = _locked(session, alert_id)
    if alert.state not in UNDECIDED:
        raise Conflict(f"这条预警{alert.state.chinese}，请刷新页面。")
    return alert


def _judge(table: DailyCounts, ago: int) -> tuple[date, Judged] | None:
    """One day, counted back from the last; None where the records are too short."""
    end = len(table.days) - ago
    found = emerging.judge(table.counts[:, :end], table.kinds[:end]) if end > 0 else None
    return (table.days[end - 1], found) if found else None


def _raise(session: Session, table: DailyCounts, day: date, judged: Judged) -> int:
    """Write the day's new alerts, and note which older ones go on; how many are new."""
    near = select(TopicAlert).where(
        col(TopicAlert.raised_on) <= day + timedelta(days=CLOSED_AFTER),
        col(TopicAlert.last_on) >= day - timedelta(days=CLOSED_AFTER),
    )
    going = {alert.topic_id: alert for alert in session.exec(near.order_by(col(TopicAlert.raised_on)))}
    ongoing = np.array([topic_id in going for topic_id in table.topic_ids])
    fires, stays = emerging.alarms(judged.p, ongoing)
    for row in np.flatnonzero(stays):
        alert = going[table.topic_ids[row]]
        alert.last_on = max(alert.last_on, day)
        session.add(alert)
    for row in np.flatnonzero(fires):
        session.add(_alert(session, table.topic_ids[row], day, emerging.rise(judged, int(row))))
    session.flush()
    return int(fires.sum())


def _alert(session: Session, topic_id: int | None, day: date, rise: Rise) -> TopicAlert:
    since, until = day - timedelta(days=rise.days - 1), day + timedelta(days=1)
    usual = emerging.WEEK * emerging.WEEKS
    return TopicAlert(
        topic_id=topic_id,
        since=since,
        raised_on=day,
        last_on=day,
        observed=rise.observed,
        expected=rise.expected,
        factor=rise.factor,
        low=rise.low,
        high=rise.high,
        carriers=carriers(session, topic_id=topic_id, since=since, until=until, usual=usual),
        texts=telling_texts(session, topic_id=topic_id, since=since, until=until),
    )


def _locked(session: Session, alert_id: int) -> TopicAlert:
    alert = session.get(TopicAlert, alert_id, with_for_update=True)
    if alert is None:
        raise NotFound("没有这条预警。")
    return alert


def _decide(
    session: Session, alert_id: int, state: AlertState, *, actor: User, now: datetime, detail: dict[str, object]
) -> TopicAlert:
    alert = undecided(session, alert_id=alert_id)
    _set(session, alert, state, actor=actor, now=now, action=_DEEDS[state], detail=detail)
    return alert


_DEEDS = {
    AlertState.ACCEPTED: "topic.alert_accept",
    AlertState.SNOOZED: "topic.alert_snooze",
    AlertState.DISMISSED: "topic.alert_dismiss",
}


def _set(
    session: Session,
    alert: TopicAlert,
    state: AlertState,
    *,
    actor: User,
    now: datetime,
    action: str,
    detail: dict[str, object],
) -> None:
    alert.state, alert.snoozed_until = state, None
    alert.decided_by, alert.decided_at = (None, None) if state is AlertState.OPEN else (actor.id, now)
    session.add(alert)
    record(
        session,
        at=now,
        actor=f"user:{actor.login}",
        action=action,
        subject=f"topic:{alert.topic_id or 'none'}",
        detail={"alert": alert.id, **detail},
    )
