"""Loading products and telling their names."""

from datetime import date
from typing import Annotated, BinaryIO

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, select

from app.channels.lists import read_list
from app.products.models import Product

MAX_BYTES = 5 * 1024 * 1024


class ProductRow(BaseModel):
    """One row of the products' file."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    product: Annotated[str, Field(min_length=1, max_length=100)]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    business: Annotated[str, Field(min_length=1, max_length=40)]
    risk_level: Annotated[str, Field(max_length=10)] | None = None
    launched: date | None = None


def load_csv(session: Session, *, source: BinaryIO) -> int:
    """Create or update products from UTF-8 CSV with the columns of `ProductRow`; returns how many rows.

    All or nothing: the first bad row raises Invalid with its line; a file over `MAX_BYTES` raises TooLarge.
    """
    rows = read_list(source, ProductRow, title="产品文件", max_bytes=MAX_BYTES)
    for row in rows:
        session.merge(Product(code=row.product, **row.model_dump(exclude={"product"})))
    return len(rows)


def names(session: Session) -> dict[str, str]:
    """Product code to name."""
    return {product.code: product.name for product in session.exec(select(Product))}
