"""Answering: what a person says of a text is kept, corrects the labels where he is the first, and can be taken back.

The first reader sees what counts, and his answer goes through `app.feedback.corrections`. A second reader sees what the
model said and not the first; what he says is kept for comparison and changes nothing, since he would take back
a correction that he has not seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from app.clock import day_start, local_day
from app.errors import Conflict, NotFound
from app.feedback import corrections
from app.feedback.models import Analysis, Correction, Interaction, InteractionState
from app.people.models import User
from app.review.models import ReviewAnswer
from app.store.audit import record

EVERY = 10  # of ten texts that were read first, one is read by a second person


@dataclass(frozen=True, slots=True)
class Seat:
    """One person before one text: his answer if he gave one, and whether somebody has read it before him."""

    answer: ReviewAnswer | None
    second: bool


def answer(
    session: Session,
    *,
    actor: User,
    interaction_id: int,
    analysis_id: int,
    after: int,
    labels: Mapping[str, str | Sequence[str]],
    now: datetime,
) -> ReviewAnswer:
    """Keep what a person says; heads that he leaves out are undecided. His earlier answer on the same words goes.

    Raises NotFound, Invalid for a head or value that is not in the taxonomy, and Conflict where he has not seen what
    is there now; `analysis_id` and `after` are as in `corrections.correct`.
    """
    told = {head: corrections.checked(head, value) for head, value in labels.items()}
    analysis = _analysis(session, interaction_id)
    seat = seat_of(session, user=actor, analysis=analysis)
    if analysis.id != analysis_id:
        raise Conflict("这条反馈刚有了新的内容或新的分析，请看过再答。")
    if not seat.second and after != corrections.newest(session, analysis):
        raise Conflict("这条反馈的判断刚被别人改过，请看过再答。")
    row = seat.answer or _row(actor, analysis, now)
    _uncorrect(session, row, actor=actor, now=now)
    if seat.answer is None or row.skipped:
        row.again = not seat.second and _count_read(session) % EVERY == 0
    row.second, row.skipped, row.labels, row.answered_at, row.analysis_id = seat.second, False, told, now, analysis_id
    if not seat.second:
        made = corrections.correct(
            session,
            actor=actor,
            interaction_id=interaction_id,
            analysis_id=analysis_id,
            after=corrections.newest(session, analysis),
            labels=told,
            now=now,
        )
        row.correction_id = made.id if made else None
    return _keep(session, row, actor, "review.answer", now)


def skip(session: Session, *, actor: User, interaction_id: int, now: datetime) -> ReviewAnswer:
    """Pass a text over: others may still read it. What he has said of it before stays. Raises NotFound."""
    analysis = _analysis(session, interaction_id)
    given = seat_of(session, user=actor, analysis=analysis).answer
    if given is not None:
        return given
    row = _row(actor, analysis, now)
    row.skipped = True
    return _keep(session, row, actor, "review.skip", now)


def undo(session: Session, *, actor: User, interaction_id: int, now: datetime) -> None:
    """Take one's own answer back, with what it corrected. Raises NotFound."""
    row = seat_of(session, user=actor, analysis=_analysis(session, interaction_id)).answer
    if row is None:
        raise NotFound("您没有复核过这条反馈，或者已经撤销了。")
    _uncorrect(session, row, actor=actor, now=now)
    _audit(session, row, actor, "review.undo", now)
    session.delete(row)


def seat_of(session: Session, *, user: User, analysis: Analysis) -> Seat:
    """How this person stands to the words that were analysed."""
    wanted = select(ReviewAnswer).where(
        col(ReviewAnswer.interaction_id) == analysis.interaction_id,
        col(ReviewAnswer.content_hash) == analysis.content_hash,
    )
    given = session.exec(wanted).all()
    own = next((one for one in given if one.user_id == user.id), None)
    first = any(one.user_id != user.id and not one.skipped and not one.second for one in given)
    return Seat(own, second=first)


def read_on(session: Session, *, user: User, now: datetime) -> int:
    """How many texts this person has read on this day of the bank."""
    mine = select(func.count(col(ReviewAnswer.id))).where(
        col(ReviewAnswer.user_id) == user.id,
        col(ReviewAnswer.answered_at) >= day_start(local_day(now)),
        col(ReviewAnswer.skipped).is_(False),
    )
    return session.exec(mine).one()


def before(session: Session, *, user: User, answer: ReviewAnswer | None) -> int | None:
    """The feedback that this person answered last, or last before `answer`."""
    mine = select(ReviewAnswer.interaction_id).where(col(ReviewAnswer.user_id) == user.id)
    if answer is not None:
        mine = mine.where(col(ReviewAnswer.id) < answer.id)
    return session.exec(mine.order_by(col(ReviewAnswer.id).desc()).limit(1)).first()


def _analysis(session: Session, interaction_id: int) -> Analysis:
    """The analysis that counts, of an interaction that is locked until the transaction ends."""
    wanted = select(Interaction).where(col(Interaction.id) == interaction_id).with_for_update()
    interaction = session.exec(wanted).one_or_none()
    if interaction is None or interaction.state is InteractionState.RESTRICTED:
        raise NotFound("没有这条反馈。")
    if interaction.analysis_id is None:
        raise Conflict("这条反馈正在重新分析，分析完成后再复核。")
    return session.get_one(Analysis, interaction.analysis_id)


def _row(actor: User, analysis: Analysis, now: datetime) -> ReviewAnswer:
    return ReviewAnswer(
        interaction_id=analysis.interaction_id,
        content_hash=analysis.content_hash,
        analysis_id=analysis.id or 0,
        user_id=actor.id or 0,
        answered_at=now,
    )


def _count_read(session: Session) -> int:
    read = col(ReviewAnswer.skipped).is_(False) & col(ReviewAnswer.second).is_(False)
    return session.exec(select(func.count(col(ReviewAnswer.id))).where(read)).one()


def _uncorrect(session: Session, row: ReviewAnswer, *, actor: User, now: datetime) -> None:
    """Undo what the answer corrected, if nobody has yet."""
    made = session.get(Correction, row.correction_id) if row.correction_id else None
    row.correction_id = None
    if made is not None and made.undone_at is None:
        corrections.undo(session, actor=actor, interaction_id=row.interaction_id, correction_id=made.id or 0, now=now)


def _keep(session: Session, row: ReviewAnswer, actor: User, action: str, now: datetime) -> ReviewAnswer:
    session.add(row)
    session.flush()
    _audit(session, row, actor, action, now)
    return row


def _audit(session: Session, row: ReviewAnswer, actor: User, action: str, now: datetime) -> None:
    subject = f"feedback:{row.interaction_id}"
    detail = {"answer": row.id, "second": row.second}
    record(session, at=now, actor=f"user:{actor.login}", action=action, subject=subject, detail=detail)
