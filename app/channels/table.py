"""What CSV and XLSX have in common: a header, then rows of texts."""

import csv
import io
from collections import Counter
from collections.abc import Iterator

from app.channels.base import MAX_LINE_BYTES, InteractionIn, ReadOptions, Rejected
from app.channels.columns import guess
from app.channels.files import BROKEN
from app.channels.rows import Place, interaction_of

HEADER_ROWS = 10  # exports put a title above the header; it is looked for this far down
MAX_COLUMNS = 300

Row = tuple[int, list[str] | Rejected]
"""(line, cells), or why the line has no cells."""


def interactions(rows: Iterator[Row], options: ReadOptions) -> Iterator[InteractionIn | Rejected]:
    """Read a table. Without a header that names the text or a score, one `Rejected` is all there is."""
    header = _header(rows, options.mapping)
    if isinstance(header, Rejected):
        yield header
        return
    width, columns = header
    met = Counter[str]()
    for line, cells in rows:
        if isinstance(cells, Rejected):
            yield cells
        elif any(cell.strip() for cell in cells):
            yield _item(cells, columns, width, options, Place(line, _as_csv(cells), met))


def _header(rows: Iterator[Row], mapping: dict[str, str]) -> tuple[int, dict[str, int]] | Rejected:
    reason = "表里没有能认出的表头：至少要有“内容”或“评分”一列，或用列对应指明"
    for line, cells in rows:
        if isinstance(cells, Rejected) or line > HEADER_ROWS:
            break
        names = [cell.strip() for cell in cells]
        try:
            columns = guess(names, mapping)
        except ValueError as error:
            reason = str(error)
            continue
        if columns.keys() & {"text", "csat", "nps"}:
            return len(names), columns
    return Rejected(line=1, field="header", message=reason)


def _item(
    cells: list[str], columns: dict[str, int], width: int, options: ReadOptions, place: Place
) -> InteractionIn | Rejected:
    line, raw = place.line, place.raw
    if any(cell.strip() for cell in cells[width:]):
        return Rejected(line=line, field="line", message="单元格比表头多，可能少了引号", raw=raw)
    if len(raw) > MAX_LINE_BYTES:
        return Rejected(line=line, field="line", message=f"这一行超过 {MAX_LINE_BYTES // 1024} KB")
    if BROKEN in raw:
        return Rejected(line=line, field="line", message="编码既不是 UTF-8 也不是 GB18030", raw=raw)
    row = {name: cells[at] for name, at in columns.items() if at < len(cells)}
    return interaction_of(row, options, place)


def _as_csv(cells: list[str]) -> str:
    """The row as one line of CSV, without the empty cells at its end."""
    used = max((at for at, cell in enumerate(cells, start=1) if cell), default=0)
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells[:used])
    return out.getvalue()
