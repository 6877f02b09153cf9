from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from app.errors import HuishengError, Unauthorised
from app.people import passwords, service
from app.people.login import LoggedIn, TooManyLogins, log_in
from app.people.models import LoginSession, LoginThrottle, Role, User
from app.store.audit import AuditEntry, verify

if TYPE_CHECKING:
    from app.store.engine import Store

NOW = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
MINUTE = timedelta(minutes=1)
PASSWORD = "Hui-sheng-2026"


@pytest.fixture
def lin(store: Store) -> User:
    with store.write() as session:
        return service.add_user(
            session, login="Lin.Yue", name="林月", role=Role.SUPERVISOR, password=PASSWORD, actor="system:cli", now=NOW
        )


def enter(
    store: Store, password: str = PASSWORD, *, login: str = "lin.yue", address: str = "10.0.0.7", at: datetime = NOW
) -> LoggedIn:
    return log_in(store, login=login, password=password, address=address, now=at, hours=12)


def fail(store: Store, times: int, *, login: str = "lin.yue", address: str = "10.0.0.7", at: datetime = NOW) -> None:
    for _ in range(times):
        with pytest.raises(Unauthorised):
            enter(store, "wrong", login=login, address=address, at=at)


def test_a_session_lasts_its_hours_and_ends_with_the_logout(store: Store, lin: User) -> None:
    opened = enter(store, login=" LIN.YUE ")
    assert opened.expires_at == NOW + timedelta(hours=12)
    with store.read() as session:
        stored = session.exec(select(LoginSession)).one()
        assert opened.token not in stored.model_dump_json()
        last = NOW + timedelta(hours=12) - MINUTE
        who = service.session_user(session, token=opened.token, now=last)
        assert who is not None
        assert who.id == lin.id
        assert service.session_user(session, token=opened.token, now=opened.expires_at) is None
        assert service.session_user(session, token=stored.token_hash, now=NOW) is None
    with store.write() as session:
        service.close_session(session, token=opened.token, now=NOW)
        service.close_session(session, token=opened.token, now=NOW)
    with store.read() as session:
        assert service.session_user(session, token=opened.token, now=NOW) is None


def test_everything_about_access_is_in_the_audit_chain(store: Store, lin: User) -> None:
    opened = enter(store)
    fail(store, 1)
    fail(store, 1, login="nobody")
    with store.write() as session:
        service.close_session(session, token=opened.token, now=NOW)
        service.set_role(session, user_id=lin.id, role=Role.ANALYST, actor="user:root", now=NOW)
        service.set_password(session, user_id=lin.id, password="Another-one-26", actor="user:root", now=NOW)
        service.set_active(session, user_id=lin.id, active=False, actor="user:root", now=NOW)
    with store.read() as session:
        told = [(entry.actor, entry.action, entry.subject) for entry in session.exec(select(AuditEntry).order_by("id"))]
        everything = " ".join(entry.model_dump_json() for entry in session.exec(select(AuditEntry)))
        assert verify(session).ok
    me = f"user:{lin.id}"
    assert told == [
        ("system:cli", "user.add", me),
        ("user:lin.yue", "login", me),
        ("system:login", "login.failed", me),
        ("system:login", "login.failed", "user:unknown"),
        ("user:lin.yue", "logout", me),
        ("user:root", "user.role", me),
        ("user:root", "user.password", me),
        ("user:root", "user.active", me),
    ]
    assert "10.0.0.7" not in everything
    assert PASSWORD not in everything


def test_after_five_failures_a_login_waits_and_is_told_until_when(store: Store, lin: User) -> None:
    fail(store, 5)
    with pytest.raises(TooManyLogins, match=r"请在 10:15 之后再试") as caught:
        enter(store, address="10.0.0.8", at=NOW + MINUTE)  # the right password, from elsewhere
    assert caught.value.status == 429
    with pytest.raises(TooManyLogins):
        enter(store, at=NOW + 14 * MINUTE)
    assert enter(store, at=NOW + 15 * MINUTE).user.id == lin.id


def test_the_right_password_clears_the_count(store: Store, lin: User) -> None:
    for _ in range(3):
        fail(store, 4)
        enter(store)


def test_failures_long_ago_do_not_count(store: Store, lin: User) -> None:
    fail(store, 4)
    fail(store, 4, at=NOW + 15 * MINUTE)
    assert enter(store, at=NOW + 16 * MINUTE).token
    enter(store, at=NOW + 60 * MINUTE)
    with store.read() as session:
        assert {row.failures for row in session.exec(select(LoginThrottle))} <= {0, 4}


