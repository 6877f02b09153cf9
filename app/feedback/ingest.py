"""What a delivery does: a line in the ledger, then an interaction that is made, extended or left alone.

An interaction is ordered by (revision, updated_at). A later one extends what is stored: what it names is taken
over, messages are merged by their ids, what it does not mention stays. An older one changes nothing, nor does the
same one again. So senders send the interaction as it stands, and duplicates, reordering and replays are harmless.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app.channels.base import InteractionIn, Rejected, ScoreIn
from app.customers import service as customers
from app.customers.models import Customer
from app.feedback import contents, erase, sources, wording
from app.feedback.cutting import without_secrets
from app.feedback.models import Delivery, DeliveryState, Interaction, InteractionState, Score, Source
from app.jobs.queue import JobQueue
from app.store.sealing import seal

PROCESS = "feedback.process_delivery"
ANALYSE = "feedback.analyse"
LONG_AGO = datetime.min.replace(tzinfo=UTC)
KEPT_FIELDS = ("sub_channel", "product", "branch", "region")  # stay where a later revision leaves them out


class Received(StrEnum):
    """What became of a delivery."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    CONFLICT = "conflict"


class Applied(StrEnum):
    """What an interaction did; `differs`: something else under the same order, so nothing was changed.

    `erased`: it was deleted before, for good.
    """

    CREATED = "created"
    EXTENDED = "extended"
    UNCHANGED = "unchanged"
    OLDER = "older"
    DIFFERS = "differs"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Envelope:
    """A verified delivery; `sent_at` is the sender's signed time."""

    delivery_id: str
    body: bytes
    sent_at: datetime


def receive(
    session: Session,
    *,
    source: Source,
    envelope: Envelope,
    problem: Rejected | None,
    now: datetime,
    queue: JobQueue,
) -> Received:
    """Write the ledger's line and, for a new delivery, its sealed body and the job that works on it.

    A malformed body (`problem`) leaves a line without the body; so does a known id with another body, which is an
    alarm: somebody changed a message that had been acknowledged. Neither touches what was accepted.
    """
    digest = sources.digest(session, source, envelope.body)
    same_id = select(Delivery).where(
        col(Delivery.source_id) == source.id, col(Delivery.delivery_id) == envelope.delivery_id
    )
    known = session.exec(same_id).all()
    accepted = next((row for row in known if row.state in {DeliveryState.RECEIVED, DeliveryState.PROCESSED}), None)
    if accepted and accepted.body_digest == digest:
        return Received.DUPLICATE
    delivery = Delivery(
        source_id=sources.id_of(source),
        delivery_id=envelope.delivery_id,
        body_digest=digest,
        sent_at=envelope.sent_at,
        received_at=now,
        state=DeliveryState.RECEIVED,
    )
    if problem or accepted:
        delivery.state = DeliveryState.REJECTED if problem else DeliveryState.CONFLICT
        delivery.error_field = problem.field if problem else "webhook-id"
        delivery.error = problem.message if problem else "同一投递编号先后带来不同的内容"
        if not any(row.state == delivery.state and row.body_digest == digest for row in known):
            session.add(delivery)
        return Received.REJECTED if problem else Received.CONFLICT
    delivery.body = seal(session, envelope.body, context="delivery.body")
    try:
        with session.begin_nested():
            session.add(delivery)
            session.flush()
    except IntegrityError:  # the same id in another transaction was first: judge again, beside it
        return receive(session, source=source, envelope=envelope, problem=problem, now=now, queue=queue)
    queue.defer(session, PROCESS, key=str(delivery.id), delivery_id=delivery.id)
    return Received.ACCEPTED


