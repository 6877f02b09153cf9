"""Cutting one-time codes, passwords and security codes out of what arrives, before anything of it is stored.

Everything else that is personal is kept in the sealed original and masked in the analysis; these are kept nowhere.
"""

from functools import cache

from app.channels.base import InteractionIn
from nlp.doc import SUBJECT, Doc, Turn
from nlp.mask import Masker, cut
from nlp.normalize import Normalizer


@cache
def _stages() -> tuple[Normalizer, Masker]:
    return Normalizer(), Masker()


def without_secrets(value: InteractionIn) -> InteractionIn:
    """The same interaction with the secrets in its subject and messages overwritten; lengths stay."""
    turns = tuple(Turn(message.role, message.text) for message in value.messages)
    normalizer, masker = _stages()
    doc = Doc(value.external_id, turns, value.subject or "")
    doc.normal = normalizer.predict([doc])[0]
    doc.identifiers = masker.predict([doc])[0]
    texts = {part: cut(doc.part(part), [one for one in doc.identifiers if one.part == part])[0] for part in doc.parts()}
    messages = [message.model_copy(update={"text": texts[number]}) for number, message in enumerate(value.messages)]
    return value.model_copy(update={"messages": messages, "subject": texts.get(SUBJECT, value.subject)})
