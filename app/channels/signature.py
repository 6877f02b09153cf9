"""Signatures of Standard Webhooks 1.0.0, checked with our own code.

The published library raises other errors than its own on malformed headers; it serves the tests as the
independent signer. A signature covers `id.timestamp.body` by HMAC-SHA256; any secret and any of the header's
`v1` signatures may match, so that both sides can change over.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.errors import Unauthorised

TOLERANCE = timedelta(minutes=5)
MAX_SIGNATURES = 16
DELIVERY_ID = re.compile(r"[!-~]{1,200}")  # printable ASCII without spaces
TIMESTAMP = re.compile(r"[0-9]{1,11}")


@dataclass(frozen=True, slots=True)
class Signed:
    """The three headers of a delivery."""

    delivery_id: str
    sent_at: datetime
    signatures: tuple[bytes, ...]


def read_headers(headers: Mapping[str, str]) -> Signed:
    """Raises Unauthorised for a header that is missing or malformed. `headers` must ignore case."""
    delivery_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not DELIVERY_ID.fullmatch(delivery_id) or not TIMESTAMP.fullmatch(stamp):
        raise Unauthorised("缺少 webhook-id 或 webhook-timestamp，或写法不对。", code="bad_signature_headers")
    signatures = tuple(_signatures(headers.get("webhook-signature", "")))
    if not signatures:
        raise Unauthorised("webhook-signature 里没有 v1 签名。", code="bad_signature_headers")
    return Signed(delivery_id, datetime.fromtimestamp(int(stamp), UTC), signatures)


def verify(signed: Signed, *, stamp: str, body: bytes, keys: Sequence[bytes], now: datetime) -> None:
    """Raises Unauthorised where the time is off by more than `TOLERANCE`, or no signature matches.

    `stamp` is the timestamp as it was sent. Every pair of key and signature is compared, in constant time.
    """
    content = f"{signed.delivery_id}.{stamp}.".encode() + body
    expected = [hmac.digest(key, content, hashlib.sha256) for key in keys]
    matches = [hmac.compare_digest(mine, theirs) for mine in expected for theirs in signed.signatures]
    if not any(matches):
        raise Unauthorised("签名不对：请核对密钥，并对收到的原始字节签名。", code="bad_signature")
    if abs(now - signed.sent_at) > TOLERANCE:
        raise Unauthorised("签名时间与本机相差超过 5 分钟：请校对两边的时钟，重发时重新签名。", code="stale_signature")


def _signatures(header: str) -> list[bytes]:
    found = []
    for word in header.split(" ")[:MAX_SIGNATURES]:
        version, _, encoded = word.partition(",")
        if version != "v1":
            continue
        try:
            found.append(base64.b64decode(encoded, validate=True))
        except (binascii.Error, ValueError):
            continue
    return found
