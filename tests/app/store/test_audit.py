"""Nobody changes the past unnoticed, and nobody loses an entry."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from app.store import audit
from app.store.audit import FIRST, AuditCheck, AuditEntry, Scope
from app.store.engine import Store
from app.store.sealing import KeyRing

AT = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)
PER_TEST = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**50), 2**50)
    | st.floats(allow_nan=False, allow_infinity=False)
    # PostgreSQL's text holds no NUL, and half a surrogate is no text
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text("abc键", max_size=3), children, max_size=3)
    ),
    max_leaves=8,
)


def add(store: Store, count: int = 1, *, at: datetime = AT) -> None:
    with store.write() as session:
        for number in range(count):
            audit.record(session, at=at, actor="user:li", action="issue.create", subject=f"issue:{number}")


def test_an_empty_chain_is_whole(store: Store) -> None:
    with store.read() as session:
        assert audit.verify(session) == audit.AuditReport(ok=True, entries=0, broken_id=None, head=FIRST)


@PER_TEST
@given(
    details=st.lists(st.dictionaries(st.text("abc键", max_size=5), json_values, max_size=4), max_size=4),
    offset=st.integers(-12, 14),
    micros=st.integers(0, 10**15),
)
def test_any_entries_verify(store: Store, details: list[dict[str, object]], offset: int, micros: int) -> None:
    at = (AT + timedelta(microseconds=micros)).astimezone(timezone(timedelta(hours=offset)))
    with store.write() as session:
        for detail in details:
            audit.record(session, at=at, actor="system:test", action="x", subject="y", detail=detail)
    with store.read() as session:
        assert audit.verify(session).ok


def test_a_tuple_in_a_detail_is_kept_as_json(store: Store) -> None:
    with store.write() as session:
        audit.record(session, at=AT, actor="a", action="b", subject="c", detail={"ids": (1, 2)})
    with store.read() as session:
        assert session.exec(select(AuditEntry)).one().detail == {"ids": [1, 2]}
        assert audit.verify(session).ok


def test_deed_and_entry_fall_together(store: Store) -> None:
    def fail_after_recording() -> None:
        with store.write() as session:
            audit.record(session, at=AT, actor="a", action="b", subject="c")
            raise KeyError

    with pytest.raises(KeyError):
        fail_after_recording()
    add(store)
    with store.read() as session:
        assert audit.verify(session).entries == 1


def unguard(store: Store) -> None:
    """What someone with the database's own rights could do before meddling."""
    names = ("no_update", "no_delete") if store.is_sqlite else ("no_change",)
    with store.write() as session:
        for name in names:
            session.execute(text(f"DROP TRIGGER audit_entry_{name}" + ("" if store.is_sqlite else " ON audit_entry")))


