"""Sources and their signing secrets."""

import base64
import hashlib
import hmac
import re
import secrets
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlmodel import Session, col, select

from app.channels import DELIVERED
from app.channels.base import ReadOptions
from app.channels.kinds import ChannelKind
from app.errors import Conflict, Invalid, NotFound
from app.feedback.models import Source, SourceSecret
from app.store.sealing import seal, unseal

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")
SECRET_PREFIX = "whsec_"  # noqa: S105 - Standard Webhooks' mark, no secret
SECRET_BYTES = 32  # the specification asks for 24 to 64


def create(
    session: Session,
    *,
    name: str,
    title: str,
    channel: ChannelKind,
    now: datetime,
    format: str = "standard",  # noqa: A002 - the word of the design
    time_zone: str = "Asia/Shanghai",
    mapping: dict[str, str] | None = None,
) -> Source:
    """Set up a source. Raises Invalid for a bad slug, format or zone, Conflict for a name that is taken."""
    if not SLUG.fullmatch(name):
        raise Invalid("接入源名称只能用小写字母、数字和连字符，最长 60 个字符。", field="name")
    if format not in DELIVERED:
        raise Invalid(
            f"接入源不能用这种格式投递；可用的有：{'、'.join(DELIVERED)}。别的格式请导入文件。", field="format"
        )
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid("没有这个时区，请写成 Asia/Shanghai 这样的形式。", field="time_zone") from None
    if session.exec(select(Source.id).where(col(Source.name) == name)).first():
        raise Conflict(f"已经有名为 {name} 的接入源。")
    key = seal(session, secrets.token_bytes(32), context="source.digest_key")
    source = Source(
        name=name,
        title=title,
        channel=channel,
        format=format,
        time_zone=time_zone,
        mapping=mapping or {},
        digest_key=key,
        created_at=now,
    )
    session.add(source)
    session.flush()
    return source


def by_name(session: Session, name: str, *, stopped: bool = False) -> Source:
    """Raises NotFound where there is no such source, or it is stopped, unless `stopped` ones are wanted too."""
    wanted = select(Source).where(col(Source.name) == name)
    source = session.exec(wanted).first() if SLUG.fullmatch(name) else None
    if source is None or not (source.active or stopped):
        raise NotFound("没有这个接入源。")
    return source


def set_active(session: Session, *, source: Source, active: bool) -> None:
    """Let a source deliver or not; what it delivered before a stop is dealt with all the same."""
    source.active = active
    session.add(source)


def get_or_create(session: Session, *, name: str, title: str, channel: ChannelKind, now: datetime) -> Source:
    """The source of a file import; made at the first one."""
    found = session.exec(select(Source).where(col(Source.name) == name)).first()
    return found or create(session, name=name, title=title, channel=channel, now=now)


def add_secret(session: Session, *, source: Source, now: datetime) -> str:
    """A new signing secret beside the present ones, shown this once: `whsec_…`."""
    key = secrets.token_bytes(SECRET_BYTES)
    sealed = seal(session, key, context="source_secret.secret")
    session.add(SourceSecret(source_id=id_of(source), secret=sealed, created_at=now))
    session.flush()
    return SECRET_PREFIX + base64.b64encode(key).decode()


def retire_secrets(session: Session, *, source: Source, now: datetime) -> int:
    """End the use of all secrets but the newest; returns how many were ended."""
    old = _active_secrets(session, source)[:-1]
    for secret in old:
        secret.retired_at = now
        session.add(secret)
    return len(old)


def signing_keys(session: Session, *, source: Source) -> list[bytes]:
    """The secrets that are good now, oldest first."""
    return [unseal(session, row.secret, context="source_secret.secret") for row in _active_secrets(session, source)]


def digest(session: Session, source: Source, data: bytes) -> str:
    """Keyed SHA-256, in hex, under the source's own key: equal data can be told, guessed data cannot be tried."""
    key = unseal(session, source.digest_key, context="source.digest_key")
    return hmac.new(key, data, hashlib.sha256).hexdigest()


def read_options(session: Session, source: Source, *, now: datetime) -> ReadOptions:
    """What the source's format needs to read its bytes."""
    key = unseal(session, source.digest_key, context="source.digest_key")
    return ReadOptions(
        channel=source.channel,
        now=now,
        digest=lambda data: hmac.new(key, data, hashlib.sha256).hexdigest(),
        zone=ZoneInfo(source.time_zone),
        mapping=source.mapping,
    )


def _active_secrets(session: Session, source: Source) -> list[SourceSecret]:
    active = select(SourceSecret).where(
        col(SourceSecret.source_id) == source.id, col(SourceSecret.retired_at).is_(None)
    )
    return list(session.exec(active.order_by(col(SourceSecret.id))))


def id_of(source: Source) -> int:
    """The key of a source that is in the store."""
    assert source.id is not None  # noqa: S101 - read from the store or flushed
    return source.id
