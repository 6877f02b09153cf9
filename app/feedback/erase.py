"""Ending what is kept of a feedback: erasing it, or keeping it without any further processing.

Erasing leaves a keyed digest of the sender's id, so that a replayed delivery or a file that is imported again does
not bring the feedback back. Restricting (PIPL, article 47: where a legal period still runs, all processing but storage
and protection stops) leaves the sealed words and takes away everything that was read out of them.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from app.feedback import sources
from app.feedback.models import (
    Analysis,
    Correction,
    Erased,
    Interaction,
    InteractionState,
    LinkDigest,
    MaskReview,
    Message,
    Score,
    SearchText,
    Source,
)


def erase(session: Session, interaction_ids: Sequence[int], *, now: datetime) -> int:
    """Delete these feedback with all that hangs on them; returns how many there were."""
    wanted = select(Interaction, Source).join(Source, col(Source.id) == col(Interaction.source_id))
    found = session.exec(wanted.where(col(Interaction.id).in_(interaction_ids))).all()
    for interaction, source in found:
        session.merge(_erased(session, source, interaction.external_id, now=now))
    _hand_over(session, interaction_ids)
    session.flush()
    session.execute(delete(Interaction).where(col(Interaction.id).in_(interaction_ids)))
    session.expire_all()
    return len(found)


def was_erased(session: Session, source: Source, external_id: str) -> bool:
    """True for an interaction that must not come back."""
    return session.get(Erased, (source.id, sources.digest(session, source, external_id.encode()))) is not None


def restrict(session: Session, interaction: Interaction) -> None:
    """Keep the sealed words alone: nothing lists, counts, groups or links the feedback any more."""
    interaction.state, interaction.failure, interaction.analysis_id = InteractionState.RESTRICTED, None, None
    interaction.subject_masked = None
    session.add(interaction)
    session.flush()
    for table in (Analysis, Correction, LinkDigest, SearchText):
        session.execute(delete(table).where(col(table.interaction_id) == interaction.id))
    session.execute(update(Message).where(col(Message.interaction_id) == interaction.id).values(masked_text=None))
    session.execute(update(Score).where(col(Score.interaction_id) == interaction.id).values(customer_id=None))
    session.expire_all()


def _hand_over(session: Session, interaction_ids: Sequence[int]) -> None:
    """Let a review that holds everywhere live on in the first feedback that follows it, which holds the same words.

    Where none does it ends: it may be the name of the customer who is to be forgotten.
    """
    ending = col(MaskReview.interaction_id).in_(interaction_ids)
    in_force = col(MaskReview.undone_at).is_(None)
    for origin_id in session.exec(select(MaskReview.id).where(ending, in_force, MaskReview.everywhere)).all():
        follows = col(MaskReview.origin_id) == origin_id
        wanted = select(MaskReview).where(follows, in_force, ~ending).order_by(col(MaskReview.id))
        heir = session.exec(wanted).first()
        if heir is not None:
            session.execute(update(MaskReview).where(follows).values(origin_id=heir.id))
            session.refresh(heir)
            heir.everywhere, heir.origin_id = True, None
            session.add(heir)


def _erased(session: Session, source: Source, external_id: str, *, now: datetime) -> Erased:
    digest = sources.digest(session, source, external_id.encode())
    return Erased(source_id=sources.id_of(source), external_digest=digest, erased_at=now)
