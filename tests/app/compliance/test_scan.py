"""One raw number, planted anywhere, makes the leak scan fail; a clean store passes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from app.channels.kinds import ChannelKind, Role
from app.compliance.scan import CHUNK, Report, _scan_file, files_in, known_in_file, known_in_store, scan
from app.errors import Invalid
from app.feedback import sources
from app.feedback.models import Interaction, InteractionState, Message
from app.jobs.models import Job
from app.people.models import Role as UserRole
from app.people.models import User
from app.store import audit
from app.store.engine import Store
from app.store.sealing import seal
from nlp.leaks import Known
from tests.conftest import SetClock

NUMBER = "13800138000"
SAID = f"我的手机{NUMBER}，请回电"


@pytest.fixture
def stored(store: Store, clock: SetClock) -> Store:
    """A store with one feedback, masked as it should be, a job and an entry of the audit chain."""
    with store.write() as session:
        source = sources.create(session, name="bank", title="自有系统", channel=ChannelKind.CHAT, now=clock.now())
        session.flush()
        assert source.id is not None
        interaction = Interaction(
            source_id=source.id, external_id="1", channel=ChannelKind.CHAT, occurred_at=clock.now(),
            received_at=clock.now(), content_hash="", state=InteractionState.ANALYSED,
            subject=seal(session, f"找{NUMBER}".encode(), context="interaction.subject"),
            subject_masked="找[手机号]", subject_pii=[(1, 12, "MOBILE", None)],
        )  # fmt: skip
        session.add(interaction)
        session.flush()
        assert interaction.id is not None
        original = seal(session, SAID.encode(), context="message.original")
        session.add(
            Message(
                interaction_id=interaction.id, seq=0, external_id="1", role=Role.CUSTOMER, original=original,
                masked_text="我的手机[手机号]，请回电", pii=[(4, 15, "MOBILE", None)],
            )
        )  # fmt: skip
        audit.record(session, at=clock.now(), actor="user:1", action="login", subject="user:1", detail={})
        session.add(
            Job(task="feedback.process", key="1", args={"delivery_id": 1}, run_at=clock.now(), created_at=clock.now())
        )
        session.add(User(login="wang", name="王敏", password_hash="-", role=UserRole.ANALYST, created_at=clock.now()))
    return store


def look(store: Store, *files: Path) -> Report:
    return scan(store, known_in_store(store), files)


def test_a_masked_store_holds_nothing_readable(stored: Store) -> None:
    report = look(stored)
    assert report.known == 1
    assert report.values > 10
    assert report.leaks == []


@pytest.mark.parametrize(
    ("place", "leak"),
    [
        ("message.masked_text", SAID),
        ("message.external_id", NUMBER),
        ("interaction.subject_masked", "找一三八 零零幺三 八零零零"),
        ("interaction.failure", "ValueError: １３８００１３８０００"),
        ("interaction.branch", "138-0013-8000"),
        ("user.name", f"王敏{NUMBER}"),
        ("job.args", f'{{"q": "{NUMBER}"}}'),
        ("source.mapping", f'{{"{NUMBER}": "text"}}'),
    ],
)
def test_one_raw_number_in_any_column_is_told_by_place_and_kind(stored: Store, place: str, leak: str) -> None:
    table, column = place.split(".")
    with stored.write() as session:
        session.execute(text(f'UPDATE "{table}" SET "{column}" = :leak'), {"leak": leak})  # noqa: S608 - our own names
    report = look(stored)
    assert report.leaks == [(place, "手机号", 1)]
    assert NUMBER not in repr(report)


def test_a_number_in_a_digest_stands_there_by_chance(stored: Store) -> None:
    by_chance = f"{NUMBER}{'a' * (64 - len(NUMBER))}"
    with stored.write() as session:
        session.execute(text("UPDATE interaction SET content_hash = :digest"), {"digest": by_chance})
    assert look(stored).leaks == []
    with stored.write() as session:
        session.execute(text("UPDATE interaction SET content_hash = :leak"), {"leak": f"sha {NUMBER}"})
    assert look(stored).leaks == [("interaction.content_hash", "手机号", 1)]


def test_the_audit_chain_is_searched(stored: Store, clock: SetClock) -> None:
    with stored.write() as session:
        detail = {"searched": f"电话 {NUMBER}"}
        audit.record(session, at=clock.now(), actor="user:1", action="search", subject="feedback", detail=detail)
    assert look(stored).leaks == [("audit_entry.detail", "手机号", 1)]


def test_a_table_that_the_program_does_not_know_is_searched_too(stored: Store) -> None:
    with stored.write() as session:
        session.execute(text("CREATE TABLE left_over (note TEXT)"))
        session.execute(text("INSERT INTO left_over VALUES (:leak)"), {"leak": SAID})
    assert look(stored).leaks == [("left_over.note", "手机号", 1)]


def test_files_are_searched_across_the_borders_of_what_is_read_at_once(stored: Store, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "serve.log"
    log.parent.mkdir()
    log.write_text("无" * (CHUNK - 4) + NUMBER + "\n", encoding="utf-8")
    (tmp_path / "logs" / "page.html").write_text("<p>[手机号]</p>", encoding="utf-8")
    (tmp_path / "logs" / "huisheng.sqlite").write_bytes(NUMBER.encode())
    files = files_in([tmp_path / "logs"])
    assert [path.name for path in files] == ["page.html", "serve.log"]
    report = look(stored, *files)
    assert (report.files, report.leaks) == (2, [(str(log), "手机号", 1)])


def test_a_file_in_another_encoding_is_read_and_one_that_is_no_text_is_named(stored: Store, tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_bytes(f"备注,电话\n回电,{NUMBER}\n".encode("gb18030"))
    (tmp_path / "report.xlsx").write_bytes(b"PK\x03\x04\0\0" + NUMBER.encode())
    report = look(stored, *files_in([tmp_path]))
    assert (report.files, report.skipped) == (1, ["report.xlsx"])
    assert report.leaks == [(str(tmp_path / "old.csv"), "手机号", 1)]


@pytest.mark.parametrize("padding", range(4))
def test_utf8_is_read_as_such_wherever_its_end_falls(tmp_path: Path, padding: int) -> None:
    page = tmp_path / "page.html"
    page.write_text("慕容杰东" + "好" * 3 + "a" * padding, encoding="utf-8")
    report = Report()
    _scan_file(page, Known([("慕容杰东", "NAME")]), report)
    assert report.leaks == [(str(page), "姓名", 1)]


def test_planted_identifiers_come_from_a_file_and_a_bad_line_is_named(tmp_path: Path) -> None:
    marked = tmp_path / "marked.jsonl"
    good = '{"turns": [{"text": "我的手机13800138000", "pii": [[4, 15, "MOBILE"]]}]}\n{"text": "好", "text_pii": []}\n'
    marked.write_text(good, encoding="utf-8")
    assert len(known_in_file(marked)) == 1
    marked.write_text(good + '{"text": "好", "text_pii": [[1]]}', encoding="utf-8")
    with pytest.raises(Invalid, match="第 3 行"):
        known_in_file(marked)