def apply_interaction(
    session: Session,
    *,
    source: Source,
    value: InteractionIn,
    now: datetime,
    queue: JobQueue,
    delivery_id: int | None = None,
) -> Applied:
    """Create or extend the interaction, and queue its analysis where its words changed.

    Of a restricted one the words are stored and nothing else is done.
    """
    value = without_secrets(value)
    wanted = select(Interaction).where(
        col(Interaction.source_id) == source.id, col(Interaction.external_id) == value.external_id
    )
    stored = session.exec(wanted.with_for_update()).first()
    if stored is None:
        if erase.was_erased(session, source, value.external_id):
            return Applied.ERASED
        interaction = _new(session, source, value, now)
    else:
        newer, same = _compare(stored, value)
        if not newer:
            if not same:
                return Applied.OLDER
            return Applied.DIFFERS if _differs(session, stored, value, source) else Applied.UNCHANGED
        interaction = stored
    _take_fields(session, interaction, value, delivery_id, now)
    merged = contents.merge(session, interaction, value, source=source)
    if interaction.state is InteractionState.RESTRICTED:
        return Applied.EXTENDED
    if merged.changed:
        interaction.analysis_id = interaction.failure = interaction.subject_masked = None
        wording.drop(session, interaction.id or 0)
    if merged.changed and merged.spoken:
        interaction.state = InteractionState.PENDING
        queue.defer(session, ANALYSE, key=str(interaction.id), interaction_id=interaction.id)
    for score in value.scores:
        _store_score(session, interaction, score)
    return Applied.EXTENDED if stored else Applied.CREATED


def _compare(stored: Interaction, value: InteractionIn) -> tuple[bool, bool]:
    """(newer, same) by revision, then by the time of the update."""
    ours = (stored.revision, stored.updated_at or LONG_AGO)
    theirs = (value.revision, value.updated_at or LONG_AGO)
    return theirs > ours, theirs == ours


def _differs(session: Session, stored: Interaction, value: InteractionIn, source: Source) -> bool:
    """True where `value` says something that is not stored; what it leaves out says nothing.

    Of a restricted interaction only the words count, since no scores are stored of it.
    """
    if contents.differs(session, stored, value, source=source):
        return True
    if stored.state is InteractionState.RESTRICTED:
        return False
    customer = session.get(Customer, stored.customer_id) if stored.customer_id else None
    fields = [(value.customer_ref, customer.ref if customer else None)]
    fields += [(getattr(value, name), getattr(stored, name)) for name in KEPT_FIELDS]
    if any(said is not None and said != known for said, known in fields):
        return True
    scores = {row.kind: row for row in session.exec(select(Score).where(col(Score.interaction_id) == stored.id))}
    return any(answer.kind not in scores or _other_answer(scores[answer.kind], answer) for answer in value.scores)


def _other_answer(score: Score, answer: ScoreIn) -> bool:
    said = (answer.value, answer.scale_min, answer.scale_max, answer.answered_at or score.answered_at)
    return said != (score.value, score.scale_min, score.scale_max, score.answered_at)


def _new(session: Session, source: Source, value: InteractionIn, now: datetime) -> Interaction:
    """A row without words yet: analysed, as is one where the customer says nothing: there is nothing to read."""
    interaction = Interaction(
        source_id=sources.id_of(source),
        external_id=value.external_id,
        channel=value.channel,
        occurred_at=value.occurred_at,
        received_at=now,
        content_hash="",
        state=InteractionState.ANALYSED,
    )
    session.add(interaction)
    session.flush()
    return interaction


def _take_fields(
    session: Session, interaction: Interaction, value: InteractionIn, delivery_id: int | None, now: datetime
) -> None:
    interaction.revision = value.revision
    interaction.updated_at = value.updated_at or interaction.updated_at
    interaction.delivery_id = delivery_id or interaction.delivery_id
    interaction.channel = value.channel
    interaction.occurred_at = value.occurred_at
    for name in KEPT_FIELDS:
        setattr(interaction, name, getattr(value, name) or getattr(interaction, name))
    if value.customer_ref:
        interaction.customer_id = customers.get_or_create(session, ref=value.customer_ref, now=now).id
        if interaction.state is not InteractionState.RESTRICTED:
            for score in session.exec(select(Score).where(col(Score.interaction_id) == interaction.id)):
                score.customer_id = interaction.customer_id  # a later revision may be the first to name the customer
    session.add(interaction)


def _store_score(session: Session, interaction: Interaction, answer: ScoreIn) -> None:
    wanted = select(Score).where(col(Score.interaction_id) == interaction.id, col(Score.kind) == answer.kind)
    answered_at = answer.answered_at or interaction.occurred_at
    score = session.exec(wanted).first() or Score(
        interaction_id=interaction.id,
        kind=answer.kind,
        value=answer.value,
        scale_min=answer.scale_min,
        scale_max=answer.scale_max,
        answered_at=answered_at,
    )
    score.customer_id, score.answered_at, score.value = interaction.customer_id, answered_at, answer.value
    score.scale_min, score.scale_max = answer.scale_min, answer.scale_max
    session.add(score)
