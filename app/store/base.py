"""What every table shares: constraint names and the types of sealed and enumerated columns.

Instants need no helper: a field annotated `datetime` becomes SQLModel's UTCDateTime, which takes aware values only
and gives back UTC. Every `models.py` imports this module (for `Sealed`, `choice` or `JSON_OBJECT`) before its tables.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import Enum, LargeBinary
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

if TYPE_CHECKING:
    from sqlalchemy import Dialect

# Names from the start: SQLite's batch migrations can only drop a constraint that has one.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# Table arguments: the id of a deleted row is never given to another, on SQLite either. Whatever names a row without a
# foreign key - the audit chain, an edit's `upto`, a fit's `last_analysis_id` - would else mean another one some day.
IDS_GIVEN_ONCE = {"sqlite_autoincrement": True}
SEAL_MARK = b"hs1\x00"  # the first bytes of every sealed value


class Sealed(TypeDecorator[bytes]):
    """A column of bytes that `sealing.seal` made; refuses anything else, so that no original lands in clear.

    Use: `original: bytes = Field(sa_type=Sealed)`, sealed with context "table.column".
    """

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Raises ValueError for bytes that are not sealed."""
        if value is not None and not value.startswith(SEAL_MARK):
            raise ValueError("a sealed column takes sealed bytes only")
        return value


def choice(values: type[StrEnum]) -> Enum:
    """Column type of an enum, stored as its value in a plain string column, so that a new value needs no migration.

    Use: `state: JobState = Field(sa_type=choice(JobState))`.
    """

    def stored(members: type[StrEnum]) -> list[str]:
        return [member.value for member in members]

    return Enum(values, native_enum=False, create_constraint=False, length=32, values_callable=stored)
