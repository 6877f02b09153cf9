"""The webhook: signed bytes in, 202 once they are safe; anything else is refused and changes nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import Response
from pydantic import SecretStr
from sqlmodel import select
from standardwebhooks import Webhook
from starlette.testclient import TestClient

from app.api import deliveries, feedback
from app.channels.kinds import ChannelKind
from app.feedback import sources
from app.feedback.models import Delivery, DeliveryState, Interaction
from app.jobs.models import Job
from app.jobs.queue import open_count
from app.people.models import Role
from app.people.service import add_user, open_session
from app.runtime import Runtime
from app.settings import Settings
from app.web.errors import install_error_pages

LIMIT = 20_000
URL = "/v1/sources/bank/deliveries"
TALK: dict[str, Any] = {
    "external_id": "t-1",
    "channel": "chat",
    "occurred_at": "2026-10-19T10:00:00+08:00",
    "messages": [{"external_id": "m1", "role": "customer", "text": "排队太久，请打13800138000"}],
}


@pytest.fixture
def runtime(database_url: str, tmp_path: Path) -> Iterator[Runtime]:
    keys = SecretStr("test:" + base64.b64encode(bytes(range(32))).decode())
    runtime = Runtime(Settings(home=tmp_path, database_url=database_url, keys=keys, max_delivery_bytes=LIMIT))
    yield runtime
    runtime.store.dispose()


@pytest.fixture
def client(runtime: Runtime) -> Iterator[TestClient]:
    app = FastAPI()
    app.state.runtime = runtime
    app.include_router(deliveries.router)
    app.include_router(feedback.router)
    install_error_pages(app)
    with TestClient(app) as client:
        yield client


@pytest.fixture
def secret(runtime: Runtime) -> str:
    with runtime.store.write() as session:
        now = runtime.clock.now()
        source = sources.create(session, name="bank", title="自有系统", channel=ChannelKind.CHAT, now=now)
        return sources.add_secret(session, source=source, now=now)


def post(
    client: TestClient,
    secret: str,
    body: bytes | str | dict[str, Any],
    *,
    id: str = "d1",  # noqa: A002 - as the header says
    url: str = URL,
) -> Response:
    """A delivery signed by the published library."""
    data = json.dumps(body, ensure_ascii=False) if isinstance(body, dict) else body
    text = data.decode("latin-1") if isinstance(data, bytes) else data
    at = datetime.now(UTC)
    headers = {
        "webhook-id": id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(id, at, text) if not isinstance(data, bytes) else "v1,AAAA",
    }
    return client.post(url, content=data.encode() if isinstance(data, str) else data, headers=headers)


def ledger(runtime: Runtime) -> list[tuple[str, DeliveryState, str | None, bool]]:
    with runtime.store.read() as session:
        rows = session.exec(select(Delivery).order_by("id")).all()
        return [(row.delivery_id, row.state, row.error_field, row.body is not None) for row in rows]


def test_accepted_is_stored_with_its_job_before_the_answer(client: TestClient, secret: str, runtime: Runtime) -> None:
    answer = post(client, secret, TALK)

    assert (answer.status_code, answer.json()) == (202, {"status": "accepted"})
    assert ledger(runtime) == [("d1", DeliveryState.RECEIVED, None, True)]
    with runtime.store.read() as session:
        assert open_count(session, "feedback.process_delivery") == 1


def test_a_repeated_delivery_is_acknowledged_and_does_nothing(
    client: TestClient, secret: str, runtime: Runtime
) -> None:
    answers = [post(client, secret, TALK) for _ in range(3)]

    assert [answer.json()["status"] for answer in answers] == ["accepted", "duplicate", "duplicate"]
    assert len(ledger(runtime)) == 1
    with runtime.store.read() as session:
        assert len(session.exec(select(Job)).all()) == 1


def test_a_known_id_with_another_body_is_an_alarm(client: TestClient, secret: str, runtime: Runtime) -> None:
    post(client, secret, TALK)
    answer = post(client, secret, TALK | {"region": "别处"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "delivery_conflict")
    assert [row[1:] for row in ledger(runtime)] == [
        (DeliveryState.RECEIVED, None, True),
        (DeliveryState.CONFLICT, "webhook-id", False),
    ]


MALFORMED: list[tuple[str | dict[str, Any], str]] = [
    ("{", "body"),
    ("", "body"),
    ("null", "body"),
    ("[" * 5000, "body"),
    (TALK | {"channel": "fax"}, "channel"),
    ({name: value for name, value in TALK.items() if name != "external_id"}, "external_id"),
    (TALK | {"occurred_at": "21/09/2026"}, "occurred_at"),
    (TALK | {"occurred_at": 1789956000}, "occurred_at"),
    (TALK | {"messages": []}, "body"),
    (TALK | {"messages": [{"external_id": "m", "role": "boss", "text": "x"}]}, "messages.0.role"),
    (TALK | {"messages": [{"external_id": "m", "role": "agent", "text": "a\x00b"}]}, "messages.0.text"),
    (TALK | {"colour": "red"}, "colour"),
    (TALK | {"customer_ref": "13800138000"}, "customer_ref"),
    (TALK | {"customer_ref": "138-0013-8000"}, "customer_ref"),
    (TALK | {"customer_ref": "138‑0013‑8000"}, "customer_ref"),
    (TALK | {"customer_ref": "6222 0212 3456 7890"}, "customer_ref"),
    (TALK | {"customer_ref": "１３８ ００１３ ８０００"}, "customer_ref"),
    (TALK | {"13800138000": "x"}, "body"),
    (TALK | {"a\x00b": "x"}, "body"),
    (TALK | {"messages": [{"external_id": "m", "role": "agent", "text": "x", "13800138000": 1}]}, "messages.0"),
    (TALK | {"revision": -1}, "revision"),
    (TALK | {"scores": [{"kind": "csat", "value": 9, "scale_min": 1, "scale_max": 5}]}, "scores.0"),
    ('{"external_id": "\\ud800"}', "body"),
]


def test_a_malformed_body_names_the_field_and_leaves_only_a_line(
    client: TestClient, secret: str, runtime: Runtime
) -> None:
    for number, (body, field) in enumerate(MALFORMED):
        answer = post(client, secret, body, id=f"bad-{number}")
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field), body
        assert "13800138000" not in answer.text

    assert [row[1:] for row in ledger(runtime)] == [(DeliveryState.REJECTED, field, False) for _, field in MALFORMED]
    with runtime.store.read() as session:
        assert session.exec(select(Job)).all() == []
        assert session.exec(select(Interaction)).all() == []


def test_what_is_not_signed_or_too_large_or_for_nobody_leaves_no_trace(
    client: TestClient, secret: str, runtime: Runtime
) -> None:
    other = "whsec_" + base64.b64encode(b"x" * 32).decode()
    large = TALK | {"messages": [{"external_id": "m", "role": "customer", "text": "字" * LIMIT}]}
    answers: dict[str, tuple[Response, int]] = {
        "wrong secret": (post(client, other, TALK), 401),
        "no headers": (client.post(URL, json=TALK), 401),
        "binary, wrong signature": (post(client, secret, b"\xff\xfe\x00"), 401),
        "too large": (post(client, secret, large), 413),
        "too large, unsaid": (client.post(URL, content=iter([b"x" * LIMIT, b"x"])), 413),
        "unknown source": (post(client, secret, TALK, url="/v1/sources/nobody/deliveries"), 404),
        "source with a NUL": (post(client, secret, TALK, url="/v1/sources/a%00b/deliveries"), 404),
    }

    for name, (answer, status) in answers.items():
        assert answer.status_code == status, name
        assert answer.json()["error"]["message"], name
    assert ledger(runtime) == []


def test_both_secrets_are_good_while_the_sender_changes_over(client: TestClient, secret: str, runtime: Runtime) -> None:
    with runtime.store.write() as session:
        source = sources.by_name(session, "bank")
        newer = sources.add_secret(session, source=source, now=runtime.clock.now())
    assert [post(client, one, TALK, id=one[-5:]).status_code for one in (secret, newer)] == [202, 202]

    with runtime.store.write() as session:
        retired = sources.retire_secrets(session, source=source, now=runtime.clock.now())

    assert retired == 1
    assert [post(client, one, TALK, id="later").status_code for one in (secret, newer)] == [401, 202]


def test_the_signature_lives_on_real_time(client: TestClient, secret: str, runtime: Runtime) -> None:
    at = datetime.now(UTC) - timedelta(minutes=6)
    body = json.dumps(TALK)
    headers = {
        "webhook-id": "old",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("old", at, body),
    }

    answer = client.post(URL, content=body, headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "stale_signature")


def test_the_body_is_documented(client: TestClient) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/v1/sources/{source}/deliveries"]["post"]

    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"]["messages"]["items"]["properties"]["role"]["enum"] == [
        "customer",
        "agent",
        "bot",
        "system",
    ]
    assert "$ref" not in json.dumps(schema)


@pytest.fixture
def token(runtime: Runtime) -> Callable[[Role], str]:
    def of(role: Role) -> str:
        now = runtime.clock.now()
        with runtime.store.write() as session:
            user = add_user(
                session, login=role.value, name="甲", role=role, password="long-enough-1", actor="system:test", now=now
            )
            session.flush()
            return open_session(session, user=user, now=now, hours=1)

    return of


def test_feedback_is_read_masked_by_those_who_may(
    client: TestClient, secret: str, runtime: Runtime, token: Callable[[Role], str], work_with: Callable[[Runtime], int]
) -> None:
    post(client, secret, TALK)
    work_with(runtime)
    analyst = {"Authorization": f"Bearer {token(Role.ANALYST)}"}

    page = client.get("/v1/feedback", params={"q": "太久", "until": "2026-10-19"}, headers=analyst).json()
    one = client.get(f"/v1/feedback/{page['items'][0]['id']}", headers=analyst).json()

    assert (page["total"], page["items"][0]["excerpt"]) == (1, "排队太久，请打[手机号]")
    assert one["messages"][0]["masked_text"] == "排队太久，请打[手机号]"
    assert one["analysis"]["intent"] == "complaint"
    assert "13800138000" not in json.dumps(one)
    statuses = [
        client.get("/v1/feedback").status_code,
        client.get("/v1/feedback", headers={"Authorization": f"Bearer {token(Role.ADMIN)}"}).status_code,
        client.get("/v1/feedback/999", headers=analyst).status_code,
        client.get("/v1/feedback", params={"q": "a\x00"}, headers=analyst).status_code,
        client.get("/v1/feedback", params={"until": "9999-12-31"}, headers=analyst).status_code,
        client.get(f"/v1/feedback/{2**63}", headers=analyst).status_code,
    ]
    assert statuses == [401, 403, 404, 422, 422, 422]
