"""Fits that nobody has to remember: every night where something new was analysed, and when a person asks for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlmodel import Session, col, func, select

from app.clock import Clock
from app.errors import Conflict
from app.feedback.models import Analysis, Interaction, InteractionState
from app.jobs.queue import JobArgs, JobQueue, open_count
from app.people.models import User
from app.store import audit
from app.store.engine import Store
from app.topics.models import TopicVersion
from app.topics.service import fit_topics
from nlp.topics.clusters import MIN_TOPIC

FIT = "topics.fit"
NIGHTLY = "topics.nightly_fit"
AT = timedelta(hours=4)  # after the deletions of the night, before the alerts of the morning
SEED = 7

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the topics are behind: feedback analysed since the last fit, and whether a fit is on its way."""

    unread: int
    underway: bool


def standing(session: Session) -> Standing:
    """As it is now."""
    return Standing(_unread(session), open_count(session, FIT) > 0)


def ask(session: Session, *, queue: JobQueue, actor: User, clock: Clock) -> None:
    """Queue a fit; asked twice it is one. Raises Conflict where there is too little to group."""
    analysed = select(func.count()).where(col(Interaction.state) == InteractionState.ANALYSED)
    count = session.exec(analysed).one()
    if count < MIN_TOPIC:
        raise Conflict(f"已分析的反馈只有 {count} 条，至少要 {MIN_TOPIC} 条才聚得出主题。请先导入反馈，等它们分析完。")
    queue.defer(session, FIT, key="asked")
    audit.record(
        session, at=clock.now(), actor=f"user:{actor.login}", action="topic.fit", subject="topics", detail={"of": count}
    )


def fit_now(_jobs: Sequence[JobArgs], *, store: Store, clock: Clock) -> None:
    """Group all analysed feedback anew."""
    try:
        fit_topics(store, clock=clock, seed=SEED)
    except Conflict as told:  # too little feedback by now, or another fit was quicker: nothing a retry would mend
        log.info("no fit", reason=told.message)


def nightly(jobs: Sequence[JobArgs], *, store: Store, clock: Clock) -> None:
    """Group all analysed feedback anew if there is more of it than the last fit read."""
    with store.read() as session:
        unread = _unread(session)
    if unread:
        fit_now(jobs, store=store, clock=clock)


def _unread(session: Session) -> int:
    """Current analyses that are newer than the last fit."""
    last = select(func.max(TopicVersion.created_at)).scalar_subquery()
    current = select(func.count()).select_from(Interaction).join(Analysis, col(Analysis.id) == Interaction.analysis_id)
    newer = (col(Analysis.created_at) > last) | last.is_(None)
    return session.exec(current.where(col(Interaction.state) == InteractionState.ANALYSED, newer)).one()
