"""Users and their sessions: who may log in, under which role, and until when. Log-in itself is in `login`."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select

from app.errors import Conflict, Invalid, NotFound
from app.people import passwords
from app.people.models import LoginSession, Role, User
from app.store.audit import record

LOGIN_PATTERN = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")
NAME_MAX_LENGTH = 40


def add_user(session: Session, *, login: str, name: str, role: Role, password: str, actor: str, now: datetime) -> User:
    """A new user; `actor` as the audit chain names it: `user:<login>` or `system:cli`.

    Invalid names the field that breaks a rule; Conflict where the login is taken.
    """
    login = canonical(login)
    name = name.strip()
    if not LOGIN_PATTERN.fullmatch(login):
        raise Invalid("登录名须为 2 到 32 个小写字母、数字、点、横线或下划线，且以字母或数字开头。", field="login")
    if not 1 <= len(name) <= NAME_MAX_LENGTH:
        raise Invalid(f"姓名须为 1 到 {NAME_MAX_LENGTH} 个字符。", field="name")
    passwords.check_rules(password, login=login)
    if find_user(session, login=login):
        raise Conflict(f"登录名 {login} 已有人使用，请换一个。")
    user = User(login=login, name=name, role=role, password_hash=passwords.hashed(password), created_at=now)
    session.add(user)
    session.flush()
    record(session, at=now, actor=actor, action="user.add", subject=f"user:{user.id}", detail={"role": role.value})
    return user


def set_role(session: Session, *, user_id: int, role: Role, actor: str, now: datetime) -> User:
    """Give a user another role; it counts from the user's next request."""
    user = get_user(session, user_id=user_id)
    if user.role != role:
        detail = {"from": user.role.value, "to": role.value}
        user.role = role
        record(session, at=now, actor=actor, action="user.role", subject=f"user:{user.id}", detail=detail)
    return user


def set_active(session: Session, *, user_id: int, active: bool, actor: str, now: datetime) -> User:
    """Let a user log in or not; a user who may not is logged out at once."""
    user = get_user(session, user_id=user_id)
    if user.active != active:
        user.active = active
        record(session, at=now, actor=actor, action="user.active", subject=f"user:{user.id}", detail={"to": active})
    if not active:
        _close_all(session, user=user)
    return user


def set_password(session: Session, *, user_id: int, password: str, actor: str, now: datetime) -> None:
    """Give a user another password; every open session of the user ends."""
    user = get_user(session, user_id=user_id)
    passwords.check_rules(password, login=user.login)
    user.password_hash = passwords.hashed(password)
    _close_all(session, user=user)
    record(session, at=now, actor=actor, action="user.password", subject=f"user:{user.id}")


def canonical(login: str) -> str:
    """The form in which logins are stored and compared."""
    return login.strip().lower()


def find_user(session: Session, *, login: str) -> User | None:
    """The user of a login, active or not; what cannot be a login is nobody's."""
    if not LOGIN_PATTERN.fullmatch(canonical(login)):
        return None
    return session.exec(select(User).where(User.login == canonical(login))).first()


def get_user(session: Session, *, user_id: int) -> User:
    """The user, NotFound where there is none."""
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("没有这个用户，请从用户列表中选择。")
    return user


def list_users(session: Session, *, active_only: bool = False) -> list[User]:
    """All users by name."""
    query = select(User).order_by(User.name, User.login)
    return list(session.exec(query.where(col(User.active)) if active_only else query))


def open_session(session: Session, *, user: User, now: datetime, hours: float) -> str:
    """A new session's token, which is stored nowhere; sessions that are over are cleared away meanwhile."""
    session.exec(delete(LoginSession).where(col(LoginSession.expires_at) <= now))
    token = secrets.token_urlsafe(32)
    expires_at = now + timedelta(hours=hours)
    session.add(LoginSession(token_hash=_digest(token), user_id=user.id, created_at=now, expires_at=expires_at))
    return token


def session_user(session: Session, *, token: str, now: datetime) -> User | None:
    """Whose session the token opens; None where it is unknown, over, or its user no longer active."""
    query = (
        select(User)
        .join(LoginSession, col(LoginSession.user_id) == col(User.id))
        .where(LoginSession.token_hash == _digest(token), LoginSession.expires_at > now, col(User.active))
    )
    return session.exec(query).first()


def close_session(session: Session, *, token: str, now: datetime) -> None:
    """Log out; a token that opens nothing is no error."""
    user = session_user(session, token=token, now=now)
    session.exec(delete(LoginSession).where(col(LoginSession.token_hash) == _digest(token)))
    if user is not None:
        record(session, at=now, actor=f"user:{user.login}", action="logout", subject=f"user:{user.id}")


def _close_all(session: Session, *, user: User) -> None:
    session.exec(delete(LoginSession).where(col(LoginSession.user_id) == user.id))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
