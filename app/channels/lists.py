"""Lists of the bank's own, such as its customers: CSV in UTF-8 with a header, read as a whole or not at all."""

import csv
import io
from collections.abc import Sequence
from typing import Any, BinaryIO, TypeVar

from pydantic import BaseModel, ValidationError

from app.errors import Invalid, TooLarge

MIB = 1024 * 1024
RowT = TypeVar("RowT", bound=BaseModel)


def read_list(source: BinaryIO, row: type[RowT], *, title: str, max_bytes: int) -> list[RowT]:
    """Every row that is not blank; an empty cell is the same as none.

    A header without a needed column and the first bad row raise Invalid with the line it ends on; a file over
    `max_bytes` raises TooLarge.
    """
    data = source.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise TooLarge(f"{title}超过 {max_bytes // MIB} MB，请分成几个文件。")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(f"{title}须是 UTF-8 编码的 CSV，请另存为 UTF-8。", field="file") from None
    reader = csv.DictReader(io.StringIO(text), strict=True)
    lines = reader.reader  # its number of lines is right where the other's is late by blank ones
    rows: list[RowT] = []
    ended = 0  # line of the last good row
    try:
        names = list(reader.fieldnames or [])
        while names and not names[-1].strip():
            names.pop()  # a spreadsheet's empty columns; a cell that stands under one is told as one too many
        _check_header(names, row, title=title)
        reader.fieldnames = names
        for cells in reader:
            rows.append(_row(cells, row, line=lines.line_num))
            ended = lines.line_num
    except csv.Error:
        line = lines.line_num
        told = f"第 {ended + 1} 行起引号没有配对或用法不对，读到第 {line} 行停下"
        raise Invalid(f"{told}；整个文件没有读入，请改正后重试。", field="line", line=line) from None
    return rows


def _check_header(names: Sequence[str], row: type[BaseModel], *, title: str) -> None:
    """The names themselves are not repeated: without a header the first line is somebody's."""
    for name, field in row.model_fields.items():
        if names and field.is_required() and name not in names:
            told = f"{title}的第一行须是列名，其中没有 {name}（列名用英文，以逗号分隔）"
            raise Invalid(f"{told}；整个文件没有读入，请改正后重试。", field=name, line=1)
        if names.count(name) > 1:
            told = f"{title}的表头里 {name} 不止一列"
            raise Invalid(f"{told}；整个文件没有读入，请改正后重试。", field=name, line=1)
    unnamed = next((number for number, name in enumerate(names, 1) if not name.strip()), None)
    if unnamed:
        told = f"{title}的表头里第 {unnamed} 列没有列名"
        raise Invalid(f"{told}；整个文件没有读入，请补上列名或删去这一列后重试。", field="header", line=1)


def _row(cells: dict[str | Any, str | Any], row: type[RowT], *, line: int) -> RowT:
    if any(cell.strip() for cell in cells.pop(None, [])):
        told = f"第 {line} 行的单元格比表头多，可能少了引号"
        raise Invalid(f"{told}；整个文件没有读入，请改正后重试。", field="line", line=line)
    try:
        return row.model_validate({name: cell for name, cell in cells.items() if cell})
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        told = f"第 {line} 行的 {field} 不对"
        raise Invalid(f"{told}；整个文件没有读入，请改正后重试。", field=field, line=line) from None
