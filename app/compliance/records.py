"""Record classes 档案类别: what is kept, from which day its period runs, and what of it is due.

The classes, their periods and sources are data (data/rules/retention.json). A bank keeps a class longer or shorter as
it decides, never shorter than a law says (`least`). Whatever is held is never due.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dateutil.relativedelta import relativedelta
from sqlalchemy import ColumnElement, and_, delete, not_, or_, update
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from app.compliance import holds
from app.compliance.models import RequestState, RetentionRule, RetentionRun, RightsRequest, RunState
from app.customers.models import Customer
from app.errors import Conflict, Invalid, NotFound
from app.feedback.erase import erase
from app.feedback.models import Delivery, DeliveryState, Interaction, InteractionState, Score
from app.people.models import User
from app.store.audit import record
from app.tracker.models import Action, FollowUp, Issue, IssueLink
from nlp import taxonomy

MOST_MONTHS = 360

Ids = SelectOfScalar[Any]
"""A query for ids."""


@dataclass(frozen=True, slots=True)
class RecordClass:
    """months: kept after `starts`. least: the legal minimum, 0 for none. confirmed: the source's text was read."""

    name: str
    title: str
    starts: str
    months: int
    least: int
    source: str
    confirmed: bool


def classes(session: Session) -> list[RecordClass]:
    """Every class with the period in force."""
    own = {rule.name: rule.months for rule in session.exec(select(RetentionRule))}
    shipped = taxonomy.read("rules/retention.json")
    return [
        RecordClass(**(entry | {"name": name, "months": own.get(name, entry["months"])}))
        for name, entry in shipped.items()
    ]


def set_months(session: Session, *, actor: User, name: str, months: int, now: datetime) -> RecordClass:
    """Keep a class for another number of months. Raises NotFound; Invalid below the legal minimum or out of range.

    Raises Conflict for a shorter period while a deletion is announced, which would then delete more than it told.
    """
    known = {one.name: one for one in classes(session)}
    if name not in known:
        raise NotFound("没有这个档案类别。")
    before = known[name]
    if not 1 <= months <= MOST_MONTHS:
        raise Invalid(f"保留期限须为 1 到 {MOST_MONTHS} 个月。", field="months")
    if months < before.least:
        raise Invalid(f"{before.title}依规至少保留 {before.least} 个月：{before.source}。", field="months")
    announced = select(RetentionRun.id).where(col(RetentionRun.state) == RunState.ANNOUNCED)
    if months < before.months and session.exec(announced).first() is not None:
        raise Conflict("有一次删除已经预告，期限这时只能延长。请先取消那次删除，再缩短期限。")
    if months != before.months:
        session.merge(RetentionRule(name=name, months=months, changed_at=now))
        detail = {"from": before.months, "to": months}
        record(
            session,
            at=now,
            actor=f"user:{actor.login}",
            action="retention.rule",
            subject=f"class:{name}",
            detail=detail,
        )
    return before


def due(of: RecordClass, as_of: datetime) -> Ids:
    """The ids of what was in the store at that instant with its period over, and was not held since; oldest first."""
    query = _DUE[of.name](as_of - relativedelta(months=of.months))
    if of.name in _WHOSE:
        whose = _WHOSE[of.name]
        query = query.where(or_(whose.is_(None), whose.not_in(holds.held_customers(as_of))))
    if of.name in ("complaint", "feedback"):  # what was read in later may be older
        query = query.where(col(Interaction.received_at) <= as_of)
    return query


def count_due(session: Session, of: RecordClass, as_of: datetime) -> int:
    """How many of a class are due."""
    return session.exec(select(func.count()).select_from(due(of, as_of).order_by(None).subquery())).one()


def count_all(session: Session, name: str) -> int:
    """How many records of a class there are."""
    return session.exec(select(func.count()).select_from(_ALL[name].subquery())).one()


def remove(session: Session, name: str, ids: Sequence[int], *, now: datetime) -> int:
    """Delete these records of a class; returns how many there were."""
    return _REMOVE[name](session, ids, now)


def linked() -> ColumnElement[bool]:
    """Condition on Interaction: it is evidence of an issue."""
    return col(Interaction.id).in_(select(IssueLink.interaction_id).where(col(IssueLink.interaction_id).is_not(None)))


def _running(before: datetime) -> ColumnElement[bool]:
    """Condition on Issue: it is open, or was closed too lately."""
    return or_(col(Issue.closed_at).is_(None), col(Issue.closed_at) >= before)


