"""Templates filled in as a village does, and files as they really come: each made here, byte by byte."""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import load_workbook
from openpyxl.workbook import Workbook

Change = Callable[[Workbook], None]


def upload(content: bytes, name: str = "填好的表.xlsx") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def filled(template: bytes, rows: Sequence[dict[str, Any]], *changes: Change) -> bytes:
    """The template with these rows written over its own, by the names of its columns."""
    book = load_workbook(BytesIO(template))
    sheet = book["填报"]
    head = {cell.value: cell.column for cell in sheet[1]}
    sheet.delete_rows(2, sheet.max_row)
    for at, row in enumerate(rows, 2):
        for name, value in row.items():
            sheet.cell(at, head[name]).value = value
    for change in changes:
        change(book)
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def repacked(content: bytes, **parts: bytes) -> bytes:
    """The same workbook with parts added or replaced, names written with __ for / (xl__vbaProject.bin)."""
    given = {name.replace("__", "/"): body for name, body in parts.items()}
    buffer = BytesIO()
    with ZipFile(BytesIO(content)) as old, ZipFile(buffer, "w", ZIP_DEFLATED) as new:
        for part in old.infolist():
            if part.filename not in given:
                new.writestr(part.filename, old.read(part))
        for name, body in given.items():
            new.writestr(name, body)
    return buffer.getvalue()


def rows_of(content: bytes) -> list[dict[str, Any]]:
    """A sheet of lines as a person reads it."""
    rows = list(load_workbook(BytesIO(content))["填报"].iter_rows(values_only=True))
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
