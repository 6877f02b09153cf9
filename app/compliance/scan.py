"""The leak scan: no identifier that we know stands readable anywhere in the store or in the files beside it.

What is known comes from the sealed originals, at the places where masking found something, or from a file of planted
identifiers. It is held in memory while the scan runs; a finding names a place and a kind, never the identifier.
"""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import MetaData, select
from sqlmodel import col
from sqlmodel import select as select_rows

from app.errors import Invalid
from app.feedback import contents
from app.feedback.models import Interaction, Message
from app.store.base import SEAL_MARK
from nlp.leaks import Known
from nlp.taxonomy import pii_title

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Table
    from sqlmodel import Session

    from app.store.engine import Store

PAGE = 500  # rows read at once
CHUNK = 1 << 20  # characters of a file read at once…
OVERLAP = 256  # …with so many of the ones before, longer than any identifier
DIGEST = re.compile(r"[0-9a-f]{64}")  # SHA-256 in hex, keyed or of the audit chain
BINARY = {".sqlite", ".sqlite-wal", ".sqlite-shm", ".safetensors", ".lock"}  # the store is read by its columns


@dataclass(slots=True)
class Report:
    """What was looked for and where; `found`: (place, kind) → number of rows or chunks that hold one."""

    known: int = 0
    columns: int = 0
    values: int = 0
    files: int = 0
    skipped: list[str] = field(default_factory=list)  # files that are no text
    found: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def leaks(self) -> list[tuple[str, str, int]]:
        """Place, title of the kind and number, in order."""
        return [(place, pii_title(kind), count) for (place, kind), count in sorted(self.found.items())]


def known_in_store(store: Store) -> Known:
    """Every masked piece of every message and subject, as it stands in the sealed original."""
    with store.read() as session:
        return Known(_from_originals(session))


def known_in_file(path: Path) -> Known:
    """The identifiers marked in rows such as data/samples/corpus.jsonl. Raises Invalid with the line's number."""
    with path.open(encoding="utf-8") as lines:
        return Known(_planted(lines))


def _from_originals(session: Session) -> Iterator[tuple[str, str]]:
    for message in session.exec(select_rows(Message).where(col(Message.masked_text).is_not(None))):
        if message.pii:
            text = contents.original(session, message)
            yield from ((text[start:end], kind) for start, end, kind, *_ in message.pii)
    for interaction in session.exec(select_rows(Interaction).where(col(Interaction.subject_masked).is_not(None))):
        if interaction.subject_pii:
            subject = contents.original_subject(session, interaction) or ""
            yield from ((subject[start:end], kind) for start, end, kind, *_ in interaction.subject_pii)


def _planted(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            parts = [*row.get("turns", ()), {"text": row.get("text"), "pii": row.get("text_pii")}]
            parts.append({"text": row.get("subject"), "pii": row.get("subject_pii")})
            for part in parts:
                for start, end, kind in part.get("pii") or ():
                    yield part["text"][start:end], kind
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Invalid(f"第 {number} 行读不懂（{type(error).__name__}）。", field="planted") from None


def scan(
    store: Store,
    known: Known,
    files: Iterable[Path],
    *,
    tell: Callable[[str], None] = lambda _: None,
) -> Report:
    """Look through every column of every table and through the files; `tell` gets the name of each place."""
    report = Report(known=len(known))
    with store.connect() as connection:
        for table in _tables(connection):
            tell(table.name)
            _scan_table(connection, table, known, report)
    for path in files:
        tell(path.name)
        _scan_file(path, known, report)
    return report


def files_in(folders: Iterable[Path]) -> list[Path]:
    """All readable files of the folders, and single files; the store's own are left to `scan`."""
    found = {path for folder in folders for path in (folder.rglob("*") if folder.is_dir() else [folder])}
    return sorted(path for path in found if path.is_file() and path.suffix not in BINARY)


def _tables(connection: Connection) -> list[Table]:
    """The tables as the database has them, so that none is forgotten."""
    metadata = MetaData()
    metadata.reflect(connection)
    return list(metadata.sorted_tables)


def _scan_table(connection: Connection, table: Table, known: Known, report: Report) -> None:
    report.columns += len(table.columns)
    rows = connection.execution_options(yield_per=PAGE).execute(select(table))
    for row in rows:
        for column, value in zip(table.columns, row, strict=True):
            text = _readable(value)
            if text:
                report.values += 1
                _note(report, f"{table.name}.{column.name}", known.kinds_in(text))


def _readable(value: object) -> str:
    """The text of a value: of bytes if they are text and not sealed, of JSON as it is written; else "".

    A digest is nobody's words: in one of thousands a short password stands by chance.
    """
    if isinstance(value, str):
        return "" if DIGEST.fullmatch(value) else value
    if isinstance(value, bytes):
        try:
            return "" if value.startswith(SEAL_MARK) else value.decode()
        except UnicodeDecodeError:
            return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else ""


def _scan_file(path: Path, known: Known, report: Report) -> None:
    with path.open("rb") as head:
        start = head.read(CHUNK)
    if b"\0" in start:
        report.skipped.append(path.name)
        return
    report.files += 1
    before = ""
    with path.open(encoding=_encoding(start), errors="replace") as file:
        while chunk := file.read(CHUNK):
            _note(report, str(path), known.kinds_in(before + chunk))
            before = chunk[-OVERLAP:]


def _encoding(start: bytes) -> str:
    """UTF-8, or else what Chinese programs write beside it."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)  # the last character may be cut
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _note(report: Report, place: str, kinds: set[str]) -> None:
    report.found.update((place, kind) for kind in kinds)
