"""Reviews of masking that hold in all feedback: laid over what is there by a job, over what comes by every analysis.

In each feedback that it changes, a review of its own is made, which names the one it follows (`origin_id`): so every
feedback can be reviewed and undone by itself, and undoing the first one undoes all that follow it.

What is masked in a feedback is always what the model found and, over it, what persons decided, in the order of their
decisions (`hold`). Whatever changes is lifted and laid anew, so that no undoing uncovers what another review covers.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, String, cast, func, or_
from sqlmodel import Session, col, select

from app.clock import Clock
from app.feedback import masks, originals
from app.feedback.models import Interaction, MaskReview, Message, Verdict
from app.jobs.queue import JobArgs
from app.store.audit import record
from app.store.engine import Store
from nlp.doc import Doc

SPREAD = "feedback.spread_review"
ACTOR = "system:spread"
BATCH = 50  # feedback in a transaction
REVIEW_LOCK = 0x4853_0003  # PostgreSQL advisory lock: see `guard`


@dataclass(frozen=True, slots=True)
class Origin:
    """A review that holds everywhere, with its piece in clear."""

    review: MaskReview
    piece: str


def guard(session: Session, *, exclusive: bool = False) -> None:
    """Until the transaction ends, nobody makes or undoes a review that holds everywhere; `exclusive`: but this one.

    Without it an analysis under way would miss a review just made, or lay one just undone, and no job would find it.
    Comes before every other lock. SQLite has one writer at a time.
    """
    if session.get_bind().dialect.name == "postgresql":
        lock = func.pg_advisory_xact_lock if exclusive else func.pg_advisory_xact_lock_shared
        session.execute(select(lock(REVIEW_LOCK)))


def origins(session: Session, *, exclusive: bool = False) -> dict[int, Origin]:
    """Id to each review that holds everywhere, under the `guard`."""
    guard(session, exclusive=exclusive)
    wanted = select(MaskReview).where(MaskReview.everywhere, col(MaskReview.undone_at).is_(None))
    found = session.exec(wanted.order_by(col(MaskReview.id))).all()
    return {one.id or 0: Origin(one, masks.piece_of(session, one)) for one in found}


def hold(session: Session, interaction_id: int, doc: Doc, everywhere: Mapping[int, Origin], *, now: datetime) -> None:
    """Lay what persons decided over what a model found in `doc`, whose parts are those of the feedback now.

    A review everywhere gets one that follows it where it changes something and was not yet decided in this feedback;
    one that follows a review that was undone ends.
    """
    known = session.exec(select(MaskReview).where(MaskReview.interaction_id == interaction_id)).all()
    decided = {one.origin_id for one in known}
    laid: list[tuple[MaskReview, str]] = []
    for one in known:
        if one.undone_at is None and (one.origin_id is None or one.origin_id in everywhere):
            laid.append((one, masks.piece_of(session, one)))
        elif one.undone_at is None:
            one.undone_at = now
            session.add(one)
    for number, origin in everywhere.items():
        if number not in decided and origin.review.interaction_id != interaction_id:
            laid.append((_following(origin.review, interaction_id), origin.piece))
    for one, piece in sorted(laid, key=lambda pair: (pair[0].created_at, pair[0].id or sys.maxsize)):
        if masks.lay(doc, one, piece) or one.id is not None:
            session.add(one)
    session.flush()


def run(jobs: Sequence[JobArgs], *, store: Store, clock: Clock) -> None:
    """Do in all other feedback what the reviews of the jobs say, or take it back where they were undone."""
    for job in jobs:
        _spread(int(job["review_id"]), store=store, clock=clock)


def _spread(review_id: int, *, store: Store, clock: Clock) -> None:
    with store.read() as session:
        origin = session.get(MaskReview, review_id)
        if origin is None:  # erased with its feedback
            return
        ids = _concerned(session, origin)
    changed = 0
    try:
        for at in range(0, len(ids), BATCH):
            now = clock.now()
            with store.write() as session:
                everywhere = origins(session)
                if _is_undone(session, review_id) and origin.undone_at is None:
                    break  # meanwhile: a job of its own takes it back
                changed += sum(_settle(session, one, everywhere, now) for one in _locked(session, ids[at : at + BATCH]))
    finally:  # what was done is told even where the rest failed
        with store.write() as session:
            action = "masking.spread" if origin.undone_at is None else "masking.spread_undo"
            detail = {"verdict": origin.verdict, "kind": origin.kind, "feedback": changed}
            subject = originals.name(origin.interaction_id)
            record(session, at=clock.now(), actor=ACTOR, action=action, subject=subject, detail=detail)


def _is_undone(session: Session, review_id: int) -> bool:
    found = session.get(MaskReview, review_id)
    return found is not None and found.undone_at is not None


def _concerned(session: Session, origin: MaskReview) -> list[int]:
    """Where it may change something, or where something follows it that was undone; in order."""
    follows = select(MaskReview.interaction_id).where(MaskReview.origin_id == origin.id)
    if origin.undone_at is None:
        home = col(Interaction.id) == origin.interaction_id
        where = [~home, col(Interaction.id).not_in(follows), _may_hold(session, origin)]
    else:
        where = [col(Interaction.id).in_(follows.where(col(MaskReview.undone_at).is_(None)))]
    return [number or 0 for number in session.exec(select(Interaction.id).where(*where).order_by(col(Interaction.id)))]


def _settle(session: Session, interaction: Interaction, everywhere: Mapping[int, Origin], now: datetime) -> bool:
    """Bring what is masked into step with the reviews; false where that changes nothing."""
    interaction_id = interaction.id or 0
    doc = masks.doc_of(session, interaction)
    before = [(one, one.kind) for one in sorted(doc.pii)]
    masks.lift(session, interaction_id, doc)
    hold(session, interaction_id, doc, everywhere, now=now)
    if before == [(one, one.kind) for one in doc.pii]:
        return False
    masks.store(session, interaction, doc, now=now)
    return True


def _following(origin: MaskReview, interaction_id: int) -> MaskReview:
    return MaskReview(
        piece=origin.piece,
        interaction_id=interaction_id,
        verdict=origin.verdict,
        kind=origin.kind,
        user_id=origin.user_id,
        created_at=origin.created_at,
        origin_id=origin.id,
    )


def _may_hold(session: Session, origin: MaskReview) -> ColumnElement[bool]:
    """Feedback that shows the piece or a part of it, or where something of the kind is masked."""
    if origin.verdict is Verdict.MASK:
        shown = _shown(masks.piece_of(session, origin))
        message, subject = _any_of(col(Message.masked_text), shown), _any_of(col(Interaction.subject_masked), shown)
    else:
        kind = [f'"{origin.kind}"']
        message, subject = (_any_of(cast(col(pii), String), kind) for pii in (Message.pii, Interaction.subject_pii))
    return or_(subject, col(Interaction.id).in_(select(Message.interaction_id).where(message)))


def _shown(piece: str) -> list[str]:
    """What masked words hold, one of these at least, that show the piece, or a part of it beside a placeholder."""
    before, after = {f"{letter}[" for letter in piece[:-1]}, {f"]{letter}" for letter in piece[1:]}
    return [piece, *sorted(before | after)]


def _any_of(column: SQLColumnExpression[Any], texts: Sequence[str]) -> ColumnElement[bool]:
    return or_(*(column.contains(text, autoescape=True) for text in texts))


def _locked(session: Session, interaction_ids: Sequence[int]) -> Iterator[Interaction]:
    """Those that may be changed. The others show nothing, or wait for an analysis, which reads the reviews itself."""
    wanted = select(Interaction).where(col(Interaction.id).in_(interaction_ids)).order_by(col(Interaction.id))
    for interaction in session.exec(wanted.with_for_update()).all():
        if masks.is_current(session, interaction):
            yield interaction
