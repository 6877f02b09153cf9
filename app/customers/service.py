"""Finding, making and loading customers."""

import re
from datetime import date, datetime
from typing import Annotated, BinaryIO

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app.channels.base import Pseudonym
from app.channels.lists import read_list
from app.customers import consents
from app.customers.models import Customer, Purpose

MAX_BYTES = 50 * 1024 * 1024
SINCE = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])")

Short = Annotated[str, Field(max_length=100)]


class CustomerRow(BaseModel):
    """One row of the customers' file; an empty cell, or a column that is not there, changes nothing."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    customer_ref: Pseudonym
    birth_year: Annotated[int, Field(ge=1900, le=date.max.year)] | None = None
    region: Short | None = None
    branch: Short | None = None
    customer_since: Annotated[str, Field(pattern=SINCE)] | None = None
    segment: Short | None = None
    holds: Annotated[str, Field(max_length=2000, description="product codes with spaces between")] = ""
    consent_survey: bool = False
    consent_marketing: bool = False


APART = {"customer_ref", *(f"consent_{purpose}" for purpose in Purpose)}  # what is no fact of the customer's row


def get_or_create(session: Session, *, ref: str, now: datetime) -> Customer:
    """The customer of a reference, named now; a new one has no facts and no consent yet."""
    found = session.exec(select(Customer).where(col(Customer.ref) == ref)).first()
    if found:
        found.named_at = now
        return found
    try:
        with session.begin_nested():
            customer = Customer(ref=ref, named_at=now)
            session.add(customer)
            session.flush()
    except IntegrityError:  # another transaction was first
        return session.exec(select(Customer).where(col(Customer.ref) == ref)).one()
    return customer


def load_csv(session: Session, *, source: BinaryIO, now: datetime) -> tuple[int, int]:
    """Create or update customers from UTF-8 CSV with the columns of `CustomerRow`.

    Returns how many rows there were, and how many of their consents were not taken (`consents.tell_all`).

    All or nothing: the first bad row raises Invalid with its line; a file over `MAX_BYTES` raises TooLarge.
    """
    rows = read_list(source, CustomerRow, title="客户文件", max_bytes=MAX_BYTES)
    known = {customer.ref: customer for customer in session.exec(select(Customer))}
    for row in rows:
        customer = known.setdefault(row.customer_ref, Customer(ref=row.customer_ref, named_at=now))
        customer.named_at = now
        for name, value in row.model_dump(exclude=APART, exclude_unset=True).items():
            setattr(customer, name, value.split() if name == "holds" else value)
        session.add(customer)
    session.flush()
    told = {
        (known[row.customer_ref].id or 0, purpose): bool(getattr(row, f"consent_{purpose}"))
        for row in rows
        for purpose in Purpose
        if f"consent_{purpose}" in row.model_fields_set
    }
    return len(rows), consents.tell_all(session, told=told, told_by=consents.FILE, now=now)
