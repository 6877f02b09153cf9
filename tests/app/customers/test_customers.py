"""Customers from the bank's own list: all or nothing, and what a file does not say stays."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import col, select
from typer.testing import CliRunner

from app.cli import app
from app.customers import consents
from app.customers.models import Customer, Purpose
from app.customers.service import load_csv
from app.errors import Invalid
from app.store.engine import Store

NOW = datetime(2026, 11, 6, tzinfo=UTC)


def load(store: Store, text: str) -> int:
    with store.write() as session:
        return load_csv(session, source=io.BytesIO(text.encode()), now=NOW)[0]


def customers(store: Store) -> dict[str, Customer]:
    with store.read() as session:
        return {customer.ref: customer for customer in session.exec(select(Customer))}


def agreed(store: Store, purpose: Purpose) -> set[str]:
    with store.read() as session:
        return set(session.exec(select(Customer.ref).where(col(Customer.id).in_(consents.agreed(purpose)))))


def test_consent_is_read_and_can_be_withdrawn(store: Store) -> None:
    assert load(store, "customer_ref,consent_survey,holds\nC1,1,P01 P04\nC2,0,\n") == 2
    assert agreed(store, Purpose.SURVEY) == {"C1"}
    load(store, "customer_ref,consent_survey\nC1,0\n")
    assert agreed(store, Purpose.SURVEY) == set()


def test_who_withdrew_elsewhere_is_not_asked_again_for_a_list(store: Store) -> None:
    load(store, "customer_ref,consent_survey\nC1,1\nC2,0\n")
    one = customers(store)["C1"].id or 0
    with store.write() as session:
        consents.tell(session, customer_id=one, purpose=Purpose.SURVEY, given=False, told_by="user:amy", now=NOW)
    load(store, "customer_ref,consent_survey\nC1,1\nC2,1\n")
    assert agreed(store, Purpose.SURVEY) == {"C2"}
    load(store, "customer_ref,consent_survey\nC1,0\n")  # now the list knows
    load(store, "customer_ref,consent_survey\nC1,1\n")
    assert agreed(store, Purpose.SURVEY) == {"C1", "C2"}


def test_one_purpose_says_nothing_of_the_other(store: Store) -> None:
    load(store, "customer_ref,consent_survey,consent_marketing\nC1,1,0\nC2,0,1\n")
    assert (agreed(store, Purpose.SURVEY), agreed(store, Purpose.MARKETING)) == ({"C1"}, {"C2"})


def test_a_column_that_is_not_there_changes_nothing(store: Store) -> None:
    load(store, "customer_ref,consent_survey,holds,segment\nC1,1,P01 P04,私行\n")
    load(store, "customer_ref,region\nC1,远山市\n")
    kept = customers(store)["C1"]
    assert (kept.holds, kept.segment, kept.region) == (["P01", "P04"], "私行", "远山市")
    assert agreed(store, Purpose.SURVEY) == {"C1"}


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


@pytest.mark.parametrize(
    ("text", "field", "line"),
    [
        ("customer_ref,region\nC1,远山市\nC2,南岭市,1\n", "line", 3),
        ("customer_ref,region\n\n\nC1,远山市\n\nC2,南岭市,1\n", "line", 6),
        ('customer_ref,region\nC1,"远山\n市"\n13800138000,南岭市\n', "customer_ref", 4),
        ('customer_ref,region\nC1,远山市\nC2,"南"岭市\n', "line", 3),
        ('customer_ref,region\nC1,远山市\n\nC2,"南岭市\nC3,南岭市\n', "line", 5),
    ],
)
def test_a_bad_row_is_told_by_its_line_in_the_file(store: Store, text: str, field: str, line: int) -> None:
    with pytest.raises(Invalid, match=rf"第 {line} 行") as refused:
        load(store, text)
    assert (refused.value.field, refused.value.line) == (field, line)
    assert customers(store) == {}


@pytest.mark.parametrize(
    "header", ["客户编号,地区", "customer_ref;region", "张三,13800138000", "customer_ref,customer_ref"]
)
def test_a_header_that_does_not_fit_is_told_without_what_stands_in_it(store: Store, header: str) -> None:
    with pytest.raises(Invalid, match=r"第一行须是列名|不止一列") as told:
        load(store, f"{header}\nC1,C2\n")
    assert (told.value.field, told.value.line) == ("customer_ref", 1)
    assert not any(piece in told.value.message for piece in ("张三", "138", "客户编号"))


def test_empty_cells_after_the_last_column_are_no_matter(store: Store) -> None:
    assert load(store, "customer_ref,region\nC1,远山市,,\n") == 1
    assert load(store, "customer_ref,region,,\nC1,远山市,,\n") == 1


def test_blanks_capitals_and_old_line_ends_are_no_matter(store: Store) -> None:
    assert load(store, "\r\nCustomer_Ref, Region\rC1,远山市\rC2,远山市\r") == 2
    assert customers(store)["C2"].region == "远山市"


@pytest.mark.parametrize(
    ("text", "field", "line"),
    [
        ("customer_ref,region,\nC1,远山市,\nC2,远山市,金卡\n", "line", 3),
        ("customer_ref,,region\nC1,金卡,远山市\n", "header", 1),
        ("customer_ref,region,branch,consent_survey\nC1,远山市,0\n", "line", 2),  # a comma is missing
        ("\n\n", "file", None),
        (f"customer_ref,region\nC1,{'远' * 140_000}\n", "line", 2),
    ],
)
def test_no_cell_is_lost_or_moved_in_silence(store: Store, text: str, field: str, line: int | None) -> None:
    with pytest.raises(Invalid) as told:
        load(store, text)
    assert (told.value.field, told.value.line) == (field, line)


def test_the_command_loads_a_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUISHENG_HOME", str(tmp_path / "home"))
    path = tmp_path / "list.csv"
    path.write_text("customer_ref,consent_survey\nC1,1\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["customers", "load", str(path)])
    assert done.exit_code == 0
    assert "读入 1 位客户" in done.stdout
