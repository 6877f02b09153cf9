"""JSON lines: the standard format one a line, or the plainer `{id, text}` and `{id, turns}` rows."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

from pydantic import ValidationError

from app.channels.base import MAX_LINE_BYTES, InteractionIn, ReadOptions, Rejected
from app.channels.files import BROKEN, numbered_lines, open_text
from app.channels.problems import rejected
from app.channels.rows import Place, interaction_of

# What a plain row may hold, and our name for it. All else in it (labels, notes) is never read.
PLAIN = {"id": "external_id", "source": "sub_channel"} | {
    name: name
    for name in (
        *("channel", "sub_channel", "occurred_at", "customer_ref", "region", "branch", "product"),
        *("csat", "nps", "subject", "text", "revision", "updated_at"),
    )
}


class JsonLinesChannel:
    """One interaction a line."""

    def __init__(self, options: ReadOptions) -> None:
        self._options = options

    def read(self, source: BinaryIO) -> Iterator[InteractionIn | Rejected]:
        """Yield an item for every line that is not blank."""
        met = Counter[str]()
        with open_text(source) as text:
            for number, line in numbered_lines(text, limit=MAX_LINE_BYTES):
                if line is None:
                    yield Rejected(line=number, field="line", message=f"这一行超过 {MAX_LINE_BYTES // 1024} KB")
                elif line.strip():
                    yield self._item(Place(number, line.strip(), met))

    def _item(self, place: Place) -> InteractionIn | Rejected:
        line, number = place.raw, place.line
        if BROKEN in line:
            return Rejected(line=number, field="line", message="编码既不是 UTF-8 也不是 GB18030", raw=line)
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            return Rejected(line=number, field="line", message="不是合法的 JSON", raw=line)
        if not isinstance(data, dict):
            return Rejected(line=number, field="line", message="须是一个 JSON 对象", raw=line)
        if "external_id" in data:
            try:
                return InteractionIn.model_validate_json(line, context={"zone": self._options.zone})
            except ValidationError as error:
                return rejected(error, line=number, raw=line)
        return self._plain(data, place)

    def _plain(self, data: dict[str, Any], place: Place) -> InteractionIn | Rejected:
        """A row such as {id, text, source}; ids may be numbers, everything else must be text."""
        line, number = place.raw, place.line
        row = {ours: data[name] for name, ours in PLAIN.items() if data.get(name) is not None}
        for name in ("external_id", "csat", "nps", "revision"):
            if isinstance(row.get(name), int | float) and not isinstance(row[name], bool):
                row[name] = str(row[name])
        wrong = next((name for name, value in row.items() if not isinstance(value, str)), None)
        if wrong:
            return Rejected(line=number, field=wrong, message="须是文字", raw=line)
        turns = data.get("turns")
        if turns is None:
            return interaction_of(row, self._options, place)
        if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
            return Rejected(line=number, field="turns", message="须是由 {role, text} 组成的数组", raw=line)
        spoken = [{"role": turn.get("role"), "text": turn.get("text")} for turn in turns]
        return interaction_of(row, self._options, place, turns=spoken)
