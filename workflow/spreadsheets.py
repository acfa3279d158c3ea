"""The one writer of workbooks: text stays text, so that no cell can become a formula and no number is rounded."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

Value = str | int | float | Decimal | date | None
CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# What a spreadsheet may take for a formula, also full-width and behind blanks (CSV/XLSX injection).
DANGEROUS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook: a title, a header and rows.

    A sheet to be filled in says more: the width of its columns, which of them stay text whatever is typed (long
    numbers), and from which choices a column takes its content.
    """

    title: str
    header: Sequence[str]
    rows: Iterable[Sequence[Value]]
    widths: Sequence[int] = ()
    as_text: Iterable[str] = ()
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)


LISTS = "选项"
LAST_ROW = 3000
"""How far down the choices of a column reach in a sheet to be filled in."""


def write(sheets: Sequence[Sheet]) -> bytes:
    """The workbook as bytes."""
    book = Workbook(write_only=True)
    lists: list[Sequence[str]] = []
    for sheet in sheets:
        page = book.create_sheet(sheet.title[:31])
        page.freeze_panes = "A2"
        _prepare(page, sheet, lists)
        heads = [_cell(page, name) for name in sheet.header]
        for head in heads:
            head.font = Font(bold=True)
        page.append(heads)
        for row in sheet.rows:
            page.append([_cell(page, value) for value in row])
    if lists:
        page = book.create_sheet(LISTS)
        for at in range(max(map(len, lists))):
            page.append([_cell(page, one[at] if at < len(one) else None) for one in lists])
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _prepare(page: Any, sheet: Sheet, lists: list[Sequence[str]]) -> None:
    """Widths, text columns and choices, before the first row is written."""
    as_text = set(sheet.as_text)
    for at, name in enumerate(sheet.header, 1):
        letter = get_column_letter(at)
        if at <= len(sheet.widths):
            page.column_dimensions[letter].width = sheet.widths[at - 1]
        if name in as_text:
            page.column_dimensions[letter].number_format = "@"
        if offered := sheet.choices.get(name):
            lists.append(offered)
            column = get_column_letter(len(lists))
            rule = DataValidation(
                type="list",
                formula1=f"{LISTS}!${column}$1:${column}${len(offered)}",
                allow_blank=True,
                showErrorMessage=True,
                errorTitle="请从列表里选择",
                error=f"“{name}”只能从列表里选择。",
            )
            rule.add(f"{letter}2:{letter}{LAST_ROW}")
            page.data_validations.append(rule)


def is_dangerous(text: str) -> bool:
    """Whether a spreadsheet might take a text for a formula once somebody edits it or types it in anew."""
    return text.lstrip(" \u3000").startswith(DANGEROUS)


def plain(text: str) -> str:
    """The text without the control characters that XML forbids, and with line ends of one kind."""
    return ILLEGAL_CHARACTERS_RE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _cell(page: Any, value: Value) -> Any:
    """A text is written as a text, letter for letter; a dangerous one is marked as such in its format (ADR 19)."""
    if isinstance(value, str):
        cell = WriteOnlyCell(page, value=plain(value))
        cell.data_type = "s"
        cell.quotePrefix = is_dangerous(value)
        return cell
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value
