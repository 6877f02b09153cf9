"""The row that the full text search reads: what the customer said in masked words, and the keys to find it by.

It is written wherever masked words are written and dropped wherever they go, in the same transaction, so that the
search never holds a word that the feedback does not. The agent's side is left out: bots and scripts name every
product in every talk.
"""

from collections.abc import Collection

from sqlalchemy import delete
from sqlmodel import Session, col, select

from app.channels.kinds import Role
from app.feedback.models import Interaction, Message, SearchText
from nlp.lookup import MOST_CHARS, keys_of, plain


def settle(session: Session, interaction: Interaction) -> None:
    """Bring the row of a feedback into step with its masked words."""
    session.flush()
    interaction_id = interaction.id or 0
    if interaction.analysis_id is None:
        drop(session, interaction_id)
        return
    text = plain(said(session, [interaction_id]).get(interaction_id, ""))[:MOST_CHARS]
    session.merge(SearchText(interaction_id=interaction_id, text=text, keys=" ".join(keys_of(text))))


def drop(session: Session, interaction_id: int) -> None:
    """Nothing of the feedback is found by its words any more."""
    session.execute(delete(SearchText).where(col(SearchText.interaction_id) == interaction_id))


def said(session: Session, interaction_ids: Collection[int]) -> dict[int, str]:
    """Interaction id to the masked subject and what the customer said, a line each; ids without words are left out."""
    wanted = select(Interaction.id, Interaction.subject_masked).where(
        col(Interaction.id).in_(interaction_ids), col(Interaction.subject_masked).is_not(None)
    )
    lines = {interaction_id or 0: [subject or ""] for interaction_id, subject in session.exec(wanted)}
    spoken = (
        select(Message.interaction_id, Message.masked_text)
        .where(
            col(Message.interaction_id).in_(interaction_ids),
            col(Message.role) == Role.CUSTOMER,
            col(Message.masked_text).is_not(None),
        )
        .order_by(col(Message.interaction_id), col(Message.seq))
    )
    for interaction_id, text in session.exec(spoken):
        lines.setdefault(interaction_id, []).append(text or "")
    return {interaction_id: "\n".join(texts) for interaction_id, texts in lines.items()}
