"""Products from the bank's own list: all or nothing, and a bad row is told by its line."""

from __future__ import annotations

import io

import pytest

from app.errors import Invalid
from app.products.service import load_csv, names
from app.store.engine import Store

HEADER = "product,name,business\n"


def load(store: Store, text: str) -> dict[str, str]:
    with store.write() as session:
        load_csv(session, source=io.BytesIO(text.encode()))
    with store.read() as session:
        return names(session)


def test_a_product_is_made_and_then_updated(store: Store) -> None:
    assert load(store, HEADER + "P1,白金卡,credit_card\n") == {"P1": "白金卡"}
    assert load(store, HEADER + "P1,钻石卡,credit_card\nP2,活期,savings\n") == {"P1": "钻石卡", "P2": "活期"}


@pytest.mark.parametrize(
    ("rows", "field", "line"),
    [
        ("P1,白金卡,credit_card\n\nP2,活期,存款,savings\n", "line", 4),
        ('P1,"白金\n卡",credit_card\nP2,,savings\n', "name", 4),
        ('P1,白金卡,credit_card\nP2,"活"期,savings\n', "line", 3),
    ],
)
def test_one_bad_row_keeps_the_whole_file_out(store: Store, rows: str, field: str, line: int) -> None:
    with pytest.raises(Invalid, match=f"第 {line} 行") as refused:
        load(store, HEADER + rows)
    assert (refused.value.field, refused.value.line) == (field, line)
    assert load(store, HEADER) == {}
