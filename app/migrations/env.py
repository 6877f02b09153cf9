"""Alembic's entry: runs the revisions on the connection that `Store.upgrade` (or a test) hands over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from alembic import context
from sqlalchemy import Enum
from sqlmodel import AutoString, UTCDateTime

from app.migrations import tables
from app.store.base import Sealed

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext


def render_item(kind: str, item: object, _: AutogenContext) -> str | Literal[False]:
    """Write SQLModel's types and ours as SQLAlchemy's: a revision must not change when a class or an enum does."""
    if kind == "type" and isinstance(item, Sealed):
        return "sa.LargeBinary()"
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, (AutoString, Enum)):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False


def run() -> None:
    """Migrate inside the caller's transaction."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=tables.METADATA,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_item,
        include_object=tables.declared,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
