"""审计: a view checks what it shows and what is new, and says so; the rest is the command's, whose word it repeats."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from app.compliance import chain
from app.people.models import Role
from app.store import audit
from app.store.audit import AuditEntry, Scope
from app.web.pages import audit as pages
from tests.app.tracker.conftest import NOW, Bank
from tests.app.web.conftest import enter

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from app.runtime import Runtime
    from app.store.engine import Store

BROKEN = "号记录对不上</strong>"


@pytest.fixture
def auditor(client: TestClient, runtime: Runtime, bank: Bank, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """On a chain of ten entries, of which a page shows three; a view checks up to six new ones."""
    monkeypatch.setattr(pages, "SIZE", 3)
    monkeypatch.setattr(pages, "MOST", 6)
    add(runtime.store, 10)
    return enter(client, runtime, bank, Role.AUDITOR)


def add(store: Store, count: int) -> None:
    with store.write() as session:
        for _ in range(count):
            audit.record(session, at=NOW, actor="system:test", action="topic.fit", subject="topics")


def meddle(store: Store, number: int) -> None:
    names = ("no_update", "no_delete") if store.is_sqlite else ("no_change",)
    with store.write() as session:
        for name in names:
            session.execute(text(f"DROP TRIGGER audit_entry_{name}" + ("" if store.is_sqlite else " ON audit_entry")))
        session.execute(text("UPDATE audit_entry SET actor = 'user:wang' WHERE id = :number"), {"number": number})


def verify_all(store: Store) -> None:
    """What `huisheng audit verify` does."""
    with store.read() as session:
        report = audit.verify(session)
    with store.write() as session:
        audit.note(session, report, scope=Scope.WHOLE, at=NOW, actor="system:cli")


def test_the_whole_is_checked_every_night(auditor: TestClient, runtime: Runtime) -> None:
    chain.nightly([], store=runtime.store, clock=runtime.clock)
    assert re.search(r"最近一次从头核验：.*system:audit，到第 10 号没有发现改动", auditor.get("/audit").text)
    meddle(runtime.store, 2)
    chain.nightly([], store=runtime.store, clock=runtime.clock)
    assert f"第 2 {BROKEN}" in auditor.get("/audit").text


def test_views_check_what_is_new_in_portions(auditor: TestClient, runtime: Runtime) -> None:
    told = auditor.get("/audit").text
    assert "核对了本页的 3 条和上次之后新增的 6 条（到第 6 号），没有发现改动" in told
    assert "后面还有 4 条没有核对" in told
    assert "还没有从头核验过" in told
    told = auditor.get("/audit?page=2").text
    assert "核对了本页的 3 条和上次之后新增的 4 条（到第 10 号），没有发现改动" in told
    assert "第 6 号及以前的记录以前核对过，除了本页的，这次没有重读" in told
    assert "没有核对。" not in told
    add(runtime.store, 1)
    assert "上次之后新增的 1 条（到第 11 号）" in auditor.get("/audit").text


def test_a_view_reads_no_more_than_it_says(
    auditor: TestClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify_all(runtime.store)
    hashed: list[int] = []
    hash_of = audit.entry_hash

    def noting(entry: AuditEntry) -> str:
        hashed.append(entry.id)
        return hash_of(entry)

    monkeypatch.setattr(audit, "entry_hash", noting)
    auditor.get("/audit?page=3")
    assert hashed == [2, 3, 4]


def test_the_last_check_of_the_whole_is_told(auditor: TestClient, runtime: Runtime) -> None:
    verify_all(runtime.store)
    told = auditor.get("/audit").text
    assert "system:cli，到第 10 号没有发现改动" in told
    assert "上次之后新增的 0 条（到第 10 号）" in told
    meddle(runtime.store, 3)
    verify_all(runtime.store)
    told = auditor.get("/audit").text
    assert f"第 3 {BROKEN}" in told
    assert "system:cli，第 3 号记录对不上" in told


@pytest.mark.parametrize(("number", "page", "found"), [(2, 1, False), (2, 3, True), (1, 4, True), (9, 1, True)])
def test_a_change_is_seen_where_it_is_shown(
    auditor: TestClient, runtime: Runtime, number: int, page: int, *, found: bool
) -> None:
    verify_all(runtime.store)
    meddle(runtime.store, number)
    told = auditor.get(f"/audit?page={page}").text
    assert (f"第 {number} {BROKEN}" in told, "没有发现改动" in told.partition("最近一次")[0]) == (found, not found)


def test_a_change_in_what_is_new_is_seen_on_every_page(auditor: TestClient, runtime: Runtime) -> None:
    auditor.get("/audit")
    meddle(runtime.store, 7)
    for page in (1, 4, 4):
        assert f"第 7 {BROKEN}" in auditor.get(f"/audit?page={page}").text
