"""The names the service works with: label heads with their values, kinds of personal data, rule lists.

They are data, in `data/taxonomy` and `data/rules`, so that a bank can read and change them; code holds none
of these lists twice.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parent.parent / "data"


@cache
def read(name: str) -> dict[str, Any]:
    """The JSON object in `data/<name>`; read once, never change it."""
    loaded: dict[str, Any] = json.loads((DATA / name).read_text(encoding="utf-8"))
    return loaded


def lines(name: str) -> list[str]:
    """The entries of a word list in `data/<name>`: one a line, `#` starts a comment."""
    text = (DATA / name).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def digest(*names: str) -> str:
    """Eight hex digits of what these data files hold; part of a stage's version."""
    content = b"".join((DATA / name).read_bytes() for name in names)
    return hashlib.sha256(content).hexdigest()[:8]


def heads() -> tuple[str, ...]:
    """The label heads in their order: intent, touchpoint, business, cause, sentiment, risk."""
    return tuple(read("taxonomy/labels.json"))


def head_title(head: str) -> str:
    """The Chinese name of a head; KeyError for an unknown one."""
    return str(read("taxonomy/labels.json")[head]["title"])


def values(head: str) -> tuple[str, ...]:
    """The values of a head in their order; those of sentiment are "-2" … "2". KeyError for an unknown head."""
    return tuple(read("taxonomy/labels.json")[head]["values"])


def title(head: str, value: str | int) -> str:
    """The Chinese name of a value; KeyError for an unknown one."""
    return str(read("taxonomy/labels.json")[head]["values"][str(value)])


def pii_kinds() -> tuple[str, ...]:
    """The kinds of personal data that can be masked."""
    return tuple(read("taxonomy/pii.json"))


def pii_title(kind: str) -> str:
    """The Chinese name that stands in the placeholder of a kind; KeyError for an unknown one."""
    return str(read("taxonomy/pii.json")[kind]["title"])
