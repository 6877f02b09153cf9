"""Whatever the program writes into the audit chain has its words, and a history folds only what may be folded."""

from __future__ import annotations

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.tracker.history import Step
from app.web.audit_words import ACCOUNTS, DEEDS, account
from app.web.views import history

APP = Path(__file__).resolve().parents[3] / "app"
NOON = datetime(2026, 10, 20, 4, 0, tzinfo=UTC)


def recorded() -> set[str]:
    """Every `action` that a call of `record` names, the two halves of `domain.{what}` put together."""
    found: set[str] = set()
    for file in APP.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        words = [word for call in ast.walk(tree) if isinstance(call, ast.Call) for word in call.keywords]
        whats = {word.value.value for word in words if word.arg == "what" and isinstance(word.value, ast.Constant)}
        for word in (word for word in words if word.arg == "action"):
            if isinstance(word.value, ast.Constant):
                found.add(str(word.value.value))
            elif isinstance(word.value, ast.JoinedStr) and isinstance(word.value.values[0], ast.Constant):
                found |= {f"{word.value.values[0].value!s}{what!s}" for what in whats}
    return found


def test_every_recorded_deed_has_its_words() -> None:
    assert recorded() - set(DEEDS) == set()
    assert set(ACCOUNTS) <= set(DEEDS)


def test_what_a_review_everywhere_did_is_told_in_words() -> None:
    said = {"verdict": "release", "kind": "MOBILE", "feedback": 3}
    assert account("masking.spread", said) == "放开，改动 3 条反馈"
    assert account("masking.spread_undo", {**said, "verdict": "mask"}) == "遮盖，改动 3 条反馈"


def test_a_retry_tells_jobs_from_feedback() -> None:
    assert account("jobs.retry", {"jobs": [7], "feedback": 2}) == "1 个任务，2 条分析失败的反馈"


def step(number: int, action: str, *, who: str = "林", ago: int = 0) -> Step:
    at = NOON - timedelta(days=ago)
    return Step(id=number, at=at, who=who, action=action, subject="action:1", detail={"score": number})


def test_a_run_of_answers_is_one_line_and_everything_else_keeps_its_own() -> None:
    steps = [
        step(9, "followup.answer"),
        step(8, "followup.answer"),
        step(7, "followup.answer", who="陈"),
        step(6, "action.edit"),
        step(5, "action.edit"),
        step(4, "followup.answer", ago=1),
    ]
    told = [(line["ids"], line["deed"], line["detail"]) for line in history(steps)]
    assert told == [
        ("8–9", "记录了一条回访答复，共 2 次", ""),
        ("7", "记录了一条回访答复", "7 分"),
        ("6", "修改措施", "score"),
        ("5", "修改措施", "score"),
        ("4", "记录了一条回访答复", "4 分"),
    ]
