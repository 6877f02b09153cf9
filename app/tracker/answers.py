"""Importing follow-up answers from a CSV file: customer_ref, score, answered_at, note.

Good lines are taken and bad ones told with their numbers, so that the same file, mended, can be imported again:
what is there already counts as unchanged. A line with a time but no score says that the customer was asked and gave
no answer; with neither, as in a list that is only half filled in, it says nothing.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from io import TextIOWrapper
from typing import BinaryIO

from sqlmodel import Session, col, select

from app.channels.columns import plain as comparable
from app.channels.files import BROKEN, open_text
from app.channels.times import UnreadableTimeError, parse_time
from app.clock import ZONE, local_day
from app.customers.models import Customer
from app.errors import Conflict, HuishengError, Invalid, TooLarge
from app.feedback.models import Score
from app.people.models import User
from app.store.audit import record
from app.tracker.followups import ANSWERABLE, answer, no_answer, work_on
from app.tracker.models import Action, FollowUp, Outcome

MAX_BYTES = 2 * 1024 * 1024
MAX_LINES = 20_000
COLUMNS: dict[str, tuple[str, ...]] = {
    "customer_ref": ("customerref", "客户编号", "客户号", "客户"),
    "score": ("score", "csat", "评分", "满意度"),
    "answered_at": ("answeredat", "答复时间", "回访时间", "时间", "日期"),
    "note": ("note", "备注", "说明"),
}
REQUIRED = ("customer_ref", "score", "answered_at")
_SCORE = re.compile(r"([1-5])(?:\.0+)?[分星]?")

Line = tuple[int, list[str] | str]
"""(number of the first line, cells), or why there are no cells."""


@dataclass(frozen=True, slots=True)
class LineError:
    """A line that was not taken; `line` counts from 1, the header's line included."""

    line: int
    field: str
    message: str


@dataclass(slots=True)
class ImportReport:
    """What became of the lines: every line that is not blank is counted once."""

    answered: int = 0
    no_answer: int = 0
    unchanged: int = 0
    errors: list[LineError] = field(default_factory=list)


def import_answers(session: Session, *, actor: User, action_id: int, source: BinaryIO, now: datetime) -> ImportReport:
    """Take the answers of one file (UTF-8 or GB18030) for one action's follow-ups.

    Invalid where the header lacks a column, TooLarge over 2 MiB or 20,000 lines; nothing is taken then.
    """
    source.seek(0, 2)
    if source.tell() > MAX_BYTES:
        raise TooLarge(f"文件超过 {MAX_BYTES // 1024 // 1024} MB，请分成几个文件导入。")
    source.seek(0)
    action = work_on(session, actor=actor, action_id=action_id, states=ANSWERABLE)
    with open_text(source) as text:
        return _import(session, actor=actor, action=action, lines=_lines(text), now=now)


def _import(session: Session, *, actor: User, action: Action, lines: Iterator[Line], now: datetime) -> ImportReport:
    width, columns = _columns(next(lines, (1, [])))
    waiting = _follow_ups(session, action.id)
    report = ImportReport()
    taken: list[list[int | str]] = []
    for number, cells in lines:
        if number > MAX_LINES:
            raise TooLarge(f"文件超过 {MAX_LINES} 行，请分成几个文件导入。")
        try:
            row = _row(cells, columns, width)
            outcome = _take(session, action=action, waiting=waiting, row=row, now=now) if any(row.values()) else None
        except HuishengError as error:
            place = error.field if isinstance(error, Invalid) else "line"
            report.errors.append(LineError(number, "answered_at" if place == "asked_on" else place, error.message))
            continue
        if outcome is not None:
            _count(report, outcome, taken)
    if taken:
        detail = {"answered": report.answered, "no_answer": report.no_answer, "follow_ups": taken}
        subject = f"action:{action.id}"
        record(session, at=now, actor=f"user:{actor.login}", action="followup.import", subject=subject, detail=detail)
    return report


