"""Logging in, throttled by login and by address.

An attempt is counted as failed before its password is looked at and uncounted when it was right, so guesses
made side by side are all counted. An unknown login takes as long and is answered the same as a wrong password.
The password is checked with no transaction open, since argon2 is slow on purpose.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete, select

from app.clock import ZONE
from app.errors import HuishengError, Unauthorised
from app.people import passwords, service
from app.people.models import LoginThrottle, User
from app.store.audit import record
from app.store.engine import Store

WINDOW = timedelta(minutes=15)
MAX_FAILURES = {"login": 5, "address": 30}  # a branch may share one address
ORIGIN_LENGTH = 12  # hex digits of the address's hash in the audit chain: tells origins apart, names none


class TooManyLogins(HuishengError):  # noqa: N818 - named like the rest of the tree in app/errors.py
    """Too many failed log-ins from here or for this login: 429."""

    code = "too_many_logins"
    status = 429


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A new session: its bearer token, and when it ends."""

    user: User
    token: str
    expires_at: datetime


def log_in(store: Store, *, login: str, password: str, address: str, now: datetime, hours: float) -> LoggedIn:
    """Open a session of `hours` for the right password.

    Unauthorised where login and password do not belong together or the user is not active; TooManyLogins, with
    the time to try again, after 5 failures of one login or 30 from one `address` within 15 minutes.
    """
    with store.write() as session:
        _admit(session, login=login, address=address, now=now)
    with store.read() as session:
        user = service.find_user(session, login=login)
    checked = user.password_hash if user else None
    known = passwords.matches(password[: passwords.MAX_LENGTH + 1], checked)
    with store.write() as session:
        user = service.find_user(session, login=login)  # as it is now: the check took its time
        if user is not None and user.active and known and user.password_hash == checked:
            _forgive(session, login=login, address=address)
            _forget(session, before=now - 2 * WINDOW)
            token = service.open_session(session, user=user, now=now, hours=hours)
            record(session, at=now, actor=f"user:{user.login}", action="login", subject=f"user:{user.id}")
            return LoggedIn(user, token, now + timedelta(hours=hours))
        subject = f"user:{user.id}" if user else "user:unknown"
        detail = {"origin": _key("address", address)[-ORIGIN_LENGTH:]}
        record(session, at=now, actor="system:login", action="login.failed", subject=subject, detail=detail)
    raise Unauthorised("登录名或密码不对，请重新输入；忘记密码请找系统管理员重设。")


def _admit(session: Session, *, login: str, address: str, now: datetime) -> None:
    """Count one attempt, or refuse it where there were too many."""
    rows = [_row(session, kind=kind, value=value, now=now) for kind, value in _counted(login, address)]
    blocked = [row.blocked_until for row in rows if row.blocked_until is not None and row.blocked_until > now]
    if blocked:
        until = max(blocked).astimezone(ZONE)
        raise TooManyLogins(f"登录失败次数过多，请在 {until:%H:%M} 之后再试；忘记密码请找系统管理员重设。")
    for row in rows:
        row.failures += 1
        if row.failures >= MAX_FAILURES[row.key.partition(":")[0]]:
            row.blocked_until = now + WINDOW
        session.add(row)


def _forgive(session: Session, *, login: str, address: str) -> None:
    """The attempt was right: the login starts afresh, the address gets this one attempt back.

    The address keeps its other failures, else one known password would buy any number of guesses.
    """
    for kind, value in _counted(login, address):
        row = session.get(LoginThrottle, _key(kind, value))
        if row is not None:
            row.failures = 0 if kind == "login" else row.failures - 1
            row.blocked_until = None
            session.add(row)


def _forget(session: Session, *, before: datetime) -> None:
    """Clear away counts whose window, and any block after it, is over; rows in use elsewhere are left alone."""
    stale = select(LoginThrottle.key).where(LoginThrottle.since < before).with_for_update(skip_locked=True)
    session.exec(delete(LoginThrottle).where(col(LoginThrottle.key).in_(stale)))


def _row(session: Session, *, kind: str, value: str, now: datetime) -> LoginThrottle:
    """The locked count of the running window, from 0 where the last window is over."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    fresh = {"key": _key(kind, value), "failures": 0, "since": now}
    session.execute(insert(LoginThrottle).values(fresh).on_conflict_do_nothing())
    row = session.get_one(LoginThrottle, fresh["key"], with_for_update=True)
    if now - row.since >= WINDOW and (row.blocked_until is None or row.blocked_until <= now):
        row.failures, row.since, row.blocked_until = 0, now, None
    return row


def _counted(login: str, address: str) -> tuple[tuple[str, str], ...]:
    return ("login", service.canonical(login)), ("address", address)


def _key(kind: str, value: str) -> str:
    return f"{kind}:{hashlib.sha256(value.encode()).hexdigest()}"
