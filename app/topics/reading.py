"""What the fit and the assignment read: analysed feedback as rows that `nlp.topics` understands."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlmodel import Session, col, func, select

from app.channels.kinds import Role
from app.errors import Conflict
from app.feedback.models import Analysis, Interaction, InteractionState, Message
from app.topics.models import Topic, TopicAssignment, TopicVersion
from nlp.topics.clusters import NEW, OUTSIDE
from nlp.topics.corpus import HEAD_WEIGHTS, Corpus, label_features
from nlp.topics.fit import Previous

TOPICS_LOCK = 0x4853_0010  # PostgreSQL advisory lock: one transaction at a time changes what is assigned where


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything a fit needs, read in one go; row i of the corpus is `interaction_ids[i]`."""

    interaction_ids: list[int]
    corpus: Corpus
    previous: Previous | None
    version_id: int | None  # the current version at that time
    pipeline_version: str
    last_analysis_id: int


@dataclass(frozen=True, slots=True)
class Vectors:
    """What an assignment needs of a few feedback."""

    interaction_ids: list[int]
    embeddings: NDArray[np.float32]
    channels: list[str]
    features: NDArray[np.float32]


def read_all(session: Session) -> Reading:
    """All analysed feedback. Raises Conflict where some waits to be read by the newest version of the pipeline.

    Vectors of two versions cannot be compared, and a fit of a part of the feedback would end the topics of the rest.
    """
    require_one_version(session)
    last_analysis_id, pipeline_version = newest(session)
    wanted = (
        select(Interaction.id, Interaction.channel, Interaction.subject_masked, Analysis)
        .join(Analysis, col(Analysis.id) == col(Interaction.analysis_id))
        .where(col(Interaction.state) == InteractionState.ANALYSED)
        .order_by(col(Interaction.id))
    )
    words = _customer_words(session)
    ids, channels, texts, analyses = [], [], [], []
    for interaction_id, channel, subject, analysis in session.exec(wanted):
        ids.append(interaction_id or 0)
        channels.append(str(channel))
        texts.append(" ".join(filter(None, [subject, words.get(interaction_id or 0)])))
        analyses.append(analysis)
    corpus = Corpus(
        texts=texts,
        embeddings=embeddings_of([one.embedding for one in analyses]),
        channels=channels,
        demands=[one.demand for one in analyses],
        features=features_of([one.labels for one in analyses]),
        moods=np.array([one.sentiment_score for one in analyses], dtype=np.float32),
    )
    previous, version_id = _previous(session, ids), current_version_id(session)
    return Reading(ids, corpus, previous, version_id, pipeline_version, last_analysis_id)


def newest(session: Session) -> tuple[int, str]:
    """Id and pipeline version of the newest analysis; (0, "") where there is none."""
    wanted = select(Analysis.id, Analysis.pipeline_version).order_by(col(Analysis.id).desc()).limit(1)
    id_, version = session.exec(wanted).first() or (0, "")
    return id_ or 0, version


def require_one_version(session: Session) -> None:
    """Raises Conflict while some feedback is read by another version of the pipeline than the newest."""
    behind = outdated(session)
    if behind:
        raise Conflict(
            f"有 {behind:,} 条反馈还是旧模型的分析，现在聚类会丢掉它们的主题。"
            "请系统管理员运行 huisheng model reanalyse，等它们分析完再聚类。"
        )


def outdated(session: Session) -> int:
    """How many analysed feedback were last read by another version of the pipeline than the newest."""
    wanted = (
        select(func.count())
        .select_from(Interaction)
        .join(Analysis, col(Analysis.id) == col(Interaction.analysis_id))
        .where(
            col(Interaction.state) == InteractionState.ANALYSED,
            col(Analysis.pipeline_version) != newest(session)[1],
        )
    )
    return session.exec(wanted).one()