def _take(
    session: Session, *, action: Action, waiting: dict[str, FollowUp], row: dict[str, str], now: datetime
) -> tuple[FollowUp, int | None] | FollowUp:
    """Write one line: (follow-up, score), or the follow-up alone where the line says what is known already."""
    follow_up = waiting.get(row["customer_ref"])
    if follow_up is None:
        raise Invalid("这位客户不在本措施的回访名单里，请先把客户加入名单。", field="customer_ref")
    score = _score(row["score"])
    at = _time(row["answered_at"])
    if follow_up.outcome is Outcome.ANSWERED:
        known = session.get_one(Score, follow_up.score_id)
        if (score is None and at is None) or (score == known.value and (at is None or at == known.answered_at)):
            return follow_up
        raise Conflict("这位客户已有不同的答复，这一行没有导入；如记错了，请先撤回原来的答复。")
    if at is None:
        if score is not None:
            raise Invalid("有评分时须写答复时间，例如 2026-09-21。", field="answered_at")
        return follow_up
    if score is None:
        day = local_day(at)
        if follow_up.outcome is Outcome.NO_ANSWER and follow_up.asked_on == day:
            return follow_up
        no_answer(action=action, follow_up=follow_up, asked_on=day, now=now, note=row["note"])
    else:
        answer(session, action=action, follow_up=follow_up, score=score, answered_at=at, now=now, note=row["note"])
    return follow_up, score


def _count(report: ImportReport, outcome: tuple[FollowUp, int | None] | FollowUp, taken: list[list[int | str]]) -> None:
    if isinstance(outcome, FollowUp):
        report.unchanged += 1
        return
    follow_up, score = outcome
    taken.append([follow_up.id, follow_up.outcome.value if score is None else score])
    report.answered += score is not None
    report.no_answer += score is None


def _follow_ups(session: Session, action_id: int) -> dict[str, FollowUp]:
    query = select(Customer.ref, FollowUp).join(FollowUp, col(FollowUp.customer_id) == col(Customer.id))
    return dict(session.exec(query.where(FollowUp.action_id == action_id)).all())


def _lines(text: TextIOWrapper) -> Iterator[Line]:
    """Rows with the line each starts on; strict, so that a stray quote is told and does not swallow lines."""
    reader = csv.reader(text, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            yield number, next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield number, "引号没有配对或用法不对，请检查这一行。"


def _columns(header: Line) -> tuple[int, dict[str, int]]:
    """How many columns the header has, and where each of ours stands."""
    cells = header[1]
    names = [] if isinstance(cells, str) else [comparable(cell) for cell in cells]
    found = {key: next((names.index(word) for word in words if word in names), -1) for key, words in COLUMNS.items()}
    missing = [key for key in REQUIRED if found[key] < 0]
    if missing:
        wanted = "、".join(f"{key}（{COLUMNS[key][1]}）" for key in missing)
        raise Invalid(f"第 1 行表头缺少这些列：{wanted}。请补上后重新导入。", field="header", line=1)
    return len(names), {key: place for key, place in found.items() if place >= 0}


def _row(cells: list[str] | str, columns: dict[str, int], width: int) -> dict[str, str]:
    if isinstance(cells, str):
        raise Invalid(cells, field="line")
    if any(BROKEN in cell for cell in cells):
        raise Invalid("编码既不是 UTF-8 也不是 GB18030，请另存为 UTF-8。", field="line")
    if any(cell.strip() for cell in cells[width:]):
        raise Invalid("单元格比表头多，可能少了引号。", field="line")
    return {key: cells[columns[key]].strip() if -1 < columns.get(key, -1) < len(cells) else "" for key in COLUMNS}


def _score(written: str) -> int | None:
    if not written:
        return None
    found = _SCORE.fullmatch(unicodedata.normalize("NFKC", written))
    if found is None:
        raise Invalid("评分须为 1 到 5 的整数；客户没有答复时留空，只写联系的时间。", field="score")
    return int(found[1])


def _time(written: str) -> datetime | None:
    """The instant written; a day alone is its first moment."""
    if not written:
        return None
    try:
        return parse_time(written, ZONE)
    except UnreadableTimeError as error:
        raise Invalid(f"{error}。", field="answered_at") from None
