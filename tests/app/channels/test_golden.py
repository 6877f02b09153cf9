"""Every format reads its golden inputs into exactly the expected values; a new format needs such an input."""

import hashlib
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.channels import CHANNELS
from app.channels.base import ReadOptions
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
