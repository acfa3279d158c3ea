"""The one writer of workbooks: text stays text, so that no cell can become a formula and no number is rounded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

Value = str | int | float | Decimal | date | None
CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# What a spreadsheet may take for a formula, also full-width and behind blanks (CSV/XLSX injection).
DANGEROUS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook: a title, a header and rows."""

    title: str
    header: Sequence[str]
    rows: Iterable[Sequence[Value]]


def write(sheets: Sequence[Sheet]) -> bytes:
    """The workbook as bytes."""
    book = Workbook(write_only=True)
    for sheet in sheets:
        page = book.create_sheet(sheet.title[:31])
        page.freeze_panes = "A2"
        heads = [WriteOnlyCell(page, value=safe(name)) for name in sheet.header]
        for head in heads:
            head.font = Font(bold=True)
        page.append(heads)
        for row in sheet.rows:
            page.append([_cell(page, value) for value in row])
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula; control characters that XML forbids are dropped."""
    clean = ILLEGAL_CHARACTERS_RE.sub("", text)
    return f"'{clean}" if clean.lstrip(" \u3000").startswith(DANGEROUS) else clean


def _cell(page: Any, value: Value) -> Any:
    if isinstance(value, str):
        cell = WriteOnlyCell(page, value=safe(value))
        cell.data_type = "s"
        return cell
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value