CHANGES = {
    "another actor": ("UPDATE audit_entry SET actor = 'user:wang' WHERE id = 3", 3),
    "another time": ("UPDATE audit_entry SET at = '2026-10-20 02:00:01+00:00' WHERE id = 3", 3),
    "another subject": ("UPDATE audit_entry SET subject = 'issue:9' WHERE id = 1", 1),
    "another detail": ("UPDATE audit_entry SET detail = '{\"a\": 1}' WHERE id = 5", 5),
    "first removed": ("DELETE FROM audit_entry WHERE id = 1", 2),
    "one removed": ("DELETE FROM audit_entry WHERE id = 3", 4),
    "renumbered": ("UPDATE audit_entry SET id = 9 WHERE id = 5", 9),
    "one put before": (
        "INSERT INTO audit_entry SELECT 0, at, actor, action, subject, detail, 'x', hash FROM audit_entry WHERE id = 1",
        0,
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_found_where_it_was_made(store: Store, name: str) -> None:
    statement, broken_id = CHANGES[name]
    add(store, 5)
    unguard(store)
    with store.write() as session:
        session.execute(text(statement))
    with store.read() as session:
        report = audit.verify(session)
    assert (report.ok, report.broken_id) == (False, broken_id)


def test_a_cut_end_shows_in_the_head(store: Store) -> None:
    add(store, 5)
    with store.read() as session:
        before = audit.verify(session).head
    unguard(store)
    with store.write() as session:
        session.execute(text("DELETE FROM audit_entry WHERE id = 5"))
    with store.read() as session:
        assert audit.verify(session).head != before


@pytest.mark.parametrize("statement", ["UPDATE audit_entry SET actor = 'x'", "DELETE FROM audit_entry"])
def test_the_database_refuses_changes(store: Store, statement: str) -> None:
    add(store, 2)
    with pytest.raises(DBAPIError, match="append-only"), store.write() as session:
        session.execute(text(statement))
    with store.read() as session:
        assert audit.verify(session).entries == 2


def check(store: Store, scope: Scope) -> audit.AuditReport:
    """What the command and the page do."""
    with store.read() as session:
        report = audit.verify(session) if scope is Scope.WHOLE else audit.verify_new(session, most=3)
    with store.write() as session:
        audit.note(session, report, scope=scope, at=AT, actor="user:wu")
    return report


def rewrite(store: Store, *, after: int) -> None:
    """Every later entry anew, so that the chain fits together again."""
    unguard(store)
    with store.write() as session:
        kept = session.exec(select(AuditEntry).where(col(AuditEntry.id) > after).order_by(col(AuditEntry.id))).all()
        session.execute(text("DELETE FROM audit_entry WHERE id > :after"), {"after": after})
        session.expunge_all()
        for entry in kept:
            audit.record(session, at=AT, actor="user:nobody", action=entry.action, subject=entry.subject)


def test_new_entries_are_checked_after_those_that_were(store: Store) -> None:
    add(store, 4)
    assert (check(store, Scope.NEW).after, check(store, Scope.NEW).after) == (0, 3)
    add(store, 2)
    assert check(store, Scope.NEW) == audit.AuditReport(
        ok=True, entries=6, broken_id=None, head=check(store, Scope.WHOLE).head, after=4
    )
    unguard(store)
    with store.write() as session:
        session.execute(text("UPDATE audit_entry SET actor = 'user:wang' WHERE id = 2"))
    assert check(store, Scope.NEW).ok  # it reads no more than it says
    assert check(store, Scope.WHOLE).broken_id == 2
    add(store)
    with store.write() as session:
        session.execute(text("UPDATE audit_entry SET actor = 'user:wang' WHERE id = 7"))
    assert [check(store, Scope.NEW).broken_id for _ in range(2)] == [7, 7]


@pytest.mark.parametrize("scope", Scope)
def test_a_chain_that_was_written_anew_is_not_what_was_noted(store: Store, scope: Scope) -> None:
    add(store, 3)
    good = check(store, scope)
    rewrite(store, after=1)
    for _ in range(2):  # what was found broken is not noted as good
        assert [check(store, one).broken_id for one in Scope] == [3, 3]
    with store.read() as session:
        noted = session.get_one(AuditCheck, scope)
    assert (noted.entries, noted.head, noted.broken_id) == (3, good.head, 3)


@pytest.mark.parametrize("scope", Scope)
def test_a_cut_end_is_found_by_what_was_noted(store: Store, scope: Scope) -> None:
    add(store, 3)
    check(store, scope)
    unguard(store)
    with store.write() as session:
        session.execute(text("DELETE FROM audit_entry WHERE id = 3"))
    assert [check(store, one).broken_id for one in Scope] == [3, 3]


def test_a_check_that_ends_late_takes_nothing_back(store: Store) -> None:
    add(store, 2)
    with store.read() as session:
        late = audit.verify_new(session, most=1)
    check(store, Scope.NEW)
    with store.write() as session:
        audit.note(session, late, scope=Scope.NEW, at=AT, actor="user:wu")
    assert check(store, Scope.NEW).after == 2


def some(store: Store, *numbers: int) -> audit.AuditReport:
    with store.read() as session:
        wanted = select(AuditEntry).where(col(AuditEntry.id).in_(numbers)).order_by(col(AuditEntry.id))
        return audit.verify_some(session, session.exec(wanted).all())


def test_some_entries_are_checked_with_the_one_before_them(store: Store) -> None:
    assert some(store).ok
    add(store, 5)
    assert [some(store, 1, 2).ok, some(store, 3, 4).ok] == [True, True]
    unguard(store)
    with store.write() as session:
        session.execute(text("UPDATE audit_entry SET actor = 'user:wang' WHERE id = 3"))
        session.execute(text("DELETE FROM audit_entry WHERE id = 1"))
    assert [some(store, 2).broken_id, some(store, 3, 4).broken_id, some(store, 4, 5).broken_id] == [2, 3, None]


def _append(task: tuple[str, int]) -> None:
    url, count = task
    store = Store(url, KeyRing({"test": bytes(32)}, "test"))
    for _ in range(count):
        add(store)
    store.dispose()


def test_processes_that_write_at_once_make_one_chain(store: Store, database_url: str) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.map(_append, [(database_url, 15)] * 4, chunksize=1)
    with store.read() as session:
        report = audit.verify(session)
        last = session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc()).limit(1)).one()
    assert report == audit.AuditReport(ok=True, entries=60, broken_id=None, head=last.hash)
