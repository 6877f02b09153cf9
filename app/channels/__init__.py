"""Formats in which feedback arrives: one module each, bytes to values, no database.

A new format is a module with a `Channel`, a line in `CHANNELS`, a golden input and its expected interactions.
"""

from app.channels.base import Channel
from app.channels.csv import CsvChannel
from app.channels.eml import EmlChannel
from app.channels.jsonl import JsonLinesChannel
from app.channels.standard import StandardChannel
from app.channels.xlsx import XlsxChannel

CHANNELS: dict[str, type[Channel]] = {
    "standard": StandardChannel,
    "jsonl": JsonLinesChannel,
    "csv": CsvChannel,
    "xlsx": XlsxChannel,
    "eml": EmlChannel,
}
# What a source may deliver: one body, one interaction, so that the acknowledgement speaks for all of it. The others
# hold many items, of which the bad ones belong in a rejects file: they are imported.
DELIVERED = ("standard",)
