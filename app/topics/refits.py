"""Fits that nobody has to remember: every night where something new was analysed, and when a person asks for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlmodel import Session, col, func, select

from app.clock import Clock
from app.errors import Conflict
from app.feedback.models import Interaction, InteractionState
from app.jobs.models import Job, JobState
from app.jobs.queue import JobArgs, JobQueue, open_count
from app.people.models import User
from app.store import audit
from app.store.engine import Store
from app.topics.models import TopicVersion
from app.topics.reading import newest, outdated, require_one_version
from app.topics.service import fit_topics
from nlp.pipeline import Pipeline
from nlp.topics.clusters import MIN_TOPIC

FIT = "topics.fit"
NIGHTLY = "topics.nightly_fit"
AT = timedelta(hours=4)  # after the deletions of the night, before the alerts of the morning
SEED = 7

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the topics are behind the feedback.

    `unread` were analysed since the last fit began, `outdated` wait for the pipeline's newest version, without which
    there is no fit; `underway` says that a fit is queued or running.
    """

    unread: int
    outdated: int
    underway: bool


def standing(session: Session) -> Standing:
    """As it is now."""
    version = session.exec(select(TopicVersion.pipeline_version).order_by(col(TopicVersion.id).desc()).limit(1)).first()
    # the count reads all feedback, so only where there is a reason
    behind = 0 if version == newest(session)[1] else outdated(session)
    nightly_runs = select(func.count()).where(col(Job.task) == NIGHTLY, col(Job.state) == JobState.RUNNING)
    underway = open_count(session, FIT) > 0 or session.exec(nightly_runs).one() > 0
    return Standing(_unread(session), behind, underway)


def ask(session: Session, *, queue: JobQueue, actor: User, clock: Clock) -> None:
    """Queue a fit; asked twice it is one. Raises Conflict where there is too little, or a model is half changed."""
    analysed = select(func.count()).where(col(Interaction.state) == InteractionState.ANALYSED)
    count = session.exec(analysed).one()
    if count < MIN_TOPIC:
        raise Conflict(f"已分析的反馈只有 {count} 条，至少要 {MIN_TOPIC} 条才聚得出主题。请先导入反馈，等它们分析完。")
    require_one_version(session)
    queue.defer(session, FIT, key="asked")
    audit.record(
        session, at=clock.now(), actor=f"user:{actor.login}", action="topic.fit", subject="topics", detail={"of": count}
    )


def fit_now(_jobs: Sequence[JobArgs], *, store: Store, clock: Clock, pipeline: Pipeline | None = None) -> None:
    """Group all analysed feedback anew."""
    try:
        fit_topics(store, clock=clock, seed=SEED, pipeline=pipeline)
    except Conflict as told:  # too little feedback by now, a model half changed, a quicker fit: no retry would mend it
        log.info("no fit", reason=told.message)


def nightly(jobs: Sequence[JobArgs], *, store: Store, clock: Clock, pipeline: Pipeline | None = None) -> None:
    """Group all analysed feedback anew if there is more of it than the last fit read."""
    with store.read() as session:
        unread = _unread(session)
    if unread:
        fit_now(jobs, store=store, clock=clock, pipeline=pipeline)


def _unread(session: Session) -> int:
    """Feedback whose analysis the last fit has not read."""
    read = select(TopicVersion.last_analysis_id).order_by(col(TopicVersion.id).desc()).limit(1)
    last = session.exec(read).first() or 0
    analysed = col(Interaction.state) == InteractionState.ANALYSED
    return session.exec(select(func.count()).where(analysed, col(Interaction.analysis_id) > last)).one()
