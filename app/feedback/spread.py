"""A review of masking that holds in all feedback: laid over what is there by a job, over what comes by every analysis.

In each feedback that it changes, a review of its own is made, which names the one it follows (`origin_id`): so every
feedback can be reviewed and undone by itself, and undoing the first one undoes all that follow it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, String, cast, or_
from sqlmodel import Session, col, select

from app.clock import Clock
from app.feedback import masks
from app.feedback.models import Interaction, InteractionState, MaskReview, Message, Verdict
from app.jobs.queue import JobArgs
from app.store.engine import Store
from nlp.doc import Doc

SPREAD = "feedback.spread_review"
BATCH = 50  # feedback in a transaction


def run(jobs: Sequence[JobArgs], *, store: Store, clock: Clock) -> None:
    """Do in all other feedback what the reviews of the jobs say, or take it back where they were undone."""
    for job in jobs:
        review_id, after = int(job["review_id"]), 0
        with store.read() as session:
            review = session.get(MaskReview, review_id)
            undone = review is None or review.undone_at is not None
        more = True
        while more:
            with store.write() as session:
                step = _take_back if undone else _hold
                after, more = step(session, review_id, after=after, now=clock.now())


def hold_in(session: Session, interaction_id: int, doc: Doc) -> None:
    """Lay over a new reading what holds everywhere and was not yet decided in this feedback."""
    decided = select(MaskReview.origin_id).where(
        MaskReview.interaction_id == interaction_id, col(MaskReview.origin_id).is_not(None)
    )
    origins = select(MaskReview).where(
        MaskReview.everywhere,
        MaskReview.interaction_id != interaction_id,
        col(MaskReview.undone_at).is_(None),
        col(MaskReview.id).not_in(decided),
    )
    for origin in session.exec(origins.order_by(col(MaskReview.id))).all():
        _follow(session, origin, interaction_id, doc)


def _hold(session: Session, review_id: int, *, after: int, now: datetime) -> tuple[int, bool]:
    """The next BATCH of feedback; the last one looked at, and whether there may be more."""
    origin = session.get_one(MaskReview, review_id)
    ids = session.exec(
        select(Interaction.id)
        .where(col(Interaction.id) > after, col(Interaction.id) != origin.interaction_id, _may_hold(session, origin))
        .order_by(col(Interaction.id))
        .limit(BATCH)
    ).all()
    followed = set(session.exec(select(MaskReview.interaction_id).where(MaskReview.origin_id == review_id)))
    for interaction in _locked(session, [id_ for id_ in ids if id_ not in followed]):
        doc = masks.doc_of(session, interaction)
        if _follow(session, origin, interaction.id or 0, doc):
            masks.store(session, interaction, doc, now=now)
    return (ids[-1] or 0, True) if ids else (after, False)


def _take_back(session: Session, review_id: int, *, after: int, now: datetime) -> tuple[int, bool]:
    wanted = select(MaskReview).where(
        MaskReview.origin_id == review_id, col(MaskReview.undone_at).is_(None), col(MaskReview.id) > after
    )
    following = session.exec(wanted.order_by(col(MaskReview.id)).limit(BATCH)).all()
    of = {interaction.id: interaction for interaction in _locked(session, [one.interaction_id for one in following])}
    for one in following:
        interaction = of.get(one.interaction_id)  # None: its analysis is under way and reads the reviews in force
        if interaction is not None:
            doc = masks.doc_of(session, interaction)
            later = [other for other in masks.in_force(session, one.interaction_id) if (other.id or 0) > (one.id or 0)]
            for other in [*reversed(later), one]:
                masks.lift(doc, other)
            for other in later:
                masks.lay(doc, other, masks.piece_of(session, other))
                session.add(other)
            masks.store(session, interaction, doc, now=now)
        one.undone_at = now
        session.add(one)
        session.flush()
    return (following[-1].id or 0, True) if following else (after, False)


def _follow(session: Session, origin: MaskReview, interaction_id: int, doc: Doc) -> bool:
    """Change `doc` as the origin says, with a review that follows it; false where there is nothing to change."""
    piece = masks.piece_of(session, origin)
    one = MaskReview(
        piece=masks.sealed(session, piece),
        interaction_id=interaction_id,
        verdict=origin.verdict,
        kind=origin.kind,
        user_id=origin.user_id,
        created_at=origin.created_at,
        origin_id=origin.id,
    )
    if not masks.lay(doc, one, piece):
        return False
    session.add(one)
    session.flush()
    return True


def _may_hold(session: Session, origin: MaskReview) -> ColumnElement[bool]:
    """Feedback that shows the piece, or where something of the kind is masked; and what is being analysed just now."""
    if origin.verdict is Verdict.MASK:
        piece = masks.piece_of(session, origin)
        message = col(Message.masked_text).contains(piece, autoescape=True)
        subject = col(Interaction.subject_masked).contains(piece, autoescape=True)
    else:
        kind = f'"{origin.kind}"'
        message = cast(col(Message.pii), String).contains(kind, autoescape=True)
        subject = cast(col(Interaction.subject_pii), String).contains(kind, autoescape=True)
    saying = select(Message.interaction_id).where(message)
    pending = col(Interaction.state) == InteractionState.PENDING
    return or_(pending, subject, col(Interaction.id).in_(saying))


def _locked(session: Session, interaction_ids: Sequence[int | None]) -> Iterator[Interaction]:
    """Those that may be changed: analysed, and nothing newer on its way."""
    wanted = select(Interaction).where(col(Interaction.id).in_(interaction_ids)).order_by(col(Interaction.id))
    for interaction in session.exec(wanted.with_for_update()).all():
        if interaction.state is InteractionState.ANALYSED and masks.is_current(session, interaction):
            yield interaction
