"""Links 关联: which feedback bears the same identifier, without keeping the identifier.

Of every number that a customer gives about himself the store keeps a keyed digest: HMAC-SHA256 (RFC 2104) over its
kind and its one form, so that the same telephone links a call, a chat and an e-mail. The key lies sealed in the store:
whoever has the database alone can neither read a digest nor try numbers against it. When the key is changed all
digests are made anew from the originals; until that is done both keys are good.
"""

import hmac
import secrets
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from hashlib import sha256

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from app.channels.kinds import Role
from app.feedback import contents
from app.feedback.models import Interaction, InteractionState, LinkDigest, LinkKey, PiiSpan
from app.store.engine import Store
from app.store.sealing import seal, unseal
from nlp.canonical import canonical

GROUPS = {  # kinds that point at one person; a company's code or a landline stands for many
    "ID_CARD": "id",
    "ID_CARD_SPOKEN": "id",
    "PASSPORT": "passport",
    "BANK_CARD": "card",
    "BANK_CARD_SPACED": "card",
    "ACCOUNT": "account",
    "MOBILE": "mobile",
    "MOBILE_SPACED": "mobile",
    "MOBILE_SPOKEN": "mobile",
    "EMAIL": "email",
    "WECHAT": "wechat",
    "QQ": "qq",
}
KEY_BYTES = 32
SHORTEST = 5  # characters of a QQ number, the shortest that points at one person
PAGE = 200  # interactions in one write transaction of a rotation
_SECRET = "link_key.secret"  # noqa: S105 - the column's name


def settle(session: Session, interaction: Interaction, *, now: datetime) -> None:
    """Write the digests of an interaction that has been masked, in place of those it had, under every key in force."""
    _write(session, interaction, _keys(session) or [_add_key(session, now)])


def others(session: Session, interaction_id: int, *, most: int = 20) -> list[Interaction]:
    """Other interactions that bear one of this one's identifiers, newest first."""
    mine = select(LinkDigest.digest).where(LinkDigest.interaction_id == interaction_id)
    same = select(LinkDigest.interaction_id).where(col(LinkDigest.digest).in_(mine))
    wanted = select(Interaction).where(col(Interaction.id).in_(same), col(Interaction.id) != interaction_id)
    return list(session.exec(wanted.order_by(col(Interaction.occurred_at).desc()).limit(most)))


def unclaimed(session: Session, customer_id: int, *, most: int = 20) -> list[Interaction]:
    """Interactions that name no customer and bear an identifier which this customer gave, newest first."""
    mine = select(LinkDigest.digest).join(Interaction, col(Interaction.id) == col(LinkDigest.interaction_id))
    mine = mine.where(col(Interaction.customer_id) == customer_id)
    same = select(LinkDigest.interaction_id).where(col(LinkDigest.digest).in_(mine))
    wanted = select(Interaction).where(col(Interaction.id).in_(same), col(Interaction.customer_id).is_(None))
    return list(session.exec(wanted.order_by(col(Interaction.occurred_at).desc()).limit(most)))


def rotate(store: Store, *, now: datetime, tell: Callable[[int], None] = lambda _: None) -> int:
    """Make a new key, digest everything anew, retire the older keys; returns the number of interactions.

    Works in short transactions; `tell` gets how many more are done. Interrupted, it is simply run again.
    """
    with store.write() as session:
        fresh = _add_key(session, now).id
        keys = _keys(session)
    done = last = 0
    while True:
        with store.write() as session:
            page = select(Interaction).where(col(Interaction.id) > last, Interaction.state == InteractionState.ANALYSED)
            interactions = session.exec(page.order_by(col(Interaction.id)).limit(PAGE).with_for_update()).all()
            for interaction in interactions:
                _write(session, interaction, keys)
        done += len(interactions)
        tell(len(interactions))
        if len(interactions) < PAGE:
            break
        last = interactions[-1].id or 0
    with store.write() as session:
        old = [key for key in _keys(session) if key.id != fresh]
        late = select(LinkDigest.interaction_id).where(col(LinkDigest.key_id) != fresh)
        done_anew = select(LinkDigest.interaction_id).where(col(LinkDigest.key_id) == fresh)
        missed = select(Interaction).where(col(Interaction.id).in_(late), col(Interaction.id).not_in(done_anew))
        for interaction in session.exec(missed.with_for_update()).all():  # analysed by who knew the old key only
            _write(session, interaction, keys)
        session.flush()
        session.execute(delete(LinkDigest).where(col(LinkDigest.key_id).in_([key.id for key in old])))
        for key in old:
            session.delete(key)
    return done


def _keys(session: Session) -> list[LinkKey]:
    return list(session.exec(select(LinkKey).order_by(col(LinkKey.id))))


def _add_key(session: Session, now: datetime) -> LinkKey:
    """The next key. Of two processes that make the first one at once, one fails and finds it when it tries again."""
    last = session.exec(select(func.max(LinkKey.id))).one() or 0
    key = LinkKey(id=last + 1, secret=seal(session, secrets.token_bytes(KEY_BYTES), context=_SECRET), created_at=now)
    session.add(key)
    session.flush()
    return key


def _write(session: Session, interaction: Interaction, keys: Iterable[LinkKey]) -> None:
    assert interaction.id is not None  # noqa: S101 - it was stored before it was analysed
    session.execute(delete(LinkDigest).where(col(LinkDigest.interaction_id) == interaction.id))
    forms = set(_forms(session, interaction))
    for key in keys:
        assert key.id is not None  # noqa: S101 - as above
        secret = unseal(session, key.secret, context=_SECRET)
        for form in forms:
            digest = hmac.new(secret, form.encode(), sha256).hexdigest()
            session.add(LinkDigest(interaction_id=interaction.id, key_id=key.id, digest=digest))


def _forms(session: Session, interaction: Interaction) -> Iterator[str]:
    """Group and one form of each identifier in the customer's own words."""
    for message in contents.messages_of(session, interaction):
        if message.role is Role.CUSTOMER and _linkable(message.pii):
            yield from _of(contents.original(session, message), message.pii)
    if _linkable(interaction.subject_pii):
        yield from _of(contents.original_subject(session, interaction) or "", interaction.subject_pii)


def _linkable(pii: Iterable[PiiSpan]) -> bool:
    return any(kind in GROUPS for _, _, kind, *_ in pii)


def _of(text: str, pii: Iterable[PiiSpan]) -> Iterator[str]:
    for start, end, kind, *_ in pii:
        form = canonical(text[start:end], kind) if kind in GROUPS else ""
        if len(form) >= SHORTEST:
            yield f"{GROUPS[kind]}:{form}"
