"""XLSX: the first sheet, read row by row. A formula is kept as the text that was typed, never computed."""

import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import BinaryIO

from app.channels import table
from app.channels.base import InteractionIn, ReadOptions, Rejected

MAX_UNPACKED = 512 * 1024 * 1024
MAX_PARTS = 10_000
EXACT = 10**15  # Excel keeps 15 digits of a number; what is longer has lost its end


class XlsxChannel:
    """One interaction a row."""

    def __init__(self, options: ReadOptions) -> None:
        self._options = options

    def read(self, source: BinaryIO) -> Iterator[InteractionIn | Rejected]:
        """Yield an item for every row that is not blank; one `Rejected` where the file is no workbook."""
        problem = _unsafe(source)
        if problem:
            yield Rejected(field="file", message=problem)
            return
        source.seek(0)
        try:
            yield from table.interactions(_rows(source), self._options)
        except Exception:  # noqa: BLE001 - openpyxl raises whatever a damaged part provokes
            yield Rejected(field="file", message="工作簿已损坏，从这里起没有读入")


def _unsafe(source: BinaryIO) -> str | None:
    try:
        with zipfile.ZipFile(source) as archive:
            parts = archive.infolist()
    except zipfile.BadZipFile:
        return "不是 XLSX 文件"
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        return f"解压后超过 {MAX_UNPACKED // 1024 // 1024} MB，没有读入"
    return None


def _rows(source: BinaryIO) -> Iterator[table.Row]:
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions that carry no data
        workbook = load_workbook(source, read_only=True, data_only=False, keep_links=False)
    sheet = workbook.worksheets[0]
    sheet.reset_dimensions()  # some exporters write a wrong size
    for line, cells in enumerate(sheet.iter_rows(values_only=True, max_col=table.MAX_COLUMNS), start=1):
        if any(isinstance(cell, int | float) and abs(cell) >= EXACT for cell in cells):
            message = "有超过 15 位的编号被存成了数字，末位已经丢失；请把这一列设为文本后重新填写"
            yield line, Rejected(line=line, field="line", message=message)
        else:
            yield line, [_text(cell) for cell in cells]
    workbook.close()


def _text(cell: object) -> str:
    from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

    if cell is None:
        return ""
    if isinstance(cell, ArrayFormula):
        return cell.text or ""
    if isinstance(cell, DataTableFormula):
        return f"=TABLE({cell.r1 or ''},{cell.r2 or ''})"  # as a sheet shows it
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
