"""Opening text files in the encodings that Chinese programs write."""

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import BinaryIO

BLOCK = 1024 * 1024
BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
BROKEN = "\ufffd"  # stands where a byte could not be decoded


def encoding_of(source: BinaryIO) -> str:
    """UTF-8 where the whole file is that, else GB18030; a byte-order mark decides at once.

    Reads the file once in blocks and rewinds it.
    """
    start = source.read(4)
    source.seek(0)
    for mark, name in BOMS.items():
        if start.startswith(mark):
            return name
    decodes = [name for name in ("utf-8", "gb18030") if _decodes(source, name)]
    return decodes[0] if decodes else "utf-8"


def _decodes(source: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        while block := source.read(BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    finally:
        source.seek(0)
    return True


@contextmanager
def open_text(source: BinaryIO) -> Iterator[TextIOWrapper]:
    """The file as text with its line ends kept; what cannot be decoded reads as `BROKEN`.

    The file stays the caller's to close.
    """
    text = TextIOWrapper(source, encoding=encoding_of(source), errors="replace", newline="")
    try:
        yield text
    finally:
        text.detach()


def numbered_lines(text: TextIOWrapper, *, limit: int) -> Iterator[tuple[int, str | None]]:
    """Lines with their numbers from 1; None for a line of more than `limit` code points, which is skipped."""
    number = 0
    while line := text.readline(limit):
        number += 1
        whole = True
        while not line.endswith("\n") and len(line) == limit:
            whole = False
            line = text.readline(limit)
        yield number, line if whole else None
