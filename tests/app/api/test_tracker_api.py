from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import Session

from app.api import actions, people, tracker
from app.deps import SESSION_COOKIE
from app.people import service
from app.people.models import Role
from app.people.passwords import generate
from app.people.roles import PERMISSIONS, Permission
from app.runtime import Runtime
from app.settings import Settings
from app.tracker.board import get_issue
from app.web.errors import install_error_pages
from tests.app.tracker.conftest import START, TODAY, Bank, open_bank

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import SetClock

PASSWORD = generate()
HOURS = 12


@pytest.fixture
def runtime(database_url: str, tmp_path: Path, clock: SetClock) -> Iterator[Runtime]:
    runtime = Runtime(
        Settings(
            home=tmp_path, database_url=database_url, keys="test:" + "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
        )
    )
    runtime.__dict__["clock"] = clock  # a cached property that was asked for
    yield runtime
    runtime.store.dispose()


@pytest.fixture
def bank(runtime: Runtime, clock: SetClock) -> Bank:
    bank = open_bank(runtime.store)
    with runtime.store.write() as session:
        who = {"login": "lin", "name": "林月", "password": PASSWORD, "actor": "system:cli"}
        service.add_user(session, role=Role.SUPERVISOR, now=clock.now(), **who)
    return bank


@pytest.fixture
def client(runtime: Runtime, bank: Bank) -> Iterator[TestClient]:
    app = FastAPI()
    app.state.runtime = runtime
    for router in (people.router, tracker.router, actions.router):
        app.include_router(router)
    install_error_pages(app)
    with TestClient(app, base_url="http://testserver") as client:
        yield client


def as_role(client: TestClient, runtime: Runtime, bank: Bank, role: Role) -> TestClient:
    with runtime.store.write() as session:
        token = service.open_session(session, user=bank.users[role], now=runtime.clock.now(), hours=HOURS)
    client.headers["Authorization"] = f"Bearer {token}"
    return client


@pytest.fixture
def boss(client: TestClient, runtime: Runtime, bank: Bank) -> TestClient:
    return as_role(client, runtime, bank, Role.SUPERVISOR)


def open_issue(client: TestClient, **given: list[int]) -> dict[str, Any]:
    answer = client.post("/v1/issues", json={"title": "短信费扣费说不清", "due_on": str(TODAY)} | given)
    assert answer.status_code == 201, answer.text
    issue: dict[str, Any] = answer.json()
    return issue


