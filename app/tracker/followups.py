"""Follow-ups: whom to ask after an action, what they answered, and who gave no answer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, func, select

from app.channels.kinds import ScoreKind
from app.clock import day_start, local_day
from app.customers import consents
from app.customers.models import Customer, Purpose
from app.errors import Conflict, Invalid, NotFound
from app.feedback.models import Score
from app.people.models import User
from app.store.audit import record
from app.tracker import checks
from app.tracker.actions import get_action, open_action
from app.tracker.affected import Reach, reach
from app.tracker.models import Action, ActionState, FollowUp, Outcome

SCALE = (1, 5)  # CSAT, from very dissatisfied to very satisfied
ASKING = frozenset({ActionState.STARTED, ActionState.DONE})
ANSWERABLE = ASKING | {ActionState.VERIFIED}  # a late answer still counts


@dataclass(frozen=True, slots=True)
class FollowUpRow:
    """A follow-up as a list shows it; `score` is the CSAT answer, None until there is one."""

    follow_up: FollowUp
    customer_ref: str
    score: int | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Planned:
    """How many customers joined the list, and whom the action affects apart from them (see `Reach`)."""

    added: int
    reach: Reach


def plan_followups(
    session: Session, *, actor: User, action_id: int, now: datetime, limit: int | None = None
) -> Planned:
    """Put the affected customers who agreed to surveys on the action's list, all or a fair sample of `limit`.

    The sample is drawn by a hash of action and customer, so nobody picks the friendly ones. Conflict where the
    action has not started, or has been verified or dropped.
    """
    action = work_on(session, actor=actor, action_id=action_id, states=ASKING)
    found = reach(session, action=action)
    chosen = sorted(found.may_ask, key=lambda customer_id: _lot(action_id, customer_id))[:limit]
    session.add_all(FollowUp(action_id=action_id, customer_id=customer_id) for customer_id in sorted(chosen))
    if chosen:
        detail = {"added": len(chosen), "customers": sorted(chosen)}
        _record(session, action=action, actor=actor, now=now, what="plan", detail=detail)
    return Planned(added=len(chosen), reach=found)


def record_answer(
    session: Session,
    *,
    actor: User,
    follow_up_id: int,
    score: int,
    answered_at: datetime,
    now: datetime,
    note: str = "",
) -> FollowUp:
    """Note a customer's CSAT answer, 1 to 5, as a Score of that customer.

    Conflict where an answer is there already; a late answer replaces 未答复.
    """
    action, follow_up = _one(session, actor=actor, follow_up_id=follow_up_id, states=ANSWERABLE)
    if follow_up.outcome is Outcome.ANSWERED:
        raise Conflict("这位客户已有答复；如记错了，请先撤回再重新记录。")
    answer(session, action=action, follow_up=follow_up, score=score, answered_at=answered_at, now=now, note=note)
    detail = {"follow_up": follow_up.id, "score": score}
    _record(session, action=action, actor=actor, now=now, what="answer", detail=detail)
    return follow_up


def record_no_answer(
    session: Session, *, actor: User, follow_up_id: int, asked_on: date, now: datetime, note: str = ""
) -> FollowUp:
    """Note that a customer was asked and gave no answer."""
    action, follow_up = _one(session, actor=actor, follow_up_id=follow_up_id, states=ASKING)
    if follow_up.outcome is Outcome.ANSWERED:
        raise Conflict("这位客户已有答复；如记错了，请先撤回再重新记录。")
    no_answer(action=action, follow_up=follow_up, asked_on=asked_on, now=now, note=note)
    _record(session, action=action, actor=actor, now=now, what="no_answer", detail={"follow_up": follow_up.id})
    return follow_up


def withdraw(session: Session, *, actor: User, follow_up_id: int, now: datetime) -> FollowUp:
    """Take a wrongly noted outcome back: the follow-up waits again, and an answer's score is removed.

    Once the action is verified only an answer can be: that nobody answered could not be noted again.
    """
    action, follow_up = _one(session, actor=actor, follow_up_id=follow_up_id, states=ANSWERABLE)
    score_id, before = follow_up.score_id, follow_up.outcome
    if before is Outcome.NO_ANSWER and action.state not in ASKING:
        raise Conflict("措施已经验证，“未答复”不能撤回；客户后来答复了，直接记录即可。")
    follow_up.outcome, follow_up.asked_on, follow_up.note, follow_up.score_id = Outcome.PENDING, None, "", None
    session.flush()
    detail: dict[str, Any] = {"follow_up": follow_up.id, "from": before.value}
    if score_id is not None:
        score = session.get_one(Score, score_id)
        detail["score"] = int(score.value)
        session.delete(score)
    _record(session, action=action, actor=actor, now=now, what="withdraw", detail=detail)
    return follow_up


def heed_withdrawals(session: Session) -> int:
    """Take customers who do not agree to surveys (any more) off every list of whom to ask; returns how many places.

    Nobody asks them again; what they answered before stays.
    """
    waiting = select(FollowUp).where(FollowUp.outcome == Outcome.PENDING)
    left = session.exec(waiting.where(col(FollowUp.customer_id).not_in(consents.agreed(Purpose.SURVEY)))).all()
    for follow_up in left:
        session.delete(follow_up)
    return len(left)


def answer(
    session: Session,
    *,
    action: Action,
    follow_up: FollowUp,
    score: int,
    answered_at: datetime,
    now: datetime,
    note: str,
) -> None:
    """Write an answer into its follow-up, unrecorded: the caller owns the audit entry. Invalid names the field."""
    if not SCALE[0] <= score <= SCALE[1]:
        raise Invalid("评分须为 1 到 5 的整数。", field="score")
    if not day_start(_start(action)) <= answered_at <= now:
        raise Invalid("答复时间须在措施开始之后、现在之前。", field="answered_at")
    follow_up.note = checks.plain(note, field="note", title="备注", longest=checks.NOTE_MAX_LENGTH)
    row = Score(
        customer_id=follow_up.customer_id,
        kind=ScoreKind.CSAT,
        value=score,
        scale_min=SCALE[0],
        scale_max=SCALE[1],
        answered_at=answered_at,
    )
    session.add(row)
    session.flush()
    follow_up.score_id, follow_up.outcome = row.id, Outcome.ANSWERED
    follow_up.asked_on = follow_up.asked_on or local_day(answered_at)


def no_answer(*, action: Action, follow_up: FollowUp, asked_on: date, now: datetime, note: str) -> None:
    """Write 未答复 into a follow-up, unrecorded like `answer`."""
    if not _start(action) <= asked_on <= local_day(now):
        raise Invalid("回访日期须在措施开始之后、今天或以前。", field="asked_on")
    follow_up.note = checks.plain(note, field="note", title="备注", longest=checks.NOTE_MAX_LENGTH)
    follow_up.asked_on, follow_up.outcome = asked_on, Outcome.NO_ANSWER


def list_followups(
    session: Session, *, action_id: int, outcome: Outcome | None = None, page: int = 1, size: int = 50
) -> tuple[list[FollowUpRow], int]:
    """One page (from 1) of an action's follow-ups by customer reference, and how many there are in all."""
    get_action(session, action_id=action_id)
    chosen = [col(FollowUp.action_id) == action_id]
    if outcome is not None:
        chosen.append(col(FollowUp.outcome) == outcome)
    total = session.exec(select(func.count()).select_from(FollowUp).where(*chosen)).one()
    query = (
        select(FollowUp, Customer.ref, Score.value, Score.answered_at)
        .join(Customer, col(Customer.id) == col(FollowUp.customer_id))
        .join(Score, col(Score.id) == col(FollowUp.score_id), isouter=True)
        .where(*chosen)
        .order_by(Customer.ref)
        .offset((page - 1) * size)
        .limit(size)
    )
    rows = [
        FollowUpRow(follow_up, ref, None if follow_up.score_id is None else int(value), answered_at)
        for follow_up, ref, value, answered_at in session.exec(query)
    ]
    return rows, total


