"""Reviews of masking 遮盖复核: a person masks what was missed or releases what is no personal data, and may undo it.

A review holds for all the words of its feedback, those that come later too: it keeps the piece of text, sealed, and is
applied wherever that piece stands. It outlives a new model, and is a case on which every model can be tried (`cases`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from app.errors import Conflict, Invalid, NotFound
from app.feedback import contents, links, originals, wording
from app.feedback.models import Analysis, Interaction, InteractionState, MaskReview, ReviewedSpan, Verdict
from app.feedback.results import demand_of, pii_from, stored_pii
from app.people.models import User
from app.store.audit import AuditEntry, record
from app.store.sealing import seal, unseal
from nlp import taxonomy
from nlp.doc import SUBJECT, Doc, Pii, Span, Turn
from nlp.mask import masked, merged
from nlp.pipeline import Pipeline

MOST = 200  # characters of a piece
OPEN_FOR = timedelta(hours=1)  # since the original was opened
_PIECE = "mask_review.piece"


def review(
    session: Session, *, actor: User, interaction_id: int, verdict: Verdict, piece: str, kind: str, now: datetime
) -> MaskReview:
    """Mask or release every place of `piece` in one feedback, at once and from now on.

    Raises NotFound; Invalid for a kind that is not in the taxonomy, a piece that the feedback does not hold and one
    that is masked already (or, to release, is not masked); Conflict while the feedback waits for its analysis, and
    for an actor who has not opened the original within OPEN_FOR.
    """
    interaction, doc = _analysed(session, interaction_id)
    _opened(session, actor, interaction_id, now)
    piece = piece.strip()
    if kind not in taxonomy.pii_kinds():
        raise Invalid("请选一种个人信息。", field="kind")
    if not 0 < len(piece) <= MOST:
        raise Invalid(f"请填 1 到 {MOST} 个字。", field="piece")
    if not list(_places(doc, piece)):
        raise Invalid("这条反馈里没有这段文字，请从原文里照抄。", field="piece")
    made = MaskReview(
        interaction_id=interaction_id, verdict=verdict, kind=kind, user_id=actor.id, created_at=now,
        piece=seal(session, piece.encode(), context=_PIECE),
    )  # fmt: skip
    if not _apply(doc, made, piece):
        told = "这段文字已经遮盖了。" if verdict is Verdict.MASK else "这段文字没有被遮盖。"
        raise Invalid(told, field="piece")
    session.add(made)
    session.flush()
    _store(session, interaction, doc, now=now)
    _audit(session, actor, f"masking.{verdict}", made, now)
    return made


def undo(session: Session, *, actor: User, interaction_id: int, review_id: int, now: datetime) -> MaskReview:
    """Take the newest review back: what was masked before it is masked again. Raises NotFound and Conflict."""
    interaction, doc = _analysed(session, interaction_id)
    found = session.get(MaskReview, review_id, with_for_update=True)
    if found is None or found.interaction_id != interaction_id:
        raise NotFound("没有这次复核。")
    if found.undone_at is not None:
        raise Conflict("这次复核已经撤销了。")
    if in_force(session, interaction_id)[-1].id != review_id:
        raise Conflict("之后又有别的复核，请先撤销后来的。")
    found.undone_at = now
    session.add(found)
    added, removed = map(_spans, (found.added, found.removed))
    doc.pii = tuple(sorted([*(one for one in doc.pii if one not in added), *removed]))
    _store(session, interaction, doc, now=now)
    _audit(session, actor, "masking.undo", found, now)
    return found


def in_force(session: Session, interaction_id: int) -> list[MaskReview]:
    """The reviews of a feedback that were not undone, oldest first."""
    wanted = select(MaskReview).where(MaskReview.interaction_id == interaction_id, col(MaskReview.undone_at).is_(None))
    return list(session.exec(wanted.order_by(col(MaskReview.id))))


def apply(session: Session, interaction_id: int, doc: Doc) -> None:
    """Lay the reviews in force over what a model found in `doc`, whose parts are those of the feedback now."""
    for one in in_force(session, interaction_id):
        _apply(doc, one, _piece(session, one))
        session.add(one)


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


def cases(session: Session, pipeline: Pipeline) -> Iterator[Case]:
    """Try the model on every review in force; nothing is changed."""
    wanted = select(MaskReview).where(col(MaskReview.undone_at).is_(None)).order_by(col(MaskReview.id))
    for one in session.exec(wanted).all():
        doc = _doc(session, session.get_one(Interaction, one.interaction_id))
        doc.pii = ()
        (read,) = pipeline.run([doc])
        piece = _piece(session, one)
        hits = [any(_covers(pii, place) for pii in read.pii) for place in _places(read, piece)]
        right = read.failure is None and (all(hits) if one.verdict is Verdict.MASK else not any(hits))
        yield Case(one.id or 0, one.interaction_id, one.verdict, one.kind, right)


def _apply(doc: Doc, one: MaskReview, piece: str) -> bool:
    """Change `doc.pii` and note in the review what was changed; false where nothing was."""
    if one.verdict is Verdict.RELEASE:
        kept = [pii for pii in doc.pii if doc.part(pii.part)[pii.start : pii.end] != piece]
    else:
        bare = [place for place in _places(doc, piece) if not any(_covers(pii, place) for pii in doc.pii)]
        kept = list(merged([*doc.pii, *(Pii(place.part, place.start, place.end, one.kind) for place in bare)]))
    before, after = set(doc.pii), set(kept)
    one.added, one.removed = _stored(after - before), _stored(before - after)
    doc.pii = tuple(sorted(kept))
    return before != after


def _places(doc: Doc, piece: str) -> Iterator[Span]:
    for part in doc.parts():
        text, at = doc.part(part), -1
        while (at := text.find(piece, at + 1)) >= 0:
            yield Span(part, at, at + len(piece))


def _covers(pii: Pii, place: Span) -> bool:
    return pii.part == place.part and pii.start <= place.start and place.end <= pii.end


def _analysed(session: Session, interaction_id: int) -> tuple[Interaction, Doc]:
    wanted = select(Interaction).where(col(Interaction.id) == interaction_id).with_for_update()
    interaction = session.exec(wanted).first()
    if interaction is None:
        raise NotFound("没有这条反馈。")
    if interaction.state is InteractionState.RESTRICTED:
        raise Conflict("客户要求删除，这条反馈已停止处理。")
    analysis = session.get(Analysis, interaction.analysis_id) if interaction.analysis_id else None
    if interaction.state is not InteractionState.ANALYSED or analysis is None:
        raise Conflict("这条反馈还在等待分析，请稍后再来。")
    if analysis.content_hash != interaction.content_hash:
        raise Conflict("这条反馈刚有了新的内容，请等分析完再来。")
    return interaction, _doc(session, interaction)


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


def _doc(session: Session, interaction: Interaction) -> Doc:
    """The feedback's original words with what is masked now."""
    messages = contents.messages_of(session, interaction)
    turns = tuple(Turn(message.role, contents.original(session, message)) for message in messages)
    doc = Doc(str(interaction.id), turns, contents.original_subject(session, interaction) or "")
    stored = [(SUBJECT, interaction.subject_pii), *((part, message.pii) for part, message in enumerate(messages))]
    doc.pii = tuple(one for part, pii in stored for one in pii_from(part, pii))
    return doc


