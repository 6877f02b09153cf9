"""The map 主题地图: every fit places some feedback in the plane, and these are what the page shows until the next.

What comes between two fits is not placed. What a person edits shows at once: a point has the topic it is shown under.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, insert
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, func, select

from app.channels.kinds import Role
from app.feedback.models import Analysis, Interaction, InteractionState, Message
from app.store.engine import Store
from app.topics.models import TopicAssignment, TopicPlace
from app.topics.reading import Reading, still_analysed
from nlp.topics.fit import FittedTopics
from nlp.topics.plane import draw
from nlp.topics.plane import place as in_the_plane

WORDS = 24  # code points of a point's words: enough to know it again, and 1,500 of them stay a small page


@dataclass(frozen=True, slots=True)
class Placed:
    """Positions (m, 2) of m interactions; none where the fit read too few."""

    interaction_ids: list[int]
    positions: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Point:
    """One feedback on the map, with the beginning of its masked words and the topic it is shown under."""

    interaction_id: int
    topic_id: int | None
    x: float
    y: float
    sentiment: int
    at: datetime
    words: str


def place(store: Store, reading: Reading, fitted: FittedTopics, *, seed: int) -> Placed:
    """Place what a fit has grouped, beginning from the last map; computes with no transaction open."""
    with store.read() as session:
        last = {
            id_: (x, y) for id_, x, y in session.exec(select(TopicPlace.interaction_id, TopicPlace.x, TopicPlace.y))
        }
    ids, corpus = np.array(reading.interaction_ids, dtype=np.int64), reading.corpus
    drawn = draw(fitted.assigned, ids)
    used = np.union1d(drawn, np.flatnonzero(np.isin(ids, list(last))))  # what is not drawn helps to find its place
    nowhere = (float("nan"), float("nan"))
    before = np.array([last.get(id_, nowhere) for id_ in ids[used].tolist()], dtype=np.float32)
    features = None if corpus.features is None else corpus.features[used]
    points = fitted.model.space.transform(corpus.embeddings[used], [corpus.channels[row] for row in used], features)
    positions = in_the_plane(points, np.searchsorted(used, drawn), before=before, seed=seed)
    return Placed(ids[drawn[: len(positions)]].tolist(), positions)


def write(session: Session, placed: Placed) -> None:
    """Replace the map; feedback that was deleted or restricted while it was drawn is left out."""
    there = still_analysed(session, placed.interaction_ids)
    rows = [
        {"interaction_id": id_, "x": x, "y": y}
        for id_, (x, y) in zip(placed.interaction_ids, placed.positions.tolist(), strict=True)
        if id_ in there
    ]
    session.execute(delete(TopicPlace))
    if rows:
        session.execute(insert(TopicPlace), rows)


def points(session: Session) -> list[Point]:
    """All points of the map that may be shown, oldest feedback first."""
    wanted = (
        sql_select(
            col(Interaction.id),
            col(TopicAssignment.topic_id),
            col(TopicPlace.x),
            col(TopicPlace.y),
            col(Analysis.sentiment),
            col(Interaction.occurred_at),
            col(Interaction.subject_masked),
        )
        .select_from(TopicPlace)
        .join(Interaction, col(Interaction.id) == col(TopicPlace.interaction_id))
        .join(Analysis, col(Analysis.id) == col(Interaction.analysis_id))
        .join(TopicAssignment, col(TopicAssignment.interaction_id) == col(TopicPlace.interaction_id))
        .where(col(Interaction.state) == InteractionState.ANALYSED)
        .order_by(col(Interaction.occurred_at), col(Interaction.id))
    )
    said = _first_words(session)
    return [
        Point(id_ or 0, topic_id, x, y, sentiment, at, f"{subject or ''} {said.get(id_ or 0, '')}".strip()[:WORDS])
        for id_, topic_id, x, y, sentiment, at, subject in session.execute(wanted)
    ]


def sizes(session: Session, *, since: datetime | None = None, until: datetime | None = None) -> dict[int | None, int]:
    """Topic id to how much feedback it shows in these days, None being 未归类: as many as its list has."""
    wanted = select(TopicAssignment.topic_id, func.count()).group_by(col(TopicAssignment.topic_id))
    if since or until:  # without, an index holds all there is to count; what is restricted has no topic
        at = col(Interaction.occurred_at)
        narrowed = [*([at >= since] if since else []), *([at < until] if until else [])]
        wanted = wanted.join(Interaction, col(Interaction.id) == col(TopicAssignment.interaction_id)).where(*narrowed)
    return dict(session.exec(wanted).all())


def _first_words(session: Session) -> dict[int, str]:
    """What each customer on the map said first, masked."""
    first = (
        select(Message.interaction_id, func.min(Message.seq).label("seq"))
        .join(TopicPlace, col(TopicPlace.interaction_id) == col(Message.interaction_id))
        .where(Message.role == Role.CUSTOMER, col(Message.masked_text).is_not(None))
        .group_by(col(Message.interaction_id))
        .subquery()
    )
    wanted = select(Message.interaction_id, func.substr(Message.masked_text, 1, WORDS)).join(
        first, (first.c.interaction_id == Message.interaction_id) & (first.c.seq == Message.seq)
    )
    return dict(session.exec(wanted).all())