def _one(
    session: Session, *, actor: User, follow_up_id: int, states: frozenset[ActionState]
) -> tuple[Action, FollowUp]:
    """The follow-up and its action; the action's lock guards both."""
    follow_up = session.get(FollowUp, follow_up_id)
    if follow_up is None:
        raise NotFound("没有这条回访，请刷新回访名单后再试。")
    action = work_on(session, actor=actor, action_id=follow_up.action_id, states=states)
    session.refresh(follow_up)
    return action, follow_up


def work_on(session: Session, *, actor: User, action_id: int, states: frozenset[ActionState]) -> Action:
    """The action, locked, where the actor may work on its follow-ups and its state is one of `states`."""
    action = open_action(session, action_id=action_id)
    checks.permit_action(actor, action)
    if action.state not in states:
        raise Conflict(f"措施的状态是“{action.state.chinese}”，现在不能回访。")
    return action


def _start(action: Action) -> date:
    if action.started_on is None:
        raise Conflict("措施还没有开始，不能回访。")
    return action.started_on


def _lot(action_id: int, customer_id: int) -> str:
    return hashlib.sha256(f"{action_id}:{customer_id}".encode()).hexdigest()


def _record(session: Session, *, action: Action, actor: User, now: datetime, what: str, detail: dict[str, Any]) -> None:
    subject = f"action:{action.id}"
    record(session, at=now, actor=f"user:{actor.login}", action=f"followup.{what}", subject=subject, detail=detail)