def test_one_address_cannot_try_many_logins(store: Store, lin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "matches", lambda password, _: password == PASSWORD)  # thirty argon2 rounds less
    for number in range(15):
        fail(store, 2, login=f"guess{number}")
    with pytest.raises(TooManyLogins):
        enter(store)
    assert enter(store, address="10.0.0.8").token


def test_a_known_password_buys_no_further_guesses(store: Store, lin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "matches", lambda password, _: password == PASSWORD)
    for number in range(29):
        fail(store, 1, login=f"guess{number}")
        enter(store)
    fail(store, 1, login="one-more")
    with pytest.raises(TooManyLogins):
        enter(store)


def test_guesses_made_side_by_side_are_all_counted(store: Store, lin: User) -> None:
    def guess(number: int) -> str:
        try:
            enter(store, f"guess {number}")
        except HuishengError as error:
            return error.code
        raise AssertionError

    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(guess, range(8)))
    assert codes.count("unauthorised") == 5
    assert codes.count("too_many_logins") == 3


@pytest.mark.parametrize("login", ["nobody", "", "Robert'); DROP TABLE user;--", "a\x00b", "林月" * 100])
def test_an_unknown_login_is_answered_like_a_wrong_password(store: Store, lin: User, login: str) -> None:
    with pytest.raises(Unauthorised) as known:
        enter(store, "wrong")
    with pytest.raises(Unauthorised) as unknown:
        enter(store, "wrong", login=login)
    assert str(unknown.value) == str(known.value)
    for _ in range(4):
        with pytest.raises(Unauthorised):
            enter(store, "wrong", login=login)
    with pytest.raises(TooManyLogins):
        enter(store, "wrong", login=login)


def test_an_unknown_login_takes_as_long() -> None:
    known_hash = passwords.hashed(PASSWORD)
    passwords.matches("warm-up", None)

    def took(password_hash: str | None) -> float:
        start = perf_counter()
        assert not passwords.matches("wrong", password_hash)
        return perf_counter() - start

    both = [(took(None), took(known_hash)) for _ in range(5)]  # in turn: what runs beside slows both
    unknown, known = map(min, zip(*both, strict=True))
    assert 1 / 3 < unknown / known < 3


def test_who_is_no_longer_active_is_out_at_once(store: Store, lin: User) -> None:
    opened = enter(store)
    with store.write() as session:
        service.set_active(session, user_id=lin.id, active=False, actor="user:root", now=NOW)
    with store.read() as session:
        assert service.session_user(session, token=opened.token, now=NOW) is None
    with pytest.raises(Unauthorised):
        enter(store)
    with store.write() as session:
        service.set_active(session, user_id=lin.id, active=True, actor="user:root", now=NOW)
    with store.read() as session:
        assert service.session_user(session, token=opened.token, now=NOW) is None
    assert enter(store).token


def test_a_new_password_ends_every_session(store: Store, lin: User) -> None:
    opened = enter(store)
    with store.write() as session:
        service.set_password(session, user_id=lin.id, password="Another-one-26", actor="user:root", now=NOW)
    with store.read() as session:
        assert service.session_user(session, token=opened.token, now=NOW) is None
    fail(store, 1)
    assert enter(store, "Another-one-26").token


def test_a_login_under_way_does_not_outlive_a_new_password(
    store: Store, lin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = passwords.matches

    def slowly(password: str, password_hash: str | None) -> bool:
        known = check(password, password_hash)
        with store.write() as session:
            service.set_password(session, user_id=lin.id, password="Another-one-26", actor="user:root", now=NOW)
        return known

    monkeypatch.setattr(passwords, "matches", slowly)
    with pytest.raises(Unauthorised):
        enter(store)
    with store.read() as session:
        assert session.exec(select(LoginSession)).all() == []


def test_a_new_role_counts_from_the_next_request(store: Store, lin: User) -> None:
    opened = enter(store)
    with store.write() as session:
        service.set_role(session, user_id=lin.id, role=Role.AUDITOR, actor="user:root", now=NOW)
    with store.read() as session:
        who = service.session_user(session, token=opened.token, now=NOW)
    assert who is not None
    assert who.role is Role.AUDITOR
