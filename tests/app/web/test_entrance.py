"""The way in and out, and the headers that every answer carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from app.main import FORM_BYTES, create_app
from app.people import service
from app.people.models import Role
from app.web.errors import WORDS
from app.web.forms import safe_next
from app.web.pages import account

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.runtime import Runtime
    from tests.app.tracker.conftest import Bank

WORDY = "Hao-de-mima-2026"
TOO_LARGE = b"x" * (FORM_BYTES + 2)


@pytest.fixture
def lin(runtime: Runtime, bank: Bank) -> str:
    """A login with a password."""
    with runtime.store.write() as session:
        service.add_user(
            session,
            login="lin",
            name="林",
            role=Role.SUPERVISOR,
            password=WORDY,
            actor="system:test",
            now=runtime.clock.now(),
        )
    return "lin"


def test_a_person_comes_in_where_they_wanted_to_go_and_leaves(client: TestClient, lin: str) -> None:
    asked = client.get("/topics?sort=largest").headers["location"]
    assert 'value="/topics?sort=largest"' in client.get(asked).text
    form = {"login": lin, "password": WORDY, "next": "/topics?sort=largest"}
    entered = client.post("/login", data=form)
    assert entered.headers["location"] == "/topics?sort=largest"
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert client.get("/topics").status_code == 200
    client.post("/logout")
    assert client.get("/topics").status_code == 303


def test_a_wrong_password_is_told_without_keeping_it(client: TestClient, lin: str) -> None:
    answer = client.post("/login", data={"login": lin, "password": "Wrong-wrong-99"})
    assert answer.status_code == 401
    assert "登录名或密码不对" in answer.text
    assert "Wrong-wrong-99" not in answer.text
    assert "set-cookie" not in answer.headers


def test_another_site_cannot_log_a_person_in(client: TestClient, lin: str) -> None:
    form = {"login": lin, "password": WORDY}
    assert client.post("/login", data=form, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


@pytest.mark.parametrize(
    ("wanted", "leads"),
    [
        ("/topics?sort=largest", "/topics?sort=largest"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https:evil.example", "/"),
        ("", "/"),
        ("/a\nb", "/"),
    ],
)
def test_a_login_never_leads_to_another_site(wanted: str, leads: str) -> None:
    assert safe_next(wanted) == leads


def check_headers(headers: Mapping[str, str], *, kept: str = "no-store") -> None:
    assert headers["content-security-policy"].startswith("default-src 'self'")
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "strict-transport-security" not in headers
    assert headers["cache-control"] == kept


@pytest.mark.parametrize("path", ["/login", "/healthz", "/v1/nothing", "/nowhere", "/static/style.css"])
def test_every_answer_carries_the_headers(client: TestClient, path: str) -> None:
    kept = "max-age=86400" if path.startswith("/static") else "no-store"
    check_headers(client.get(path).headers, kept=kept)


def test_over_https_browsers_are_told_to_stay_there_and_to_guard_the_cookie(runtime: Runtime, lin: str) -> None:
    with TestClient(
        create_app(runtime.settings, runtime=runtime), base_url="https://testserver", follow_redirects=False
    ) as client:
        client.headers["Sec-Fetch-Site"] = "same-origin"
        entered = client.post("/login", data={"login": lin, "password": WORDY})
    assert "Secure" in entered.headers["set-cookie"]
    assert "max-age" in entered.headers["strict-transport-security"]


@pytest.mark.parametrize("path", ["/login", "/healthz"])
def test_a_failure_carries_the_headers_too(
    client: TestClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def fail(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr(account, "safe_next", fail)
    monkeypatch.setattr(runtime.store, "ping", fail)
    visitor = TestClient(client.app, raise_server_exceptions=False)
    answer = visitor.get(path)
    assert answer.status_code == 500
    check_headers(answer.headers)
    assert "max-age" in visitor.get(f"https://testserver{path}").headers["strict-transport-security"]


@pytest.mark.parametrize("declared", [True, False], ids=["length declared", "no length"])
def test_a_form_that_is_too_large_is_refused_by_a_page(boss: TestClient, declared: bool) -> None:  # noqa: FBT001 - a row
    content: bytes | Iterator[bytes] = TOO_LARGE if declared else iter([TOO_LARGE])
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = boss.post("/issues", content=content, headers=form)
    assert answer.status_code == 413
    assert "<h1>内容太大</h1>" in answer.text
    assert WORDS[413] in answer.text
    check_headers(answer.headers)


def test_a_request_that_is_too_large_is_refused_in_json_under_v1(client: TestClient) -> None:
    answer = client.post("/v1/sources/bank/deliveries", content=TOO_LARGE)
    assert answer.status_code == 413
    assert answer.json() == {"error": {"code": "too_large", "message": WORDS[413]}}
    check_headers(answer.headers)


def test_no_page_of_the_framework_loads_script_from_outside(client: TestClient) -> None:
    assert client.get("/docs").status_code == 404
    assert client.get("/redoc").status_code == 404
    assert client.get("/v1/openapi.json").json()["info"]["title"] == "回声 Huisheng"
