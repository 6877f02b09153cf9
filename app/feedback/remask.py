"""Reviews of masking 遮盖复核: a person masks what was missed or releases what is no personal data, and may undo it.

A review holds for all the words of its feedback, those that come later too: it keeps the piece of text, sealed, and is
applied wherever that piece stands. It outlives a new model, and is a case on which every model can be tried (`cases`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from app.errors import Conflict, Invalid, NotFound
from app.feedback import masks, originals, spread
from app.feedback.models import Interaction, InteractionState, MaskReview, Verdict
from app.jobs.queue import JobQueue
from app.people.models import User
from app.store.audit import AuditEntry, record
from nlp import taxonomy
from nlp.doc import Doc
from nlp.pipeline import Pipeline

MOST = 200  # characters of a piece
SHORTEST = 2  # characters of a piece that holds in all feedback
OPEN_FOR = timedelta(hours=1)  # since the original was opened


def review(
    session: Session,
    *,
    actor: User,
    interaction_id: int,
    verdict: Verdict,
    piece: str,
    kind: str,
    now: datetime,
    queue: JobQueue,
    everywhere: bool = False,
) -> MaskReview:
    """Mask or release every place of `piece` in one feedback, or `everywhere`, at once and from now on.

    What is released is masked as `kind`; what is masked as another kind stays.

    Raises NotFound; Invalid for a kind that is not in the taxonomy, a piece that the feedback does not hold, one that
    is masked already (or, to release, is not masked), and one too short to hold everywhere; Conflict while the feedback
    waits for its analysis, and for an actor who has not opened the original within OPEN_FOR.
    """
    if everywhere:
        spread.guard(session, exclusive=True)
    interaction = _locked(session, interaction_id)
    doc = _doc_of(session, interaction)
    _opened(session, actor, interaction_id, now)
    piece = piece.strip()
    if kind not in taxonomy.pii_kinds():
        raise Invalid("请选一种个人信息。", field="kind")
    if not 0 < len(piece) <= MOST:
        raise Invalid(f"请填 1 到 {MOST} 个字。", field="piece")
    if everywhere and len(piece) < SHORTEST:
        raise Invalid(f"要在全部反馈里照此处理，至少要 {SHORTEST} 个字。", field="piece")
    if not list(masks.places(doc, piece)):
        raise Invalid("这条反馈里没有这段文字，请从原文里照抄。", field="piece")
    made = MaskReview(
        piece=masks.sealed(session, piece),
        interaction_id=interaction_id,
        verdict=verdict,
        kind=kind,
        user_id=actor.id,
        created_at=now,
        everywhere=everywhere,
    )
    if not masks.lay(doc, made, piece):
        told = "这段文字已经遮盖了。" if verdict is Verdict.MASK else "这段文字没有被遮盖。"
        raise Invalid(told, field="piece")
    session.add(made)
    session.flush()
    masks.store(session, interaction, doc, now=now)
    if everywhere:
        queue.defer(session, spread.SPREAD, key=str(made.id), review_id=made.id)
    _audit(session, actor, f"masking.{verdict}", made, now)
    return made


def undo(
    session: Session, *, actor: User, interaction_id: int, review_id: int, now: datetime, queue: JobQueue
) -> MaskReview:
    """Take a review of a feedback back, everywhere if it held everywhere: what the others say still holds.

    Of restricted feedback nothing is shown, so that only what it ordered for the others can be taken back.
    Raises NotFound and Conflict.
    """
    found = session.get(MaskReview, review_id)
    if found is None or found.interaction_id != interaction_id:
        raise NotFound("没有这次复核。")
    everywhere = spread.origins(session, exclusive=found.everywhere)
    interaction = _locked(session, interaction_id)
    session.refresh(found)
    if found.undone_at is not None:
        raise Conflict("这次复核已经撤销了。")
    if interaction.state is InteractionState.RESTRICTED and found.everywhere:
        found.undone_at = now
    else:
        doc = _doc_of(session, interaction)
        masks.lift(session, interaction_id, doc)
        found.undone_at = now
        spread.hold(session, interaction_id, doc, everywhere, now=now)
        masks.store(session, interaction, doc, now=now)
    session.add(found)
    if found.everywhere:
        queue.defer(session, spread.SPREAD, key=str(found.id), review_id=found.id)
    _audit(session, actor, "masking.undo", found, now)
    return found


@dataclass(frozen=True, slots=True)
class Case:
    """A review as a test of a model: whether the model alone now does what the person wanted."""

    review_id: int
    interaction_id: int
    verdict: Verdict
    kind: str
    right: bool

    @property
    def title(self) -> str:
        """The kind in Chinese."""
        return taxonomy.pii_title(self.kind)

    @property
    def fault(self) -> str:
        """What was wrong with the masking, in Chinese."""
        return "漏遮" if self.verdict is Verdict.MASK else "误遮"


def cases(session: Session, pipeline: Pipeline) -> Iterator[Case]:
    """Try the model on every review in force, once on those that hold everywhere; nothing is changed."""
    wanted = (
        select(MaskReview)
        .join(Interaction, col(Interaction.id) == col(MaskReview.interaction_id))
        .where(col(MaskReview.undone_at).is_(None), col(MaskReview.origin_id).is_(None))
        .where(col(Interaction.state) != InteractionState.RESTRICTED)
    )
    for one in session.exec(wanted.order_by(col(MaskReview.id))).all():
        doc = masks.doc_of(session, session.get_one(Interaction, one.interaction_id))
        doc.pii = ()
        (read,) = pipeline.run([doc])
        piece = masks.piece_of(session, one)
        hits = [any(masks.covers(pii, place) for pii in read.pii) for place in masks.places(read, piece)]
        right = read.failure is None and (all(hits) if one.verdict is Verdict.MASK else not any(hits))
        yield Case(one.id or 0, one.interaction_id, one.verdict, one.kind, right)


def _locked(session: Session, interaction_id: int) -> Interaction:
    wanted = select(Interaction).where(col(Interaction.id) == interaction_id).with_for_update()
    interaction = session.exec(wanted).first()
    if interaction is None:
        raise NotFound("没有这条反馈。")
    return interaction


def _doc_of(session: Session, interaction: Interaction) -> Doc:
    """Raises Conflict where what is masked cannot be changed."""
    if interaction.state is InteractionState.RESTRICTED:
        raise Conflict("客户要求删除，这条反馈已停止处理。")
    if not masks.is_current(session, interaction):
        raise Conflict("这条反馈还在等待分析，请稍后再来。")
    return masks.doc_of(session, interaction)


def _opened(session: Session, actor: User, interaction_id: int, now: datetime) -> None:
    """Whoever has not seen the original could find it out by trying, without an entry in the audit chain."""
    views = select(AuditEntry.id).where(
        AuditEntry.action == originals.VIEW,
        AuditEntry.subject == originals.name(interaction_id),
        AuditEntry.actor == f"user:{actor.login}",
        col(AuditEntry.at) >= now - OPEN_FOR,
    )
    if session.exec(views).first() is None:
        raise Conflict("复核遮盖之前请先查看原文并写明理由。")


def _audit(session: Session, actor: User, action: str, one: MaskReview, now: datetime) -> None:
    detail = {"kind": one.kind, "places": len(one.added) + len(one.removed), "everywhere": one.everywhere}
    subject = originals.name(one.interaction_id)
    record(session, at=now, actor=f"user:{actor.login}", action=action, subject=subject, detail=detail)
