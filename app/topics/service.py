"""Find the topics of all analysed feedback, and let people name them."""

from collections.abc import Callable
from datetime import datetime

import numpy as np
import structlog
from sqlalchemy import delete, insert, update
from sqlmodel import Session, col, func, select

from app.clock import Clock
from app.errors import Conflict, NotFound
from app.feedback.models import Interaction, InteractionState
from app.people.models import User
from app.store import audit
from app.store.engine import Store
from app.topics import describe, editing, lineage, places, themes
from app.topics.alerts import raise_alerts
from app.topics.models import Topic, TopicAssignment, TopicVersion
from app.topics.names import checked_name
from app.topics.reading import Reading, current_version_id, read_all, unassigned_ids
from app.topics.tasks import assign_now
from nlp.pipeline import Pipeline
from nlp.topics.clusters import OUTSIDE
from nlp.topics.fit import STEPS, FittedTopics, FoundTopic, fit
from nlp.topics.naming import TELLING, free_name, unnumbered

FEWEST = 2  # feedback from which there is something to compare
FIT_STEPS = len(STEPS) + 1  # the last one is writing

log = structlog.get_logger(__name__)


def fit_topics(
    store: Store,
    *,
    clock: Clock,
    seed: int,
    pipeline: Pipeline | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> TopicVersion:
    """Group all analysed feedback anew and make that the current version; ids and people's names continue.

    Computes with no transaction open and writes in one go. The `pipeline` that analysed the feedback finds better
    names. `progress` gets the number of steps just done, FIT_STEPS in all. Raises Conflict where there is too little
    feedback, or another fit came between.
    """
    with store.read() as session:
        reading = read_all(session)
    if len(reading.corpus) < FEWEST:
        raise Conflict("已分析的反馈太少，还聚不出主题。请先导入反馈，等它们分析完。")
    embed = pipeline.embed if pipeline and pipeline.version == reading.pipeline_version else None
    fitted = fit(reading.corpus, seed=seed, previous=reading.previous, embed=embed, progress=lambda _: progress(1))
    placed = places.place(store, reading, fitted, seed=seed)
    with store.write() as session:
        if current_version_id(session, lock=True) != reading.version_id:
            raise Conflict("另一次聚类刚刚完成，这一次没有保存。如仍需要，请再运行一次。")
        version = _write(session, reading, fitted, now=clock.now(), seed=seed)
        places.write(session, placed)
    # what was analysed while the fit ran
    with store.read() as session:
        late = unassigned_ids(session)
    assign_now(late, store=store)
    raise_alerts(store, clock=clock)  # a theme that was born today need not wait for the morning
    progress(1)
    log.info(
        "topics fitted",
        version=version.id,
        texts=version.texts,
        covered=version.covered,
        topics=len(fitted.topics),
        born=len(fitted.born),
        retired=len(fitted.retired),
    )
    return version


def rename(session: Session, *, actor: User, topic_id: int, name: str, now: datetime) -> Topic:
    """Give a topic a name of one's own, which refits keep. Raises NotFound, Invalid."""
    topic = _topic(session, topic_id)
    wanted = checked_name(name)
    if wanted != topic.name:
        _set_name(session, topic, actor=actor, name=wanted, now=now)
    return topic


def undo_rename(session: Session, *, actor: User, topic_id: int, now: datetime) -> Topic:
    """Bring the name before the last renaming back; done twice, it is as before. Raises NotFound, Conflict."""
    topic = _topic(session, topic_id)
    if topic.previous_name is None:
        raise Conflict("这个主题没有改过名，无法撤销。")
    _set_name(session, topic, actor=actor, name=topic.previous_name, now=now)
    return topic


def _topic(session: Session, topic_id: int) -> Topic:
    topic = session.exec(select(Topic).where(col(Topic.id) == topic_id).with_for_update()).first()
    if topic is None:
        raise NotFound(f"没有编号为 {topic_id} 的主题。")
    return topic


def _set_name(session: Session, topic: Topic, *, actor: User, name: str, now: datetime) -> None:
    before, topic.previous_name, topic.name = topic.name, topic.name, name
    if topic.renamed_by is None:
        topic.proposed_name = before  # so that going back to it is going back to the fit's name
    # the fit's own name is nobody's: the next fit may improve on it
    topic.renamed_by = None if name == topic.proposed_name else actor.login
    session.add(topic)
    audit.record(
        session,
        at=now,
        actor=f"user:{actor.login}",
        action="topic.rename",
        subject=f"topic:{topic.id}",
        detail={"from": before, "to": name},
    )


def _write(session: Session, reading: Reading, fitted: FittedTopics, *, now: datetime, seed: int) -> TopicVersion:
    version = TopicVersion(
        created_at=now,
        seed=seed,
        texts=len(reading.corpus),
        covered=int((fitted.assigned != OUTSIDE).sum()),
        pipeline_version=reading.pipeline_version,
        last_analysis_id=reading.last_analysis_id,
        model=b"",
    )
    session.add(version)
    session.flush()
    assert version.id is not None  # noqa: S101 - flushed
    taken = _kept_names(session, reading, fitted)
    ids = {
        found.id: _write_topic(session, reading, found, fitted, taken, version_id=version.id) for found in fitted.topics
    }
    # also those that lost all their feedback, which the fit has not heard of
    session.exec(
        update(Topic)
        .where(col(Topic.retired_version_id).is_(None), col(Topic.id).not_in(ids.values()), ~col(Topic.by_hand))
        .values(retired_version_id=version.id)
    )
    version.model = fitted.model.renumbered(ids).to_bytes()
    session.add(version)
    session.flush()
    _write_assignments(session, reading, fitted, ids, version_id=version.id)
    if reading.previous is not None:
        born = {number: ids[number] for number in fitted.born}
        for event in lineage.events(reading.previous.topics, fitted.assigned, born=born, retired=fitted.retired):
            event.version_id = version.id
            session.add(event)
    session.flush()
    editing.settle(session)
    themes.settle(session)
    describe.renew(session)
    return version


def _write_topic(
    session: Session, reading: Reading, found: FoundTopic, fitted: FittedTopics, taken: set[str], *, version_id: int
) -> int:
    """Update a topic that continues, or insert one that was born; its id in the store. `taken` gets its name."""
    if found.id in fitted.born:
        name = free_name(found.name, taken)
        topic = Topic(name=name, proposed_name=name, born_version_id=version_id)
    else:
        topic = session.get_one(Topic, found.id)
        if not _keeps_name(topic, found, reading, fitted):
            topic.name, topic.previous_name = free_name(found.name, taken), None
        topic.proposed_name = found.name
    taken.add(topic.name)
    topic.terms = list(found.terms)
    topic.representatives = [reading.interaction_ids[row] for row in found.representatives]
    session.add(topic)
    session.flush()
    assert topic.id is not None  # noqa: S101 - flushed
    return topic.id


def _kept_names(session: Session, reading: Reading, fitted: FittedTopics) -> set[str]:
    """The names that this fit may not give: those that stay in the list, and people's names of topics out of it."""
    continuing = {found.id: found for found in fitted.topics if found.id not in fitted.born}
    kept = set()
    for topic in session.exec(select(Topic)):
        found = continuing.get(topic.id or 0)
        if found is None:
            stays = topic.listed or topic.renamed_by is not None
        else:
            stays = _keeps_name(topic, found, reading, fitted)
        if stays:
            kept.add(topic.name)
    return kept


def _keeps_name(topic: Topic, found: FoundTopic, reading: Reading, fitted: FittedTopics) -> bool:
    """A person's name stays; the fit's own as long as it tells the topic, and somebody in it says so in masked words.

    A name that changes every night for another as good would be one nobody learns. The second condition lets go of a
    name that was masked since.
    """
    if topic.renamed_by is not None:
        return True
    clause = unnumbered(topic.name).rpartition("：")[2]
    rows = np.flatnonzero(fitted.assigned == found.id).tolist()
    tells = any(term in topic.name.lower() for term in list(found.terms)[:TELLING])
    return tells and any(clause in reading.corpus.texts[row] for row in rows)


def _write_assignments(
    session: Session, reading: Reading, fitted: FittedTopics, ids: dict[int, int], *, version_id: int
) -> None:
    """Replace all assignments; feedback that was deleted or restricted meanwhile gets none."""
    processed = col(Interaction.state) != InteractionState.RESTRICTED
    present = set(session.exec(select(Interaction.id).where(processed)))
    rows = [
        {
            "interaction_id": interaction_id,
            "topic_id": ids.get(int(topic)),  # OUTSIDE is in no dict of ids
            "base_topic_id": ids.get(int(topic)),
            "score": float(score),
            "version_id": version_id,
        }
        for interaction_id, topic, score in zip(reading.interaction_ids, fitted.assigned, fitted.scores, strict=True)
        if interaction_id in present
    ]
    session.execute(delete(TopicAssignment))
    session.execute(insert(TopicAssignment), rows)


def active_count(session: Session) -> int:
    """Topics that are listed."""
    return session.exec(select(func.count(col(Topic.id))).where(col(Topic.listed))).one()