def _complaints(before: datetime) -> Ids:
    needed = select(IssueLink.interaction_id).join(Issue, col(Issue.id) == col(IssueLink.issue_id))
    needed = needed.where(_running(before), col(IssueLink.interaction_id).is_not(None))
    wanted = select(col(Interaction.id)).where(linked(), col(Interaction.id).not_in(needed))
    return wanted.order_by(col(Interaction.occurred_at))


def _feedback(before: datetime) -> Ids:
    """Restricted feedback that nothing keeps any more goes at once."""
    over = or_(col(Interaction.occurred_at) < before, col(Interaction.state) == InteractionState.RESTRICTED)
    wanted = select(col(Interaction.id)).where(not_(linked()), over)
    return wanted.order_by(col(Interaction.occurred_at))


def _follow_ups(before: datetime) -> Ids:
    wanted = select(col(FollowUp.id)).join(Action, col(Action.id) == col(FollowUp.action_id))
    wanted = wanted.join(Issue, col(Issue.id) == col(Action.issue_id)).where(not_(_running(before)))
    return wanted.order_by(col(FollowUp.id))


def _idle() -> ColumnElement[bool]:
    """Condition on Customer: nothing at all hangs on him."""
    open_ = col(RightsRequest.state) == RequestState.OPEN
    return and_(
        col(Customer.id).not_in(select(Interaction.customer_id).where(col(Interaction.customer_id).is_not(None))),
        col(Customer.id).not_in(select(FollowUp.customer_id)),
        col(Customer.id).not_in(select(Score.customer_id).where(col(Score.customer_id).is_not(None))),
        col(Customer.id).not_in(
            select(RightsRequest.customer_id).where(col(RightsRequest.customer_id).is_not(None), open_)
        ),
    )


def _customers(before: datetime) -> Ids:
    return select(col(Customer.id)).where(_idle(), col(Customer.named_at) < before).order_by(col(Customer.id))


def _deliveries(before: datetime) -> Ids:
    """The ledger's settled lines; what still waits to be processed is never due."""
    settled = col(Delivery.state) != DeliveryState.RECEIVED
    return select(col(Delivery.id)).where(col(Delivery.received_at) < before, settled).order_by(col(Delivery.id))


def _remove_follow_ups(session: Session, ids: Sequence[int], _now: datetime) -> int:
    scores = session.exec(select(FollowUp.score_id).where(col(FollowUp.id).in_(ids))).all()
    found = session.execute(delete(FollowUp).where(col(FollowUp.id).in_(ids)))
    session.execute(delete(Score).where(col(Score.id).in_([one for one in scores if one is not None])))
    return int(found.rowcount)  # type: ignore[attr-defined]  # a DELETE's result has it


def _remove_customers(session: Session, ids: Sequence[int], _now: datetime) -> int:
    return int(session.execute(delete(Customer).where(col(Customer.id).in_(ids))).rowcount)  # type: ignore[attr-defined]  # as above


def _remove_deliveries(session: Session, ids: Sequence[int], _now: datetime) -> int:
    session.execute(update(Interaction).where(col(Interaction.delivery_id).in_(ids)).values(delivery_id=None))
    return int(session.execute(delete(Delivery).where(col(Delivery.id).in_(ids))).rowcount)  # type: ignore[attr-defined]  # as above


def _erase(session: Session, ids: Sequence[int], now: datetime) -> int:
    return erase(session, ids, now=now)


_DUE: dict[str, Callable[[datetime], Ids]] = {
    "complaint": _complaints,
    "feedback": _feedback,
    "follow_up": _follow_ups,
    "customer": _customers,
    "delivery": _deliveries,
}
_WHOSE: dict[str, Mapped[Any]] = {  # the customer whose hold keeps a record of the class
    "complaint": col(Interaction.customer_id),
    "feedback": col(Interaction.customer_id),
    "follow_up": col(FollowUp.customer_id),
    "customer": col(Customer.id),
}
_ALL: dict[str, Ids] = {
    "complaint": select(col(Interaction.id)).where(linked()),
    "feedback": select(col(Interaction.id)).where(not_(linked())),
    "follow_up": select(col(FollowUp.id)),
    "customer": select(col(Customer.id)).where(_idle()),
    "delivery": select(col(Delivery.id)),
}
_REMOVE: dict[str, Callable[[Session, Sequence[int], datetime], int]] = {
    "complaint": _erase,
    "feedback": _erase,
    "follow_up": _remove_follow_ups,
    "customer": _remove_customers,
    "delivery": _remove_deliveries,
}
