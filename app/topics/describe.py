"""What a person sees of a part of a topic: its texts, the parts that are offered, and a topic made of one."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from app.channels.kinds import Role
from app.errors import Invalid
from app.feedback.models import Analysis, Interaction, Message
from app.topics.models import EditKind, Topic, TopicAssignment, TopicEdit, TopicVersion
from app.topics.names import checked_name
from app.topics.reading import embeddings_of
from nlp.topics.parts import Part, parts, telling_terms

MOST_READ = 5_000  # texts of a topic that parts are looked for in, the newest
SHOWN = 5  # representatives of a topic that a person made


@dataclass(frozen=True, slots=True)
class Offer:
    """A part of a topic that could be one of its own."""

    interaction_ids: list[int]
    terms: list[str]


def offers(session: Session, topic_id: int) -> list[Offer]:
    """The parts that a topic falls into, largest first; empty where it does not."""
    ids, texts, vectors = _read(session, topic_id)
    if not ids:
        return []
    found: list[Part] = parts(embeddings_of(vectors), texts)
    return [Offer([ids[row] for row in part.rows], part.terms) for part in found]


def containing(session: Session, topic_id: int, words: str) -> list[int]:
    """Ids of a topic's feedback that says all of these words, newest first."""
    wanted = [word for word in words.split() if word]
    ids, texts, _ = _read(session, topic_id)
    return [id_ for id_, text in zip(ids, texts, strict=True) if wanted and all(word in text for word in wanted)]


def describe(session: Session, topic: Topic, *, name: str, interaction_ids: Sequence[int]) -> Topic:
    """A topic of some of another's feedback, not yet in the store. Raises Invalid for a name that will not do."""
    wanted = checked_name(name)
    if session.exec(select(Topic.id).where(Topic.name == wanted, col(Topic.listed))).first() is not None:
        raise Invalid("已有同名的主题，请换个名称。", field="name")
    ids, texts, vectors = _read(session, topic.id or 0)
    goes = set(interaction_ids)
    inside = [text for id_, text in zip(ids, texts, strict=True) if id_ in goes]
    outside = [text for id_, text in zip(ids, texts, strict=True) if id_ not in goes]
    chosen = [(id_, vector) for id_, vector in zip(ids, vectors, strict=True) if id_ in goes]
    version = session.exec(select(func.max(TopicVersion.id))).one() or topic.born_version_id
    return Topic(
        name=wanted,
        proposed_name=wanted,
        terms=telling_terms(inside, outside),
        representatives=_central(chosen),
        theme=topic.theme,
        theme_by=topic.theme_by,
        by_hand=True,
        born_version_id=version,
    )


def renew(session: Session) -> None:
    """Words and representatives of the topics that people made, as their feedback is now: no fit describes these."""
    made = select(Topic, TopicEdit.topic_id).join(TopicEdit, col(TopicEdit.target_id) == col(Topic.id))
    wanted = made.where(col(Topic.by_hand), col(Topic.listed), TopicEdit.kind == EditKind.SPLIT)
    for topic, origin_id in session.exec(wanted).all():
        ids, texts, vectors = _read(session, topic.id or 0)
        _, outside, _ = _read(session, origin_id)
        topic.terms = telling_terms(texts, outside)
        topic.representatives = _central(list(zip(ids, vectors, strict=True)))
        session.add(topic)
    session.flush()


def _central(chosen: Sequence[tuple[int, bytes]]) -> list[int]:
    """The ids that stand nearest to the middle of all, SHOWN at most."""
    if not chosen:
        return []
    points = embeddings_of([vector for _, vector in chosen])
    likeness = points @ points.mean(axis=0)
    return [chosen[row][0] for row in (-likeness).argsort(kind="stable")[:SHOWN].tolist()]


def _read(session: Session, topic_id: int) -> tuple[list[int], list[str], list[bytes]]:
    """Ids, customers' masked words and embeddings of a topic's newest feedback."""
    wanted = (
        select(Interaction.id, Interaction.subject_masked, Analysis.embedding)
        .join(TopicAssignment, col(TopicAssignment.interaction_id) == col(Interaction.id))
        .join(Analysis, col(Analysis.id) == col(Interaction.analysis_id))
        .where(TopicAssignment.topic_id == topic_id)
        .order_by(col(Interaction.occurred_at).desc(), col(Interaction.id).desc())
        .limit(MOST_READ)
    )
    rows = session.exec(wanted).all()
    said: dict[int, list[str]] = {}
    words = (
        select(Message.interaction_id, Message.masked_text)
        .join(TopicAssignment, col(TopicAssignment.interaction_id) == col(Message.interaction_id))
        .where(TopicAssignment.topic_id == topic_id, col(Message.role) == Role.CUSTOMER)
        .order_by(col(Message.interaction_id), col(Message.seq))
    )
    for interaction_id, text in session.exec(words):
        said.setdefault(interaction_id, []).append(text or "")
    ids = [row[0] or 0 for row in rows]
    texts = ["\n".join([row[1] or "", *said.get(id_, [])]).strip() for id_, row in zip(ids, rows, strict=True)]
    return ids, texts, [row[2] for row in rows]