def _store(session: Session, interaction: Interaction, doc: Doc, *, now: datetime) -> None:
    """Write what follows from `doc.pii`: masked texts, what the search reads, the demand, the digests that link."""
    spans = {part: [one for one in doc.pii if one.part == part] for part in doc.parts()}
    if doc.subject:
        interaction.subject_masked = masked(doc.subject, spans[SUBJECT])
        interaction.subject_pii = stored_pii(spans[SUBJECT])
    for part, message in enumerate(contents.messages_of(session, interaction)):
        message.masked_text, message.pii = masked(doc.turns[part].text, spans[part]), stored_pii(spans[part])
        session.add(message)
    for analysis in session.exec(select(Analysis).where(Analysis.interaction_id == interaction.id)):
        doc.demand = Span(*analysis.demand_span) if analysis.demand_span else None
        analysis.demand = demand_of(doc) if analysis.content_hash == interaction.content_hash else ""
        session.add(analysis)
    session.add(interaction)
    wording.settle(session, interaction)
    links.settle(session, interaction, now=now)


def _piece(session: Session, one: MaskReview) -> str:
    return unseal(session, one.piece, context=_PIECE).decode()


def _stored(spans: set[Pii]) -> list[ReviewedSpan]:
    return [(one.part, one.start, one.end, one.kind, one.score) for one in sorted(spans)]


def _spans(stored: Sequence[ReviewedSpan]) -> list[Pii]:
    return [Pii(*span) for span in stored]


def _audit(session: Session, actor: User, action: str, one: MaskReview, now: datetime) -> None:
    detail = {"kind": one.kind, "places": len(one.added) + len(one.removed)}
    subject = originals.name(one.interaction_id)
    record(session, at=now, actor=f"user:{actor.login}", action=action, subject=subject, detail=detail)
