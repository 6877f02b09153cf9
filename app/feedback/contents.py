"""The words of an interaction: merged by message id, sealed, and read back for whoever may."""

import json
from dataclasses import dataclass

from sqlmodel import Session, col, select

from app.channels.base import InteractionIn, MessageIn
from app.channels.kinds import Role
from app.feedback import sources
from app.feedback.models import Interaction, Message, Source
from app.store.sealing import seal, unseal

_MESSAGE = "message.original"
_SUBJECT = "interaction.subject"


def messages_of(session: Session, interaction: Interaction) -> list[Message]:
    """The messages in order."""
    wanted = select(Message).where(col(Message.interaction_id) == interaction.id)
    return list(session.exec(wanted.order_by(col(Message.seq))))


def original(session: Session, message: Message) -> str:
    """The sealed words of a message. Whoever shows them to a person records that in the audit chain."""
    return unseal(session, message.original, context=_MESSAGE).decode()


def original_subject(session: Session, interaction: Interaction) -> str | None:
    """The sealed subject; see `original`."""
    return unseal(session, interaction.subject, context=_SUBJECT).decode() if interaction.subject else None


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did: whether any words changed, and whether there are words of the customer to analyse."""

    changed: bool
    spoken: bool


def merge(session: Session, interaction: Interaction, value: InteractionIn, *, source: Source) -> Merged:
    """Take over subject and messages. Messages not mentioned stay, in front."""
    if value.subject:
        interaction.subject = seal(session, value.subject.encode(), context=_SUBJECT)
    stored = messages_of(session, interaction)
    known = {message.external_id: message for message in stored}
    named = {message.external_id for message in value.messages}
    kept = [message for message in stored if message.external_id not in named]
    texts: list[tuple[str, str]] = []  # (role, text)
    for seq, message in enumerate(kept):
        message.seq = seq
        session.add(message)
        texts.append((message.role, original(session, message)))
    for seq, arrived in enumerate(value.messages, start=len(kept)):
        _store(session, interaction, known.get(arrived.external_id), arrived, seq)
        texts.append((arrived.role, arrived.text))
    subject = value.subject or original_subject(session, interaction)
    content_hash = _hash(session, source, subject, texts) if texts or subject else ""
    changed = content_hash != interaction.content_hash
    interaction.content_hash = content_hash
    session.add(interaction)
    said = [subject or "", *(text for role, text in texts if role == Role.CUSTOMER)]
    return Merged(changed, spoken=any(text.strip() for text in said))


def differs(session: Session, interaction: Interaction, value: InteractionIn, *, source: Source) -> bool:
    """True where `value` has words that are not stored."""
    texts = [(str(message.role), message.text) for message in value.messages]
    if _hash(session, source, value.subject, texts) == interaction.content_hash:
        return False
    stored = {message.external_id: message for message in messages_of(session, interaction)}
    if value.subject and value.subject != original_subject(session, interaction):
        return True
    return any(
        arrived.external_id not in stored
        or stored[arrived.external_id].role != arrived.role
        or original(session, stored[arrived.external_id]) != arrived.text
        for arrived in value.messages
    )


def _store(session: Session, interaction: Interaction, known: Message | None, arrived: MessageIn, seq: int) -> None:
    sealed = seal(session, arrived.text.encode(), context=_MESSAGE)
    if known is None:
        assert interaction.id is not None  # noqa: S101 - flushed by the caller
        known = Message(
            interaction_id=interaction.id, seq=seq, external_id=arrived.external_id, role=arrived.role, original=sealed
        )
    elif original(session, known) != arrived.text:
        known.original, known.masked_text, known.pii = sealed, None, []
    known.seq, known.role, known.sent_at = seq, arrived.role, arrived.sent_at or known.sent_at
    session.add(known)


def _hash(session: Session, source: Source, subject: str | None, texts: list[tuple[str, str]]) -> str:
    said = json.dumps([subject or "", texts], ensure_ascii=False, separators=(",", ":"))
    return sources.digest(session, source, said.encode())
