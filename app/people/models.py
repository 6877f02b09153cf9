"""Tables of the people: users, their open sessions, and the count of failed log-ins.

A row gets its `id` when it is flushed; services flush before they return one.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from app.store.base import choice


class Role(StrEnum):
    """What a user is to the service; `roles.PERMISSIONS` says what each may do."""

    SUPERVISOR = "supervisor"
    ANALYST = "analyst"
    COMPLAINT_OFFICER = "complaint_officer"
    ACTION_OWNER = "action_owner"
    MANAGER = "manager"
    AUDITOR = "auditor"
    ADMIN = "admin"

    @property
    def chinese(self) -> str:
        """The role's name in the console."""
        return ROLE_TITLES[self]


ROLE_TITLES = {
    Role.SUPERVISOR: "主管",
    Role.ANALYST: "分析员",
    Role.COMPLAINT_OFFICER: "投诉专员",
    Role.ACTION_OWNER: "措施负责人",
    Role.MANAGER: "管理层",
    Role.AUDITOR: "审计员",
    Role.ADMIN: "系统管理员",
}


class User(SQLModel, table=True):
    """A person who may log in. Users stay, since the audit chain names them; `active` ends their access."""

    __tablename__ = "user"

    id: int = Field(default=None, primary_key=True)
    login: str = Field(max_length=32, unique=True, description="lower case")
    name: str = Field(max_length=40, description="shown in the console")
    role: Role = Field(sa_type=choice(Role))
    password_hash: str = Field(max_length=200, description="argon2id, PHC format")
    active: bool = True
    created_at: datetime


class LoginSession(SQLModel, table=True):
    """An open log-in. The token itself is known to its bearer alone; the table holds its SHA-256."""

    __tablename__ = "login_session"

    id: int = Field(default=None, primary_key=True)
    token_hash: str = Field(max_length=64, unique=True)
    user_id: int = Field(foreign_key="user.id", index=True, ondelete="CASCADE")
    created_at: datetime
    expires_at: datetime = Field(index=True)


class LoginThrottle(SQLModel, table=True):
    """Failed log-ins of one login or one address since `since`; `blocked_until` is set when they were too many.

    `key` is a kind and a SHA-256 (`login:…`, `address:…`): people type passwords into the login field.
    """

    __tablename__ = "login_throttle"

    key: str = Field(primary_key=True, max_length=80)
    failures: int
    since: datetime = Field(index=True)
    blocked_until: datetime | None = None
