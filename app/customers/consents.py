"""Consent by purpose: who agrees to what, and changing it."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.customers.models import Consent, Purpose

FILE = "file"  # who told what the bank's own list says


def agreed(purpose: Purpose) -> SelectOfScalar[int]:
    """A subquery: the ids of the customers who agree to a purpose."""
    return select(Consent.customer_id).where(Consent.purpose == purpose, col(Consent.given))


def of(session: Session, customer_id: int) -> dict[Purpose, Consent | None]:
    """What one customer said to each purpose; None where nothing was ever told."""
    return {purpose: session.get(Consent, (customer_id, purpose)) for purpose in Purpose}


def tell(session: Session, *, customer_id: int, purpose: Purpose, given: bool, told_by: str, now: datetime) -> bool:
    """Note a consent or its withdrawal; True where that changed anything."""
    known = session.get(Consent, (customer_id, purpose))
    return _note(session, known, customer_id, purpose, given=given, told_by=told_by, now=now)


def tell_all(session: Session, *, told: Mapping[tuple[int, Purpose], bool], told_by: str, now: datetime) -> int:
    """The same for a whole list, by customer and purpose; what is known is read once. Returns how many were not taken.

    Who withdrew elsewhere stays withdrawn until a list knows of it: one that still says yes may be older than that.
    """
    known = {(one.customer_id, one.purpose): one for one in session.exec(select(Consent))}
    kept = 0
    for (customer_id, purpose), given in told.items():
        before = known.get((customer_id, purpose))
        if given and before and not before.given and before.told_by != told_by:
            kept += 1
        elif not _note(session, before, customer_id, purpose, given=given, told_by=told_by, now=now) and before:
            before.told_by = told_by
    return kept


def _note(
    session: Session,
    known: Consent | None,
    customer_id: int,
    purpose: Purpose,
    *,
    given: bool,
    told_by: str,
    now: datetime,
) -> bool:
    if known and known.given == given:
        return False
    known = known or Consent(customer_id=customer_id, purpose=purpose, given=given, changed_at=now, told_by=told_by)
    known.given, known.changed_at, known.told_by = given, now, told_by
    session.add(known)
    return True
