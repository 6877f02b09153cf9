"""Lineage 沿革: what a fit did to the topics, told by where their texts went."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session, col, select

from app.topics.models import EventKind, TopicEvent, TopicVersion

SHARE = 0.5  # of a topic's texts, for it to have come from another, or gone into it
VERSIONS = 20


def events(
    before: NDArray[np.int64], after: NDArray[np.int64], *, born: Mapping[int, int], retired: tuple[int, ...]
) -> Iterator[TopicEvent]:
    """Events without their version: `before` and `after` (n,) are the topics of the same texts, below 0 for none.

    born: the fit's id of a new topic to the store's. A new topic most of whose texts had one topic was split from that;
    an ended topic most of whose texts have one topic now was merged into that.
    """
    for number, stored in born.items():
        came, texts = _most(before[after == number])
        kind = EventKind.BORN if came is None else EventKind.SPLIT
        yield TopicEvent(version_id=0, kind=kind, topic_id=stored, other_id=came, texts=texts)
    for number in retired:
        went, texts = _most(after[before == number])
        other = None if went is None else born.get(went, went)
        kind = EventKind.RETIRED if other is None else EventKind.MERGED
        yield TopicEvent(version_id=0, kind=kind, topic_id=number, other_id=other, texts=texts)


def history(session: Session) -> list[tuple[TopicVersion, list[TopicEvent]]]:
    """The latest versions, newest first, each with what it did."""
    versions = session.exec(select(TopicVersion).order_by(col(TopicVersion.id).desc()).limit(VERSIONS)).all()
    told = select(TopicEvent).where(col(TopicEvent.version_id).in_([one.id for one in versions]))
    found: dict[int, list[TopicEvent]] = {}
    for event in session.exec(told.order_by(col(TopicEvent.id))):
        found.setdefault(event.version_id, []).append(event)
    return [(version, found.get(version.id or 0, [])) for version in versions]


def _most(topics: NDArray[np.int64]) -> tuple[int | None, int]:
    """The topic of more than SHARE of these texts, and how many texts these are."""
    placed = topics[topics >= 0]
    if len(placed) <= SHARE * len(topics):
        return None, len(topics)
    values, counts = np.unique(placed, return_counts=True)
    best = int(counts.argmax())
    return (int(values[best]) if counts[best] > SHARE * len(topics) else None), len(topics)
