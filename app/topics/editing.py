"""Editing topics: merge, split, move texts, hide, undo; and what an edit would change before it is made.

An edit is stored as what the person meant, and where every feedback is shown is worked out anew from the fit's answer
and all edits in force (nlp.topics.edits). Nothing is lost by an edit, and undoing one restores exactly.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import update
from sqlmodel import Session, col, func, select

from app.errors import Conflict, Invalid, NotFound
from app.feedback.models import Analysis, Interaction
from app.people.models import User
from app.store import audit
from app.topics import themes
from app.topics.describe import describe
from app.topics.models import Topic, TopicAssignment, TopicEdit
from app.topics.reading import current_version_id, embeddings_of
from nlp.topics.clusters import OUTSIDE
from nlp.topics.edits import Edit, EditKind, depending, hidden, merged_into, replay

MAX_TEXTS = 20_000  # of one split or move
DRAFT = 2**62  # id of an edit that is only tried, and of the topic it would make: later than all others


@dataclass(frozen=True, slots=True)
class Difference:
    """How many feedback a topic shows now and would show; `topic` is None for 未归类 and for one to be made."""

    topic: Topic | None
    name: str
    before: int
    after: int


def merge(session: Session, *, actor: User, topic_id: int, target_id: int, now: datetime) -> TopicEdit:
    """Show all of one topic under another, from now on too. Raises NotFound, Invalid, Conflict."""
    topic, target = _listed(session, topic_id), _listed(session, target_id)
    if topic.id == target.id:
        raise Invalid("请选另一个主题来合并。", field="target_id")
    return _make(session, actor, TopicEdit(kind=EditKind.MERGE, topic_id=topic_id, target_id=target_id, created_at=now))


def split(
    session: Session, *, actor: User, topic_id: int, name: str, interaction_ids: Sequence[int], now: datetime
) -> TopicEdit:
    """Make a topic of some of a topic's feedback; what comes later goes to the side that it resembles.

    Raises NotFound; Invalid for a name that will not do, and for texts that are none or all of the topic's.
    """
    topic = _listed(session, topic_id)
    chosen = _members(session, topic_id, interaction_ids)
    if len(chosen) == size_of(session, topic_id):
        raise Invalid("选中了主题的全部反馈，没有可拆的。", field="interaction_ids")
    made = describe(session, topic, name=name, interaction_ids=chosen)
    session.add(made)
    session.flush()
    edit = TopicEdit(
        kind=EditKind.SPLIT,
        topic_id=topic_id,
        target_id=made.id,
        interaction_ids=chosen,
        sides=_sides(session, topic_id, chosen),
        upto=_last_id(session),
        created_at=now,
    )
    return _make(session, actor, edit)


def move(
    session: Session, *, actor: User, topic_id: int, target_id: int, interaction_ids: Sequence[int], now: datetime
) -> TopicEdit:
    """Show some feedback under another topic, or pin it to the one it is in: no later fit takes it away.

    Raises NotFound, Invalid.
    """
    _listed(session, topic_id)
    _listed(session, target_id)
    chosen = _members(session, topic_id, interaction_ids)
    edit = TopicEdit(kind=EditKind.MOVE, topic_id=topic_id, target_id=target_id, interaction_ids=chosen, created_at=now)
    return _make(session, actor, edit)


def hide(session: Session, *, actor: User, topic_id: int, now: datetime) -> TopicEdit:
    """Take a topic out of the lists; its feedback stays with it. Raises NotFound, Conflict."""
    _listed(session, topic_id)
    return _make(session, actor, TopicEdit(kind=EditKind.HIDE, topic_id=topic_id, created_at=now))


def undo(session: Session, *, actor: User, edit_id: int, now: datetime) -> TopicEdit:
    """Take any edit back. Raises NotFound; Conflict where it is undone, or later edits speak of the topic it made."""
    current_version_id(session, lock=True)
    edit = session.get(TopicEdit, edit_id, with_for_update=True)
    if edit is None:
        raise NotFound("没有这次编辑。")
    if edit.undone_at is not None:
        raise Conflict("这次编辑已经撤销了。")
    if depending(_value(edit), [_value(one) for one in in_force(session)]):
        raise Conflict("之后还有编辑用到了拆出来的主题，请先撤销后来的。")
    edit.undone_at = now
    session.add(edit)
    session.flush()
    settle(session)
    themes.settle(session)
    _audit(session, actor, f"topic.{edit.kind}_undo", edit, now)
    return edit


def in_force(session: Session) -> list[TopicEdit]:
    """All edits that were not undone, oldest first."""
    return list(session.exec(select(TopicEdit).where(col(TopicEdit.undone_at).is_(None)).order_by(col(TopicEdit.id))))


def drafted(topic_id: int, target_id: int | None, interaction_ids: Sequence[int] | None = None) -> Edit:
    """An edit to try: a merge where no feedback is named, else a move, or a split where there is no target yet."""
    if interaction_ids is None:
        return Edit(DRAFT, EditKind.MERGE, topic_id, target_id)
    kind = EditKind.MOVE if target_id else EditKind.SPLIT
    return Edit(DRAFT, kind, topic_id, target_id or DRAFT, frozenset(interaction_ids), upto=DRAFT)


def differences(session: Session, draft: Edit, *, new_name: str = "") -> list[Difference]:
    """What an edit would change, by topic; topics whose count stays are left out."""
    rows, stored = _rows(session), in_force(session)
    before = _replayed(session, rows, stored)
    after = _replayed(session, rows, stored, draft)
    topics = {topic.id: topic for topic in session.exec(select(Topic))}
    found = []
    for topic_id in np.unique(np.concatenate([before, after])).tolist():
        counts = int((before == topic_id).sum()), int((after == topic_id).sum())
        topic = topics.get(topic_id)
        name = topic.name if topic else "未归类" if topic_id == OUTSIDE else new_name
        if counts[0] != counts[1]:
            found.append(Difference(topic, name, *counts))
    return sorted(found, key=lambda one: -abs(one.after - one.before))


def settle(session: Session, interaction_ids: Iterable[int] | None = None) -> None:
    """Lay the edits over the fit's answer for all feedback, or for some that has just been assigned."""
    stored = in_force(session)
    rows = _rows(session, None if interaction_ids is None else set(interaction_ids))
    shown = _replayed(session, rows, stored)
    changed = np.flatnonzero(shown != rows.shown)
    for topic_id in np.unique(shown[changed]).tolist():
        ids = rows.ids[changed[shown[changed] == topic_id]].tolist()
        for start in range(0, len(ids), 500):
            session.execute(
                update(TopicAssignment)
                .where(col(TopicAssignment.interaction_id).in_(ids[start : start + 500]))
                .values(topic_id=None if topic_id == OUTSIDE else topic_id)
            )
    if interaction_ids is None:
        _mark(session, [_value(one) for one in stored])


