"""Customers from the bank's own list: all or nothing, and what a file does not say stays."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from app.cli import app
from app.customers.models import Customer
from app.customers.service import load_csv
from app.errors import Invalid
from app.store.engine import Store


def load(store: Store, text: str) -> int:
    with store.write() as session:
        return load_csv(session, source=io.BytesIO(text.encode()))


def customers(store: Store) -> dict[str, Customer]:
    with store.read() as session:
        return {customer.ref: customer for customer in session.exec(select(Customer))}


def test_consent_is_read_and_can_be_withdrawn(store: Store) -> None:
    assert load(store, "customer_ref,consent_survey,holds\nC1,1,P01 P04\nC2,0,\n") == 2
    assert {ref: one.consent_survey for ref, one in customers(store).items()} == {"C1": True, "C2": False}
    load(store, "customer_ref,consent_survey\nC1,0\n")
    assert customers(store)["C1"].consent_survey is False


def test_a_column_that_is_not_there_changes_nothing(store: Store) -> None:
    load(store, "customer_ref,consent_survey,holds,segment\nC1,1,P01 P04,私行\n")
    load(store, "customer_ref,region\nC1,远山市\n")
    kept = customers(store)["C1"]
    assert (kept.consent_survey, kept.holds, kept.segment, kept.region) == (True, ["P01", "P04"], "私行", "远山市")


@pytest.mark.parametrize(
    ("row", "field"),
    [("13800138000,1", "customer_ref"), ("a@bank.example,1", "customer_ref"), ("C2,maybe", "consent_survey")],
)
def test_one_bad_row_keeps_the_whole_file_out(store: Store, row: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        load(store, f"customer_ref,consent_survey\nC1,1\n{row}\n")
    assert (refused.value.field, refused.value.line) == (field, 3)
    assert row.split(",", maxsplit=1)[0] not in refused.value.message
    assert customers(store) == {}


def test_the_command_loads_a_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUISHENG_HOME", str(tmp_path / "home"))
    path = tmp_path / "list.csv"
    path.write_text("customer_ref,consent_survey\nC1,1\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["customers", "load", str(path)])
    assert done.exit_code == 0
    assert "读入 1 位客户" in done.stdout
