"""Signatures made by the published library are accepted; anything else is refused, and never with a crash."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from app.channels.signature import read_headers, verify
from app.errors import Unauthorised

NOW = datetime(2026, 9, 21, 2, 0, tzinfo=UTC)
KEYS = [bytes(range(32)), b"another key of thirty-two bytes!"]
BODY = '{"text": "年费多扣"}'


def signed(key: bytes, *, at: datetime = NOW, body: str = BODY) -> dict[str, str]:
    signature = Webhook(base64.b64encode(key).decode()).sign("msg_1", at, body)
    return {"webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def check(headers: dict[str, str], *, body: bytes = BODY.encode(), keys: list[bytes] = KEYS) -> None:
    stamp = headers.get("webhook-timestamp", "")
    verify(read_headers(headers), stamp=stamp, body=body, keys=keys, now=NOW)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("seconds", [-299, 0, 299])
def test_any_current_secret_is_good(key: bytes, seconds: int) -> None:
    check(signed(key, at=NOW + timedelta(seconds=seconds)))


def test_one_good_signature_among_others_is_enough() -> None:
    headers = signed(KEYS[0])
    headers["webhook-signature"] = f"v1,AAAA v1a,xyz garbage {headers['webhook-signature']}"

    check(headers)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": "garbage"},
        {"webhook-signature": "v1,€€€"},
        {"webhook-signature": "v2,AAAA"},
        {"webhook-id": ""},
        {"webhook-id": "msg 1"},
        {"webhook-id": "msg_2"},
        {"webhook-id": "x" * 201},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "٣"},
        {"webhook-timestamp": "9" * 30},
        {"webhook-timestamp": str(int(NOW.timestamp()) + 1)},
    ],
)
def test_a_changed_header_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(Unauthorised):
        check(signed(KEYS[0]) | change)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_an_old_or_early_signature_is_refused(seconds: int) -> None:
    with pytest.raises(Unauthorised, match="5 分钟"):
        check(signed(KEYS[0], at=NOW + timedelta(seconds=seconds)))


@pytest.mark.parametrize(("body", "keys"), [(b"{}", KEYS), (b"\xff\xfe", KEYS), (BODY.encode(), KEYS[1:]), (b"", [])])
def test_another_body_or_secret_is_refused(body: bytes, keys: list[bytes]) -> None:
    with pytest.raises(Unauthorised, match="签名不对"):
        check(signed(KEYS[0]), body=body, keys=keys)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text(max_size=40)))
def test_no_header_crashes_the_check(headers: dict[str, str]) -> None:
    with pytest.raises(Unauthorised):
        check(headers)