def size_of(session: Session, topic_id: int) -> int:
    """How many feedback a topic shows."""
    wanted = select(func.count()).select_from(TopicAssignment).where(col(TopicAssignment.topic_id) == topic_id)
    return session.exec(wanted).one()


def _make(session: Session, actor: User, edit: TopicEdit) -> TopicEdit:
    current_version_id(session, lock=True)
    edit.user_id = actor.id
    session.add(edit)
    session.flush()
    settle(session)
    themes.settle(session)
    _audit(session, actor, f"topic.{edit.kind}", edit, edit.created_at)
    return edit


@dataclass(frozen=True, slots=True)
class _Rows:
    """All assigned feedback: its id, the fit's topic and the topic it is shown under, OUTSIDE for none."""

    ids: NDArray[np.int64]
    base: NDArray[np.int64]
    shown: NDArray[np.int64]


def _rows(session: Session, only: set[int] | None = None) -> _Rows:
    wanted = select(TopicAssignment.interaction_id, TopicAssignment.base_topic_id, TopicAssignment.topic_id)
    if only is not None:
        wanted = wanted.where(col(TopicAssignment.interaction_id).in_(only))
    found = [
        (id_, OUTSIDE if base is None else base, OUTSIDE if shown is None else shown)
        for id_, base, shown in session.exec(wanted.order_by(col(TopicAssignment.interaction_id)))
    ]
    columns = np.array(found, dtype=np.int64).reshape(-1, 3).T
    return _Rows(*columns)


