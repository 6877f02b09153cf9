"""Holds 保全: what must stay for a court, an authority or an open dispute, whatever its period says."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.compliance.models import Hold, HoldReason
from app.customers.models import Customer
from app.errors import Conflict, Invalid, NotFound
from app.people.models import User
from app.store.audit import record
from app.tracker.checks import NOTE_MAX_LENGTH, plain


def place(session: Session, *, actor: User, customer_id: int, reason: str, note: str, now: datetime) -> Hold:
    """Hold all records of a customer.

    Raises NotFound; Invalid for a reason or note that will not do; Conflict where the customer is held already.
    """
    if reason not in set(HoldReason):
        raise Invalid("请选一个保全的理由。", field="reason")
    told = plain(note, field="case", title="说明", longest=NOTE_MAX_LENGTH, required=True)
    if session.get(Customer, customer_id, with_for_update=True) is None:
        raise NotFound("没有这位客户。")
    if of_customer(session, customer_id):
        raise Conflict("这位客户已经在保全中。")
    hold = Hold(customer_id=customer_id, reason=HoldReason(reason), note=told, placed_by=actor.id, placed_at=now)
    session.add(hold)
    session.flush()
    _audit(session, actor, "hold.place", hold, now)
    return hold


def release(session: Session, *, actor: User, customer_id: int, now: datetime) -> Hold:
    """End a customer's hold. Raises Conflict where there is none."""
    hold = of_customer(session, customer_id)
    if hold is None:
        raise Conflict("这位客户没有在保全中。")
    hold.released_at = now
    session.add(hold)
    _audit(session, actor, "hold.release", hold, now)
    return hold


def of_customer(session: Session, customer_id: int) -> Hold | None:
    """The hold in force on a customer."""
    return session.exec(select(Hold).where(Hold.customer_id == customer_id, _in_force())).first()


def in_force(session: Session) -> list[tuple[Hold, str]]:
    """All holds in force with the customer's reference, newest first."""
    wanted = select(Hold, Customer.ref).join(Customer, col(Customer.id) == col(Hold.customer_id))
    return list(session.exec(wanted.where(_in_force()).order_by(col(Hold.id).desc())).all())


def held_customers(since: datetime) -> SelectOfScalar[Any]:
    """A subquery: ids of the customers that are held, or were at any time after `since`."""
    return select(col(Hold.customer_id)).where(or_(_in_force(), col(Hold.released_at) > since))


def _in_force() -> ColumnElement[bool]:
    return col(Hold.released_at).is_(None)


def _audit(session: Session, actor: User, action: str, hold: Hold, now: datetime) -> None:
    detail = {"hold": hold.id, "reason": hold.reason.value, "note": hold.note}
    subject = f"customer:{hold.customer_id}"
    record(session, at=now, actor=f"user:{actor.login}", action=action, subject=subject, detail=detail)
