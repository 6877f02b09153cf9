"""The table of customers. It holds no name, number or address: `ref` is the bank's own pseudonym."""

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from app.store import base  # noqa: F401 - constraint names come before the first table


class Customer(SQLModel, table=True):
    """Customer 客户: one pseudonymous person. Facts that the bank has not told are None."""

    __tablename__ = "customer"

    id: int | None = Field(default=None, primary_key=True)
    ref: str = Field(max_length=100, unique=True)
    birth_year: int | None = None
    region: str | None = Field(default=None, max_length=100)
    branch: str | None = Field(default=None, max_length=100)
    customer_since: str | None = Field(default=None, max_length=7, description="year and month, YYYY-MM")
    segment: str | None = Field(default=None, max_length=100)
    holds: list[str] = Field(default_factory=list, sa_type=JSON, description="product codes")
    consent_survey: bool = Field(default=False, description="may be asked for a follow-up score")
    consent_marketing: bool = False