def _replayed(session: Session, rows: _Rows, stored: Sequence[TopicEdit], *drafts: Edit) -> NDArray[np.int64]:
    sides_of = {edit.id: edit.sides for edit in stored}

    def leaning(edit: Edit, texts: NDArray[np.int64]) -> NDArray[np.bool_]:
        sides = sides_of.get(edit.id)
        if sides is None:  # a draft: what is there is named
            return np.zeros(len(texts), dtype=bool)
        went, stayed = np.frombuffer(sides, dtype="<f4").reshape(2, -1)
        vectors = _embeddings(session, texts.tolist())
        likes = {id_: float(vector @ went) > float(vector @ stayed) for id_, vector in vectors.items()}
        return np.array([likes.get(id_, False) for id_ in texts.tolist()])

    return replay(rows.ids, rows.base, [*map(_value, stored), *drafts], leaning)


def _embeddings(session: Session, interaction_ids: Sequence[int]) -> dict[int, NDArray[np.float32]]:
    wanted = select(Interaction.id, Analysis.embedding).join(Analysis, col(Analysis.id) == col(Interaction.analysis_id))
    found = session.exec(wanted.where(col(Interaction.id).in_(interaction_ids))).all()
    return dict(zip([id_ or 0 for id_, _ in found], embeddings_of([one for _, one in found]), strict=True))


def _sides(session: Session, topic_id: int, chosen: Sequence[int]) -> bytes:
    """Mean embeddings of what goes and what stays."""
    members = session.exec(select(TopicAssignment.interaction_id).where(TopicAssignment.topic_id == topic_id)).all()
    vectors = _embeddings(session, members)
    goes = set(chosen)
    sides = [
        np.mean([vector for id_, vector in vectors.items() if (id_ in goes) is inside], axis=0)
        for inside in (True, False)
    ]
    return np.stack(sides).astype("<f4").tobytes()


def _mark(session: Session, edits: Sequence[Edit]) -> None:
    """What follows for the topics: which are merged away, which are listed."""
    into, out = merged_into(edits), hidden(edits)
    counted = select(TopicAssignment.topic_id, func.count()).group_by(col(TopicAssignment.topic_id))
    sizes = dict(session.exec(counted).all())
    for topic in session.exec(select(Topic)):
        there = topic.retired_version_id is None and not topic.by_hand
        topic.merged_into_id = into.get(topic.id or 0)
        topic.listed = topic.merged_into_id is None and topic.id not in out and (there or sizes.get(topic.id, 0) > 0)
        session.add(topic)
    session.flush()


def _value(edit: TopicEdit) -> Edit:
    texts = frozenset(edit.interaction_ids)
    return Edit(edit.id or DRAFT, edit.kind, edit.topic_id, edit.target_id, texts, edit.upto)


def _listed(session: Session, topic_id: int) -> Topic:
    topic = session.get(Topic, topic_id)
    if topic is None:
        raise NotFound(f"没有编号为 {topic_id} 的主题。")
    if not topic.listed:
        raise Conflict(f"“{topic.name}”已经合并、隐藏或没有反馈了，请刷新主题列表。")
    return topic


def _members(session: Session, topic_id: int, interaction_ids: Sequence[int]) -> list[int]:
    if not 0 < len(set(interaction_ids)) <= MAX_TEXTS:
        raise Invalid(f"请选 1 到 {MAX_TEXTS:,} 条反馈。", field="interaction_ids")
    wanted = select(TopicAssignment.interaction_id).where(TopicAssignment.topic_id == topic_id)
    inside = set(session.exec(wanted)) & set(interaction_ids)
    if len(inside) != len(set(interaction_ids)):
        raise Conflict("有的反馈已经不在这个主题里了，请刷新后重选。")
    return sorted(inside)


def _last_id(session: Session) -> int:
    return session.exec(select(func.max(Interaction.id))).one() or 0


def _audit(session: Session, actor: User, action: str, edit: TopicEdit, now: datetime) -> None:
    detail = {"edit": edit.id, "target": edit.target_id, "texts": len(edit.interaction_ids)}
    subject = f"topic:{edit.topic_id}"
    audit.record(session, at=now, actor=f"user:{actor.login}", action=action, subject=subject, detail=detail)
