"""The table of products."""

from datetime import date

from sqlmodel import Field, SQLModel

from app.store import base  # noqa: F401 - constraint names come before the first table


class Product(SQLModel, table=True):
    """Product 产品; `code` is the bank's own."""

    __tablename__ = "product"

    code: str = Field(primary_key=True, max_length=100)
    name: str = Field(max_length=100)
    business: str = Field(max_length=40, description="a name of the business head, such as savings")
    risk_level: str | None = Field(default=None, max_length=10, description="R1 to R5 where the product has one")
    launched: date | None = None
