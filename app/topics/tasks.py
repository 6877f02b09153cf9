"""Jobs of the topics: put new feedback into the topic it resembles."""

from collections.abc import Sequence

import structlog
from sqlmodel import Session, col, select

from app.jobs.queue import JobArgs
from app.store.engine import Store
from app.topics.editing import settle
from app.topics.models import TopicAssignment, TopicVersion
from app.topics.reading import current_version_id, read_vectors, still_analysed
from nlp.topics.clusters import OUTSIDE
from nlp.topics.model import TopicModel

BATCH = 200

log = structlog.get_logger(__name__)


def assign(jobs: Sequence[JobArgs], *, store: Store) -> None:
    """Assign the interactions of the jobs to topics of the current version; does nothing before the first fit."""
    assign_now([int(job["interaction_id"]) for job in jobs], store=store)


def assign_now(interaction_ids: Sequence[int], *, store: Store) -> None:
    """The same for ids, BATCH of them in a transaction.

    Feedback that another version of the pipeline has read keeps what it has until the next fit: its vector means
    nothing to this one.
    """
    for start in range(0, len(interaction_ids), BATCH):
        while not _assign_batch(interaction_ids[start : start + BATCH], store=store):
            log.info("topics were fitted meanwhile, assigning again")


def _assign_batch(interaction_ids: Sequence[int], *, store: Store) -> bool:
    """False where a new version came between reading and writing."""
    with store.read() as session:
        version = session.exec(select(TopicVersion).order_by(col(TopicVersion.id).desc()).limit(1)).first()
        if version is None or version.id is None:
            return True
        vectors = read_vectors(session, interaction_ids, pipeline_version=version.pipeline_version)
    topics, scores = TopicModel.from_bytes(version.model).assign(vectors.embeddings, vectors.channels, vectors.features)
    with store.write() as session:
        if current_version_id(session, lock=True) != version.id:
            return False
        there = still_analysed(session, vectors.interaction_ids)  # some may have been erased or restricted meanwhile
        for interaction_id, topic, score in zip(vectors.interaction_ids, topics, scores, strict=True):
            if interaction_id in there:
                _put(session, interaction_id, int(topic), float(score), version_id=version.id)
        session.flush()
        settle(session, there)
    return True


def _put(session: Session, interaction_id: int, topic: int, score: float, *, version_id: int) -> None:
    session.merge(
        TopicAssignment(
            interaction_id=interaction_id,
            topic_id=None if topic == OUTSIDE else topic,
            base_topic_id=None if topic == OUTSIDE else topic,
            score=score,
            version_id=version_id,
        )
    )