def read_vectors(session: Session, interaction_ids: Iterable[int], *, pipeline_version: str) -> Vectors:
    """Those of the interactions that are analysed by this version of the pipeline."""
    wanted = (
        select(Interaction.id, Interaction.channel, Analysis.labels, Analysis.embedding)
        .join(Analysis, col(Analysis.id) == col(Interaction.analysis_id))
        .where(
            col(Interaction.id).in_(set(interaction_ids)),
            col(Interaction.state) == InteractionState.ANALYSED,
            col(Analysis.pipeline_version) == pipeline_version,
        )
        .order_by(col(Interaction.id))
    )
    rows = session.exec(wanted).all()
    return Vectors(
        [int(row[0] or 0) for row in rows],
        embeddings_of([row[3] for row in rows]),
        [str(row[1]) for row in rows],
        features_of([row[2] for row in rows]),
    )


def still_analysed(session: Session, interaction_ids: Iterable[int]) -> set[int]:
    """Those of the interactions that are there and may be processed."""
    analysed = col(Interaction.state) == InteractionState.ANALYSED
    wanted = select(Interaction.id).where(analysed, col(Interaction.id).in_(set(interaction_ids)))
    return {one for one in session.exec(wanted) if one is not None}


def current_version_id(session: Session, *, lock: bool = False) -> int | None:
    """The newest version; None before the first fit. With `lock` it stays the newest until the transaction ends."""
    if lock and session.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": TOPICS_LOCK})
    return session.exec(select(TopicVersion.id).order_by(col(TopicVersion.id).desc()).limit(1)).first()


def unassigned_ids(session: Session) -> list[int]:
    """Analysed feedback that no version has looked at."""
    wanted = (
        select(Interaction.id)
        .join(TopicAssignment, col(TopicAssignment.interaction_id) == col(Interaction.id), isouter=True)
        .where(
            col(Interaction.state) == InteractionState.ANALYSED,
            col(TopicAssignment.interaction_id).is_(None),
        )
        .order_by(col(Interaction.id))
    )
    return [one for one in session.exec(wanted) if one is not None]


def embeddings_of(stored: Sequence[bytes]) -> NDArray[np.float32]:
    """(n, d) from `Analysis.embedding` values."""
    if not stored:
        return np.zeros((0, 0), dtype=np.float32)
    return np.stack([np.frombuffer(one, dtype="<f4") for one in stored]).astype(np.float32)


def features_of(stored: Sequence[Mapping[str, Any]]) -> NDArray[np.float32]:
    """Label features from `Analysis.labels` values; an abstained label counts with its low score."""
    return label_features(
        [
            {head: (str(labels[head]["name"]), float(labels[head]["score"])) for head in HEAD_WEIGHTS if head in labels}
            for labels in stored
        ]
    )


def _customer_words(session: Session) -> dict[int, str]:
    """Interaction id to what the customer said, masked, in order."""
    wanted = (
        select(Message.interaction_id, Message.masked_text)
        .where(col(Message.role) == Role.CUSTOMER, col(Message.masked_text).is_not(None))
        .order_by(col(Message.interaction_id), col(Message.seq))
    )
    said: dict[int, list[str]] = {}
    for interaction_id, words in session.exec(wanted):
        said.setdefault(interaction_id, []).append(words or "")
    return {interaction_id: "\n".join(texts) for interaction_id, texts in said.items()}


def _previous(session: Session, interaction_ids: Sequence[int]) -> Previous | None:
    """The topics that the fit before gave these interactions, whatever people made of it; None before the first."""
    last = session.exec(select(func.max(col(Topic.id)))).one()
    if last is None:
        return None
    stored = dict(session.exec(select(TopicAssignment.interaction_id, TopicAssignment.base_topic_id)).all())
    topics = [NEW if one not in stored else OUTSIDE if stored[one] is None else stored[one] for one in interaction_ids]
    return Previous(np.array(topics, dtype=np.int64), next_id=last + 1)