def test_login_gives_a_token_that_opens_the_api_until_logout(client: TestClient) -> None:
    assert client.get("/v1/me").status_code == 401
    answer = client.post("/v1/login", json={"login": "lin", "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json()["user"]["role"] == "supervisor"
    client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
    me = client.get("/v1/me").json()
    assert me["name"] == "林月"
    assert set(me["permissions"]) == {p.value for p in Permission if Role.SUPERVISOR in PERMISSIONS[p]}
    assert client.post("/v1/logout").status_code == 204
    assert client.get("/v1/me").status_code == 401


def test_a_wrong_login_is_401_and_soon_429(client: TestClient) -> None:
    answers = [client.post("/v1/login", json={"login": "lin", "password": "wrong"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert answers[5].json()["error"]["code"] == "too_many_logins"
    assert "10:15" in answers[5].json()["error"]["message"]


def test_the_whole_loop(boss: TestClient, runtime: Runtime, bank: Bank) -> None:
    with runtime.store.write() as session:
        topic = bank.topic(session)
    issue = open_issue(boss, topic_ids=[topic])
    assert (issue["state"], issue["moves"], issue["version"]) == ("open", ["take"], 1)
    with runtime.store.write() as session:
        bank.affected(session, get_issue(session, issue_id=issue["id"]), [2] * 10)
    action = boss.post(f"/v1/issues/{issue['id']}/actions", json={"title": "提前三天提示", "due_on": str(TODAY)}).json()
    path = f"/v1/actions/{action['id']}"
    started = boss.post(f"{path}/moves", json={"verb": "start", "version": 1, "started_on": str(START)}).json()
    assert (started["state"], started["started_on"], started["can_undo"]) == ("started", str(START), True)
    assert boss.post(f"{path}/followups", json={}).json() == {
        "added": 10,
        "affected": 10,
        "without_consent": 0,
        "unknown": 0,
    }
    listed = boss.get(f"{path}/followups", params={"size": 200}).json()
    assert listed["total"] == 10
    first, *others = listed["items"]
    assert boss.put(f"/v1/followups/{first['id']}", json={"score": 3}).status_code == 204
    rows = [f"{row['customer_ref']},{score},2026-09-21" for row, score in zip(others, [4, 3] * 5, strict=False)]
    file = "\n".join(["customer_ref,score,answered_at", *rows, "C9999,4,2026-09-21"]).encode()
    report = boss.post(f"{path}/followups/import", content=file, headers={"Content-Type": "text/csv"}).json()
    assert (report["answered"], [error["line"] for error in report["errors"]]) == (9, [11])
    told = boss.get(f"{path}/before-after").json()
    assert (told["change"]["n"], told["change"]["difference"], told["change"]["verdict"]) == (10, 1.5, "better")
    assert told["response"]["k"] == told["response"]["n"] == 10
    assert boss.get(f"{path}/history").json()[0]["action"] == "followup.import"
    due = boss.get("/v1/due").json()
    assert [(row["kind"], row["days_left"]) for row in due["soon"]] == [("issue", 0), ("action", 0)]
    page = boss.get("/v1/issues", params={"state": "open", "topic_id": topic}).json()
    assert (page["total"], page["items"][0]["actions"]) == (1, {"started": 1})


def test_who_was_slower_gets_409_and_nothing_changes(boss: TestClient) -> None:
    issue = open_issue(boss)
    path = f"/v1/issues/{issue['id']}"
    assert boss.patch(path, json={"version": 1, "title": "短信费"}).json()["version"] == 2
    late = boss.patch(path, json={"version": 1, "title": "别的"})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "conflict")
    assert boss.get(path).json()["title"] == "短信费"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": " ", "due_on": "2026-10-20"}, "title"),
        ({"title": "扣费", "due_on": "2026-10-20", "detail": "13800138000"}, "detail"),
        ({"title": "扣\x00费", "due_on": "2026-10-20"}, "title"),
        ({"title": "扣费", "due_on": "明天"}, "due_on"),
        ({"title": "扣费", "due_on": "2026-10-20", "owner_id": 999}, "owner_id"),
        ({"title": "扣费", "due_on": "2026-10-20", "owner_id": 10**12}, "owner_id"),
        ({"title": "扣费", "due_on": "2026-10-20", "colour": "red"}, "colour"),
    ],
)
def test_a_bad_field_is_named(boss: TestClient, body: dict[str, Any], field: str) -> None:
    answer = boss.post("/v1/issues", json=body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)
    assert boss.get("/v1/issues").json()["total"] == 0


@pytest.mark.parametrize("score", [3, None])
@pytest.mark.parametrize("at", ["9999-12-31T20:00:00Z", "0001-01-01T00:00:00+14:00", "2101-01-01T00:00:00+08:00"])
def test_a_time_out_of_this_world_is_named(boss: TestClient, at: str, score: int | None) -> None:
    answer = boss.put("/v1/followups/1", json={"score": score, "answered_at": at})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "answered_at")


@pytest.mark.parametrize(
    ("request_line", "permission"),
    [
        ("GET /v1/issues", Permission.ISSUES_VIEW),
        ("GET /v1/issues/1/history", Permission.ISSUES_VIEW),
        ("GET /v1/due", Permission.ISSUES_VIEW),
        ("POST /v1/issues", Permission.ISSUES_EDIT),
        ("POST /v1/issues/1/links", Permission.ISSUES_EDIT),
        ("DELETE /v1/issues/1/links/1", Permission.ISSUES_EDIT),
        ("POST /v1/actions/1/moves", Permission.ACTIONS_EDIT),
        ("POST /v1/actions/1/followups", Permission.ACTIONS_EDIT),
        ("PUT /v1/followups/1", Permission.ACTIONS_EDIT),
        ("GET /v1/users", Permission.USERS_VIEW),
        ("POST /v1/users", Permission.USERS_EDIT),
    ],
)
def test_only_the_roles_of_the_matrix_get_in(
    client: TestClient, runtime: Runtime, bank: Bank, request_line: str, permission: Permission
) -> None:
    method, path = request_line.split()
    assert client.request(method, path).status_code == 401
    for role in Role:
        answer = as_role(client, runtime, bank, role).request(method, path)
        assert (answer.status_code == 403) == (role not in PERMISSIONS[permission]), (role, answer.status_code)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://testserver"}, 201),
        ({"Origin": "http://testserver.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_a_cookie_works_from_our_own_pages_alone(boss: TestClient, headers: dict[str, str], status: int) -> None:
    boss.cookies.set(SESSION_COOKIE, boss.headers.pop("Authorization").removeprefix("Bearer "))
    answer = boss.post("/v1/issues", json={"title": "扣费", "due_on": str(TODAY)}, headers=headers)
    assert answer.status_code == status
    assert boss.get("/v1/issues").json()["total"] == (status == 201)


def test_users_are_kept_by_the_administrator(client: TestClient, runtime: Runtime, bank: Bank) -> None:
    admin = as_role(client, runtime, bank, Role.ADMIN)
    new = {"login": "wang", "name": "王芳", "role": "analyst", "password": generate()}
    made = admin.post("/v1/users", json=new)
    assert made.status_code == 201
    assert "password" not in made.text
    assert admin.post("/v1/users", json=new).status_code == 409
    weak = admin.post("/v1/users", json=new | {"login": "li", "password": "123"})
    assert (weak.status_code, weak.json()["error"]["field"]) == (422, "password")
    changed = admin.patch(f"/v1/users/{made.json()['id']}", json={"role": "manager", "active": False}).json()
    assert (changed["role"], changed["active"]) == ("manager", False)
    assert "wang" in {user["login"] for user in admin.get("/v1/users").json()}
    assert admin.patch("/v1/users/9999", json={"active": False}).status_code == 404


def test_a_commit_that_fails_is_no_success(boss: TestClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Session) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(Session, "commit", broken)
    with pytest.raises(RuntimeError, match="disk"):
        boss.post("/v1/issues", json={"title": "扣费", "due_on": str(TODAY)})
    monkeypatch.undo()
    assert boss.get("/v1/issues").json()["total"] == 0


def test_the_api_describes_itself(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    described = [(path, verb, row) for path, verbs in paths.items() for verb, row in verbs.items()]
    assert len(described) > 20
    assert all(row["summary"] and row["description"] for _, _, row in described)
    body = paths["/v1/actions/{action_id}/followups/import"]["post"]["requestBody"]["content"]
    assert list(body) == ["text/csv"]


def test_the_clock_of_these_tests_is_the_banks_morning(clock: SetClock) -> None:
    assert clock.now() == datetime(2026, 10, 20, 2, 0, tzinfo=UTC)
