"""Files: what is good is stored, what is bad is told by its line and kept, and doing it twice changes nothing."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import func, select

from app.channels.kinds import ChannelKind
from app.errors import Invalid, NotFound, TooLarge
from app.feedback.imports import ImportPlan, ImportReport, import_file
from app.feedback.ingest import Applied
from app.feedback.models import Interaction, InteractionState, Score, Source
from app.jobs.queue import EmbeddedQueue
from app.store.engine import Store
from tests.conftest import SetClock

GOLDEN = Path(__file__).parents[2] / "golden" / "channels"
Run = Callable[..., ImportReport]


@pytest.fixture
def run(store: Store, queue: EmbeddedQueue, clock: SetClock, tmp_path: Path) -> Run:
    def one(path: Path, **options: object) -> ImportReport:
        plan = ImportPlan(path=path, source="file", rejects_dir=tmp_path / "rejects", **options)  # type: ignore[arg-type]  # a plan checks its own options
        return import_file(plan, store=store, queue=queue, clock=clock)

    return one


def count(store: Store, table: type) -> int:
    with store.read() as session:
        return session.exec(select(func.count()).select_from(table)).one()


def test_good_lines_are_stored_and_bad_ones_kept(store: Store, run: Run, work: Callable[[], int]) -> None:
    report = run(GOLDEN / "jsonl" / "mixed.jsonl")
    work()

    assert report.applied == {Applied.CREATED: 4}
    assert [(one.line, one.field) for one in report.problems][:3] == [
        (6, "line"),
        (7, "messages.0.role"),
        (8, "occurred_at"),
    ]
    assert report.rejects_path is not None
    assert stat.S_IMODE(report.rejects_path.stat().st_mode) == 0o600
    kept = [json.loads(line) for line in report.rejects_path.read_text(encoding="utf-8").splitlines()]
    assert [one["line"] for one in kept] == [6, 7, 8, 9, 10, 11, 12, 13]
    assert "日期写法不明" in kept[2]["raw"]
    with store.read() as session:
        assert set(session.exec(select(Interaction.state))) == {InteractionState.ANALYSED}


@pytest.mark.parametrize("name", ["jsonl/mixed.jsonl", "csv/utf8-bom.csv", "xlsx/sheet.xlsx", "eml"])
def test_a_second_import_changes_nothing(store: Store, run: Run, name: str) -> None:
    first = run(GOLDEN / name)
    stored = count(store, Interaction), count(store, Score)
    second = run(GOLDEN / name)

    assert first.applied == {Applied.CREATED: first.readable}
    assert second.applied == {Applied.UNCHANGED: first.readable}
    assert (count(store, Interaction), count(store, Score)) == stored


def test_equal_rows_of_one_file_are_as_many_customers(store: Store, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text("内容,评分,时间\n很好,5,2026-10-01\n很好,5,2026-10-01\n不好,1,2026-10-01\n", encoding="utf-8")
    assert run(path).applied == {Applied.CREATED: 3}
    assert run(path).applied == {Applied.UNCHANGED: 3}
    assert count(store, Interaction) == count(store, Score) == 3


def test_a_dry_run_tells_the_same_and_stores_nothing(store: Store, run: Run, tmp_path: Path) -> None:
    report = run(GOLDEN / "jsonl" / "mixed.jsonl", dry_run=True)

    assert (report.readable, report.rejected, report.rejects_path) == (4, 8, None)
    assert count(store, Source) == count(store, Interaction) == 0
    assert not (tmp_path / "rejects").exists()


def test_machine_mails_are_skipped_and_told_by_file(run: Run) -> None:
    report = run(GOLDEN / "eml")

    assert (report.readable, report.skipped, report.rejected) == (3, 2, 1)
    assert "autoreply.eml: Auto-Submitted" in [one.field for one in report.problems]


def test_a_folder_is_read_whatever_the_case_of_its_names(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mails").mkdir()
    (tmp_path / "mails" / "ONE.EML").write_bytes((GOLDEN / "eml" / "html.eml").read_bytes())
    assert run(tmp_path / "mails").readable == 1


def test_columns_can_be_named(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("甲,乙,丙\n1,排队太久,2026-09-21\n", encoding="utf-8")

    refused = run(path)
    mapped = run(path, mapping={"external_id": "甲", "text": "乙", "occurred_at": "丙"})
    wrong = run(path, mapping={"text": "丁"})

    assert (refused.readable, refused.problems[0].field) == (0, "header")
    assert mapped.applied == {Applied.CREATED: 1}
    assert "没有列 丁" in wrong.problems[0].message


def test_rows_without_a_channel_take_the_one_that_is_given(store: Store, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": "R1", "text": "排队太久", "labels": {"intent": "praise"}}\n', encoding="utf-8")

    run(path, channel=ChannelKind.PHONE)

    with store.read() as session:
        assert session.exec(select(Interaction.channel)).all() == [ChannelKind.PHONE]


def test_what_cannot_be_imported_is_told(run: Run, tmp_path: Path) -> None:
    odd = tmp_path / "notes.doc"
    odd.write_bytes(b"123456")

    with pytest.raises(NotFound):
        run(tmp_path / "nothing.csv")
    with pytest.raises(Invalid, match="--format"):
        run(odd)
    with pytest.raises(TooLarge):
        run(odd, max_bytes=5)
