"""One sentence for the next page, after a 303: what was done, and a form to undo it.

It travels in a cookie signed with the bearer's own session token, so that nobody else can put words or an
undo form into a page. The cookie is removed by the page that shows it.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Literal

from pydantic import TypeAdapter, ValidationError

COOKIE = "huisheng_flash"
MAX_CHARS = 3500  # browsers keep about 4 KB of one cookie
SECONDS = 120


@dataclass(frozen=True, slots=True)
class Undo:
    """A form that takes the deed back: posts `fields` to `path`."""

    path: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Flash:
    """The sentence; `bad` ones are read out at once by a screen reader."""

    text: str
    kind: Literal["good", "bad"] = "good"
    undo: Undo | None = None


_FLASH = TypeAdapter(Flash)


def pack(flash: Flash, token: str) -> str:
    """The cookie's value; a sentence too long for a cookie loses its undo form, then its tail."""
    for candidate in (flash, Flash(flash.text[:200], flash.kind)):
        body = urlsafe_b64encode(_FLASH.dump_json(candidate)).decode()
        if len(body) <= MAX_CHARS:
            break
    return f"{body}.{_signature(body, token)}"


def unpack(value: str | None, token: str | None) -> Flash | None:
    """The sentence of a cookie that this session wrote, else None."""
    if not value or not token or "." not in value:
        return None
    body, signature = value.rsplit(".", 1)
    if not hmac.compare_digest(signature.encode(), _signature(body, token).encode()):
        return None
    try:
        return _FLASH.validate_json(urlsafe_b64decode(body))
    except (ValueError, ValidationError):
        return None


def _signature(body: str, token: str) -> str:
    return hmac.digest(token.encode(), body.encode(), "sha256").hex()
