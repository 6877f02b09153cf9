"""What is masked in one feedback: read as a `Doc`, changed by a review, and written back with all that follows."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from app.feedback import contents, links, wording
from app.feedback.models import Analysis, Interaction, MaskReview, ReviewedSpan, Verdict
from app.feedback.results import demand_of, pii_from, stored_pii
from app.store.sealing import seal, unseal
from nlp.doc import SUBJECT, Doc, Pii, Span, Turn
from nlp.mask import masked, merged

_PIECE = "mask_review.piece"


def sealed(session: Session, piece: str) -> bytes:
    """A piece as a review keeps it."""
    return seal(session, piece.encode(), context=_PIECE)


def piece_of(session: Session, one: MaskReview) -> str:
    """The text that a review is about."""
    return unseal(session, one.piece, context=_PIECE).decode()


def in_force(session: Session, interaction_id: int) -> list[MaskReview]:
    """The reviews of a feedback that were not undone, in the order of the decisions, in which they are laid.

    One that follows another bears its time: it may have been made after a review that was decided later.
    """
    wanted = select(MaskReview).where(MaskReview.interaction_id == interaction_id, col(MaskReview.undone_at).is_(None))
    return list(session.exec(wanted.order_by(col(MaskReview.created_at), col(MaskReview.id))))


def lay(doc: Doc, one: MaskReview, piece: str) -> bool:
    """Change `doc.pii` and note in the review what was changed; false where nothing was.

    What is released is masked as the kind that the person judged: as another kind it was never looked at, and stays.
    """
    if one.verdict is Verdict.RELEASE:
        kept = [pii for pii in doc.pii if pii.kind != one.kind or doc.part(pii.part)[pii.start : pii.end] != piece]
    else:
        bare = [place for place in places(doc, piece) if not any(covers(pii, place) for pii in doc.pii)]
        kept = list(merged([*doc.pii, *(Pii(place.part, place.start, place.end, one.kind) for place in bare)]))
    before, after = set(doc.pii), set(kept)
    one.added, one.removed = _stored(after - before), _stored(before - after)
    doc.pii = tuple(sorted(kept))
    return before != after


def places(doc: Doc, piece: str) -> Iterator[Span]:
    """Where a piece stands in the original words."""
    for part in doc.parts():
        text, at = doc.part(part), -1
        while (at := text.find(piece, at + 1)) >= 0:
            yield Span(part, at, at + len(piece))


def covers(pii: Pii, place: Span) -> bool:
    """True where all of the place is masked."""
    return pii.part == place.part and pii.start <= place.start and place.end <= pii.end


def lift(session: Session, interaction_id: int, doc: Doc) -> None:
    """Take back what all reviews in force changed, the last first: what is left is what the model found."""
    for one in reversed(in_force(session, interaction_id)):
        added, removed = map(_spans, (one.added, one.removed))
        doc.pii = tuple(sorted([*(pii for pii in doc.pii if pii not in added), *removed]))


def doc_of(session: Session, interaction: Interaction) -> Doc:
    """The feedback's original words with what is masked now."""
    messages = contents.messages_of(session, interaction)
    turns = tuple(Turn(message.role, contents.original(session, message)) for message in messages)
    doc = Doc(str(interaction.id), turns, contents.original_subject(session, interaction) or "")
    stored = [(SUBJECT, interaction.subject_pii), *((part, message.pii) for part, message in enumerate(messages))]
    doc.pii = tuple(one for part, pii in stored for one in pii_from(part, pii))
    return doc


def write(session: Session, interaction: Interaction, doc: Doc) -> None:
    """Write the masked words that follow from `doc.pii`, and where they are masked."""
    spans = {part: [one for one in doc.pii if one.part == part] for part in doc.parts()}
    if doc.subject:
        interaction.subject_masked = masked(doc.subject, spans[SUBJECT])
        interaction.subject_pii = stored_pii(spans[SUBJECT])
    for part, message in enumerate(contents.messages_of(session, interaction)):
        message.masked_text, message.pii = masked(doc.turns[part].text, spans[part]), stored_pii(spans[part])
        session.add(message)


def store(session: Session, interaction: Interaction, doc: Doc, *, now: datetime) -> None:
    """Write what follows from `doc.pii`: masked texts, what the search reads, the demand, the digests that link."""
    write(session, interaction, doc)
    for analysis in session.exec(select(Analysis).where(Analysis.interaction_id == interaction.id)):
        doc.demand = Span(*analysis.demand_span) if analysis.demand_span else None
        analysis.demand = demand_of(doc) if analysis.content_hash == interaction.content_hash else ""
        session.add(analysis)
    session.add(interaction)
    wording.settle(session, interaction)
    links.settle(session, interaction, now=now)


def is_current(session: Session, interaction: Interaction) -> bool:
    """True where what is masked belongs to the words as they are: not while they wait for an analysis, or when ended.

    A later analysis that failed changes nothing in that.
    """
    analysis = session.get(Analysis, interaction.analysis_id) if interaction.analysis_id else None
    return analysis is not None and analysis.content_hash == interaction.content_hash


def _stored(spans: set[Pii]) -> list[ReviewedSpan]:
    return [(one.part, one.start, one.end, one.kind, one.score) for one in sorted(spans)]


def _spans(stored: Sequence[ReviewedSpan]) -> list[Pii]:
    return [Pii(*span) for span in stored]
