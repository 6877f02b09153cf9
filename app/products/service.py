"""Loading products and telling their names."""

import csv
import io
from datetime import date
from typing import Annotated, BinaryIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlmodel import Session, select

from app.errors import Invalid, TooLarge
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
    data = source.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise TooLarge(f"产品文件超过 {MAX_BYTES // 1024 // 1024} MB。")
    count = 0
    try:
        for cells in csv.DictReader(io.StringIO(data.decode("utf-8-sig")), strict=True):
            row = ProductRow.model_validate({name: text for name, text in cells.items() if text})
            session.merge(Product(code=row.product, **row.model_dump(exclude={"product"})))
            count += 1
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        raise Invalid(f"第 {count + 2} 行的 {field} 不对，整个文件没有读入。", field=field, line=count + 2) from None
    except (UnicodeDecodeError, csv.Error):
        raise Invalid("产品文件须是 UTF-8 编码的 CSV。", field="file") from None
    return count


def names(session: Session) -> dict[str, str]:
    """Product code to name."""
    return {product.code: product.name for product in session.exec(select(Product))}
