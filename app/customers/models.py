"""The tables of customers. They hold no name, number or address: `ref` is the bank's own pseudonym."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from app.store.base import IDS_GIVEN_ONCE, choice


class Purpose(StrEnum):
    """What a customer may agree to, each apart from the others.

    Handling what he himself brings up is no purpose here: it rests on the contract and on legal duties (PIPL, article
    13), so that no consent is asked for it and none can be withdrawn.
    """

    SURVEY = "survey"
    MARKETING = "marketing"

    @property
    def chinese(self) -> str:
        """The purpose in the console."""
        return PURPOSE_TITLES[self]


PURPOSE_TITLES = {Purpose.SURVEY: "回访和改进调查", Purpose.MARKETING: "营销"}


class Customer(SQLModel, table=True):
    """Customer 客户: one pseudonymous person. Facts that the bank has not told are None."""

    __tablename__ = "customer"
    __table_args__ = IDS_GIVEN_ONCE

    id: int | None = Field(default=None, primary_key=True)
    ref: str = Field(max_length=100, unique=True)
    birth_year: int | None = None
    region: str | None = Field(default=None, max_length=100)
    branch: str | None = Field(default=None, max_length=100)
    customer_since: str | None = Field(default=None, max_length=7, description="year and month, YYYY-MM")
    segment: str | None = Field(default=None, max_length=100)
    holds: list[str] = Field(default_factory=list, sa_type=JSON, description="product codes")
    named_at: datetime = Field(description="when the bank's file or a sender last named the customer")


class Consent(SQLModel, table=True):
    """Consent 授权: whether a customer agrees to one purpose now. Without a row the customer does not.

    Using financial data for surveys or marketing needs a separate free choice, with proof (PBC order 2020 No. 5,
    articles 30 and 31); changes made by a person are told in the audit chain.
    """

    __tablename__ = "consent"

    customer_id: int = Field(primary_key=True, foreign_key="customer.id", ondelete="CASCADE")
    purpose: Purpose = Field(primary_key=True, sa_type=choice(Purpose))
    given: bool
    changed_at: datetime
    told_by: str = Field(max_length=100, description="user:<login>, or file for the bank's own list")
