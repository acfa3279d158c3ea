"""Reading a workbook that somebody uploads (上传的Excel): as small as its template, the header as it was, text only."""

from collections.abc import Sequence
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from registry.workbooks import BadWorkbook, opened

MOST_BYTES, MOST_UNPACKED = 1_000_000, 20_000_000


def cells(upload: UploadedFile, header: Sequence[str], *, most_rows: int) -> list[tuple[int, list[Any]]]:
    """The filled rows below the header, each with its number in the sheet and as many cells as the header has."""
    width = len(header)
    with opened(upload, most_bytes=MOST_BYTES, most_unpacked=MOST_UNPACKED) as book:
        sheet = book.worksheets[0]
        rows = [list(row[:width]) for row in sheet.iter_rows(max_row=most_rows + 2, values_only=True)]
    if not rows or [text_of(cell) for cell in rows[0]] != list(header):
        raise BadWorkbook(f"第一行应是表头：{'、'.join(header)}，请使用下载的模板填写。")
    filled = [
        (number, [*row, *[None] * (width - len(row))])
        for number, row in enumerate(rows[1:], 2)
        if any(text_of(cell) for cell in row)
    ]
    if not filled:
        raise BadWorkbook("文件里没有填写任何一行。")
    if filled[-1][0] > most_rows + 1:
        raise BadWorkbook(f"一次最多{most_rows}行，请分成几个文件。")
    return filled


def text_of(cell: object) -> str:
    """A cell as text, without blanks around it."""
    return "" if cell is None else str(cell).strip()
