"""Lists of the bank's own, such as its customers: CSV in UTF-8 with a header, read as a whole or not at all."""

import csv
import io
from collections.abc import Sequence
from typing import BinaryIO, TypeVar

from pydantic import BaseModel, ValidationError

from app.errors import Invalid, TooLarge

MIB = 1024 * 1024
RowT = TypeVar("RowT", bound=BaseModel)


def read_list(source: BinaryIO, row: type[RowT], *, title: str, max_bytes: int) -> list[RowT]:
    """Every row that is not blank; an empty cell is the same as none, and so is a column that `row` does not know.

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
    lines = csv.reader(io.StringIO(text, newline=None), strict=True)  # whatever the line ends
    rows: list[RowT] = []
    ended = 0  # line of the last good row
    try:
        header = next(filter(None, lines), None)
        if header is None:
            raise Invalid(f"{title}是空的，一行也没有。", field="file")
        names = _names(header, row, title=title, line=lines.line_num)
        for cells in filter(None, lines):
            rows.append(_row(names, cells, row, line=lines.line_num))
            ended = lines.line_num
    except csv.Error as error:
        line = lines.line_num
        why = f"有一格超过 {csv.field_size_limit():,} 字" if "limit" in str(error) else "引号没有配对或用法不对"
        told = f"第 {ended + 1} 行起{why}，读到第 {line} 行停下"
        raise Invalid(f"{told}；整个文件没有读入，请改正后重试。", field="line", line=line) from None
    return rows


def _names(header: Sequence[str], row: type[BaseModel], *, title: str, line: int) -> list[str]:
    """The columns' names, without blanks around and in small letters.

    They are not repeated in a message: without a header the first line is somebody's.
    """
    names = [name.strip().lower() for name in header]
    while names and not names[-1]:
        names.pop()  # a spreadsheet's empty columns; a cell that stands under one is told as one too many
    for name, field in row.model_fields.items():
        if field.is_required() and name not in names:
            told = f"{title}的第一行须是列名，其中没有 {name}（列名用英文，以逗号分隔）"
            raise Invalid(f"{told}；整个文件没有读入，请改正后重试。", field=name, line=line)
        if names.count(name) > 1:
            told = f"{title}的表头里 {name} 不止一列"
            raise Invalid(f"{told}；整个文件没有读入，请改正后重试。", field=name, line=line)
    if "" in names:
        told = f"{title}的表头里第 {names.index('') + 1} 列没有列名"
        raise Invalid(f"{told}；整个文件没有读入，请补上列名或删去这一列后重试。", field="header", line=line)
    return names


def _row(names: Sequence[str], cells: Sequence[str], row: type[RowT], *, line: int) -> RowT:
    """A row of another length than the header's may hold every cell under a wrong name."""
    more, fewer = any(cell.strip() for cell in cells[len(names) :]), len(cells) < len(names)
    if more or fewer:
        told = f"第 {line} 行的单元格比表头{'多' if more else '少'}，可能少了{'引号' if more else '逗号'}"
        raise Invalid(f"{told}；整个文件没有读入，请改正后重试。", field="line", line=line)
    try:
        return row.model_validate({name: cell for name, cell in zip(names, cells, strict=False) if cell})
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        told = f"第 {line} 行的 {field} 不对"
        raise Invalid(f"{told}；整个文件没有读入，请改正后重试。", field=field, line=line) from None
