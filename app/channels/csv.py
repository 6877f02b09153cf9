"""CSV and TSV: UTF-8 or GB18030, comma, semicolon or tab. Cells are data, also those that look like formulas."""

import csv
from collections.abc import Iterator
from io import TextIOWrapper
from typing import BinaryIO

from app.channels import table
from app.channels.base import InteractionIn, ReadOptions, Rejected
from app.channels.columns import guess
from app.channels.files import open_text

DELIMITERS = (",", "\t", ";", "，")


class CsvChannel:
    """One interaction a row."""

    def __init__(self, options: ReadOptions) -> None:
        self._options = options

    def read(self, source: BinaryIO) -> Iterator[InteractionIn | Rejected]:
        """Yield an item for every row that is not blank."""
        with open_text(source) as text:
            delimiter = _delimiter(text)
            text.seek(0)
            yield from table.interactions(_rows(text, delimiter), self._options)


def _delimiter(text: TextIOWrapper) -> str:
    """The one under which the first lines name most of our fields."""
    lines = [text.readline(100_000) for _ in range(table.HEADER_ROWS)]
    known = {mark: max((len(guess(line.strip().split(mark), {})) for line in lines), default=0) for mark in DELIMITERS}
    return max(known, key=lambda mark: known[mark])


def _rows(text: TextIOWrapper, delimiter: str) -> Iterator[table.Row]:
    """Rows with the line they start on; `strict` so that a stray quote is told instead of swallowing lines."""
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, Rejected(line=line, field="line", message=_words(error, line, reader.line_num))


def _words(error: csv.Error, first: int, last: int) -> str:
    if "end of data" in str(error) or "field limit" in str(error):
        return f"引号没有配对，第 {first} 行到第 {last} 行没有读入"
    return "引号用法不对：含引号的单元格须整个放在引号里，里面的引号写两个"
