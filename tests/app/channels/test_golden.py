"""Every format reads its golden inputs into exactly the expected values; a new format needs such an input."""

import hashlib
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.formula import ArrayFormula

from app.channels import CHANNELS
from app.channels.base import InteractionIn, ReadOptions
from app.channels.kinds import ChannelKind

GOLDEN = Path(__file__).parents[2] / "golden" / "channels"
INPUTS = sorted(path for path in GOLDEN.glob("*/*") if not path.name.endswith(".expected.json"))
OPTIONS = ReadOptions(
    channel=ChannelKind.SOCIAL,
    now=datetime(2026, 10, 1, tzinfo=UTC),
    digest=lambda data: hashlib.sha256(data).hexdigest(),
)


def items(path: Path) -> list[dict[str, object]]:
    with path.open("rb") as file:
        found = CHANNELS[path.parent.name](OPTIONS).read(file)
        return [{type(item).__name__: item.model_dump(mode="json", exclude_defaults=True)} for item in found]


@pytest.mark.parametrize("path", INPUTS, ids=[f"{path.parent.name}-{path.name}" for path in INPUTS])
def test_input_is_read_as_expected(path: Path) -> None:
    expected = json.loads(path.with_name(path.name + ".expected.json").read_text(encoding="utf-8"))

    assert items(path) == expected


@pytest.mark.parametrize("name", CHANNELS)
def test_format_has_a_golden_input(name: str) -> None:
    assert [path for path in INPUTS if path.parent.name == name]


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff\xfe\xfd", b"{" * 100_000, b"PK\x03\x04rubbish", b"\n\n\n"])
def test_rubbish_is_refused_and_raises_nothing(name: str, data: bytes) -> None:
    found = list(CHANNELS[name](OPTIONS).read(io.BytesIO(data)))

    assert all(type(item).__name__ == "Rejected" for item in found)


@pytest.mark.parametrize(
    "date",
    [
        "Thu, 01 Jan 1970 00:00:00 +0000",
        "Fri, 31 Dec 9999 23:59:59 -0800",
        "Mon, 21 Sep 2026 10:00:00 +999999999999",
        "yesterday",
    ],
)
def test_a_mail_of_an_impossible_day_is_of_today(date: str) -> None:
    mail = f"From: a@bank.example\nSubject: x\nMessage-ID: <1@x>\nDate: {date}\n\n排队太久\n".encode()
    (item,) = CHANNELS["eml"](OPTIONS).read(io.BytesIO(mail))

    assert isinstance(item, InteractionIn)
    assert item.occurred_at == OPTIONS.now


def test_a_formula_over_several_cells_is_kept_as_it_was_typed() -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["编号", "内容"])
    sheet.append(["1", None])
    sheet["B2"] = ArrayFormula("B2", '=TEXTJOIN("",TRUE,C2:D2)')
    file = io.BytesIO()
    book.save(file)
    (item,) = CHANNELS["xlsx"](OPTIONS).read(io.BytesIO(file.getvalue()))

    assert isinstance(item, InteractionIn)
    assert [message.text for message in item.messages] == ['=TEXTJOIN("",TRUE,C2:D2)']
