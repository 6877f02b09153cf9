"""From a row of named texts to an interaction; CSV, XLSX and simple JSON lines share it."""

import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from app.channels.base import InteractionIn, ReadOptions, Rejected
from app.channels.columns import CHANNELS, plain
from app.channels.kinds import ChannelKind, Role, ScoreKind
from app.channels.problems import rejected
from app.channels.quotes import split_quotes

SCALES = {"csat": (1, 5), "nps": (0, 10)}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands: its line, the row as it came, and how often each row was met in this file before."""

    line: int
    raw: str
    met: Counter[str]

    def identity(self, options: ReadOptions) -> str:
        """An id made from the row, for one that has none.

        Two customers may say the same, so the second of two equal rows is another interaction; imported again,
        the same file gives the same ids.
        """
        self.met[self.raw] += 1
        times = self.met[self.raw]
        return "row-" + options.digest(self.raw.encode())[:32] + (f"-{times}" if times > 1 else "")


def interaction_of(
    row: dict[str, str], options: ReadOptions, place: Place, *, turns: list[dict[str, Any]] | None = None
) -> InteractionIn | Rejected:
    """Build the interaction of one row.

    `row`: field of columns.HEADERS to text; empty texts are the same as absent ones. `turns`: [{role, text}]
    where the row is a conversation.
    """
    row = {name: text.replace("\r\n", "\n").strip() for name, text in row.items() if text.strip()}
    channel, sub_channel = _channel(row, options)
    data: dict[str, Any] = {
        "external_id": row.get("external_id") or place.identity(options),
        "revision": row.get("revision", 0),
        "updated_at": row.get("updated_at"),
        "channel": channel,
        "sub_channel": sub_channel,
        "occurred_at": row.get("occurred_at", options.now),
        "subject": row.get("subject"),
        "messages": _messages(row.get("text", ""), channel) if turns is None else _numbered(turns),
        "scores": _scores(row),
    }
    data |= {name: row.get(name) for name in ("customer_ref", "product", "branch", "region")}
    try:
        return InteractionIn.model_validate(data, context={"zone": options.zone})
    except ValidationError as error:
        return rejected(error, line=place.line, raw=place.raw)


def own_words(text: str) -> list[dict[str, Any]]:
    """A mail as messages: the customer's words, and what he quotes as context that is not judged."""
    own, quoted = split_quotes(text)
    messages = [{"external_id": "0", "role": Role.CUSTOMER, "text": own}]
    return messages + ([{"external_id": "quoted", "role": Role.SYSTEM, "text": quoted}] if quoted else [])


def _channel(row: dict[str, str], options: ReadOptions) -> tuple[ChannelKind, str | None]:
    """The kind a row names; a name that no kind is known for stays as the sub-channel of the source's own kind."""
    written, sub_channel = row.get("channel", ""), row.get("sub_channel")
    kind = CHANNELS.get(plain(written)) or CHANNELS.get(plain(sub_channel or "")) or options.channel
    if plain(written) not in set(ChannelKind):
        sub_channel = sub_channel or written
    return kind, sub_channel or None


def _messages(text: str, channel: ChannelKind) -> list[dict[str, Any]]:
    if not text:
        return []
    return own_words(text) if channel == ChannelKind.EMAIL else _numbered([{"role": Role.CUSTOMER, "text": text}])


def _numbered(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"external_id": str(number), **turn} for number, turn in enumerate(turns)]


def _scores(row: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {"kind": ScoreKind(kind), "value": _number(row[kind]), "scale_min": low, "scale_max": high}
        for kind, (low, high) in SCALES.items()
        if kind in row
    ]


def _number(written: str) -> str:
    """`５分` and `5星` as the digit; anything else stays and is refused as no number."""
    return unicodedata.normalize("NFKC", written).rstrip("分星 ")
