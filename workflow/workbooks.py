"""Reading an uploaded workbook: what the file really is, its one sheet of lines, and each cell as text or a fault.

Nothing of a file is believed: not its name, not its type, not the size it says it unpacks to.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from django.core.files.uploadedfile import UploadedFile
from openpyxl import load_workbook

from registry.refusal import Refused
from registry.sensitive import HALF_WIDTH
from registry.workbooks import BadWorkbook, refuse_strange

__all__ = ["BadCell", "BadWorkbook", "Column", "Line", "Read", "lines", "read"]

MOST_BYTES, MOST_UNPACKED, MOST_PARTS = 5_000_000, 40_000_000, 400
MOST_ROWS, MOST_COLUMNS, LONGEST_TEXT = 1000, 60, 1000
FILL_IN, ABOUT = "填报", "说明"
FAULT = "问题"
"""The column that a downloaded sheet of faulty rows has more; sent in again it is not read."""
OLE = b"\xd0\xcf\x11\xe0"
SAFE_DIGITS = 15
"""More digits than these a spreadsheet does not keep in a number."""


class BadCell(Refused):
    """A cell whose content cannot be used."""


@dataclass(frozen=True)
class Column:
    """One column of a template: how its cells are read, and what the template offers for it."""

    name: str
    kind: str = "text"
    """text, digits (long numbers that must stay text), decimal, date, or choice."""
    choices: tuple[str, ...] = ()
    width: int = 14
    help: str = ""


@dataclass(frozen=True)
class Line:
    """One filled line: its number in the sheet, each column as text, and what is wrong with it."""

    number: int
    given: dict[str, str]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Read:
    """What a workbook holds: what its 说明 says it is for, and its sheet of lines, still as cells."""

    marks: dict[str, str]
    rows: list[list[Any]] = field(repr=False)


def read(upload: UploadedFile) -> Read:
    """Open an upload as a filled-in template. Raises BadWorkbook."""
    content = _content(upload)
    try:
        with ZipFile(BytesIO(content)) as packed:
            _refuse_wrong_parts(packed)
            _refuse_merged(packed)
        book = load_workbook(BytesIO(content), read_only=True, data_only=False)
        hidden = [sheet.title for sheet in book.worksheets if sheet.sheet_state != "visible"]
        if hidden:
            raise BadWorkbook(f"文件里有隐藏的工作表“{hidden[0]}”，请取消隐藏并核对，或者删除后再上传。")
        if FILL_IN not in book.sheetnames or ABOUT not in book.sheetnames:
            raise BadWorkbook(
                f"文件里没有“{FILL_IN}”和“{ABOUT}”两张工作表，请下载本系统的模板，填好后再上传。"
            )
        return Read(_marks(book[ABOUT]), _rows(book[FILL_IN]))
    except BadWorkbook:
        raise
    except Exception as broken:
        # Whatever the library meets in a file that somebody has tampered with, the person reads one sentence.
        raise BadWorkbook("文件打不开，可能已损坏，请用Excel重新保存为.xlsx后再上传。") from broken


def _content(upload: UploadedFile) -> bytes:
    if not upload.size:
        raise BadWorkbook("文件是空的，请重新选择。")
    if upload.size > MOST_BYTES:
        raise BadWorkbook(f"文件超过{MOST_BYTES // 1_000_000}MB，请使用下载的模板填写，不要插入图片。")
    upload.seek(0)
    content: bytes = upload.read()
    if content.startswith(OLE):
        raise BadWorkbook("这是旧版Excel（.xls）或者加了密码的文件，请去掉密码，另存为.xlsx后再上传。")
    if not content.startswith(b"PK\x03\x04"):
        raise BadWorkbook("这不是Excel（.xlsx）文件，请选择填好的模板。")
    return content


def _refuse_wrong_parts(packed: ZipFile) -> None:
    names = set(packed.namelist())
    refuse_strange(packed, most_unpacked=MOST_UNPACKED, most_parts=MOST_PARTS)
    if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
        raise BadWorkbook("这不是Excel（.xlsx）文件，请选择填好的模板。")


def _refuse_merged(packed: ZipFile) -> None:
    for part in packed.infolist():
        if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
            found = re.search(rb'<(?:\w+:)?mergeCell [^>]*ref="([A-Z0-9:]+)"', packed.read(part))
            if found:
                place = found[1].decode("ascii")
                head = " 表头" if re.search(r"\D1(\D|$)", place) else ""
                raise BadWorkbook(f"文件里有合并的单元格（{place}{head}），请取消合并，一格填一项，再上传。")


def _marks(sheet: Any) -> dict[str, str]:
    rows = sheet.iter_rows(max_row=12, max_col=2, values_only=True)
    return {_plain(row[0]): _plain(row[1]) for row in rows if len(row) == 2 and row[0] is not None}


def _rows(sheet: Any) -> list[list[Any]]:
    sheet.reset_dimensions()
    found: list[list[Any]] = []
    filled = 0
    for row in sheet.iter_rows(max_col=MOST_COLUMNS):
        found.append(list(row))
        filled += any(cell.value is not None for cell in row)
        # Prefilled lines that nobody applies for count as well: the template of a large village has some.
        if filled > 5 * MOST_ROWS:
            raise BadWorkbook(f"表格的行数太多，一次最多录入{MOST_ROWS}行，请分成几个文件上传。")
    return found


def lines(rows: Sequence[Sequence[Any]], columns: Sequence[Column]) -> list[Line]:
    """The filled lines under the header, each cell as text. Raises BadWorkbook where the header does not fit."""
    wanted = {column.name: column for column in columns}
    head = [_plain(cell.value) for cell in rows[0]] if rows else []
    places: dict[str, int] = {}
    for at, name in enumerate(head):
        if name in places:
            raise BadWorkbook(f"表头有两列“{name}”，请使用下载的模板填写，不要改动表头。")
        if name:
            places[name] = at
    missing = [name for name in wanted if name not in places]
    strange = [name for name in places if name not in wanted and name != FAULT]
    if missing or strange:
        told = [f"缺少“{'”“'.join(missing)}”"] if missing else []
        told += [f"多出“{'”“'.join(name[:20] for name in strange)}”"] if strange else []
        raise BadWorkbook(
            f"第一行的表头和模板不一样：{'，'.join(told)}。请使用下载的模板填写，不要改动表头。"
        )
    found = []
    for number, row in enumerate(rows[1:], 2):
        cells = {name: row[at] for name, at in places.items() if name in wanted and at < len(row)}
        if any(_plain(cell.value) for cell in cells.values()):
            found.append(_line(number, cells, wanted))
    return found


def _line(number: int, cells: Mapping[str, Any], wanted: Mapping[str, Column]) -> Line:
    given, faults = {}, []
    for name, column in wanted.items():
        cell = cells.get(name)
        given[name] = _plain(cell.value) if cell is not None else ""
        if cell is None or not given[name]:
            continue
        try:
            if cell.data_type == "f" or (cell.data_type != "s" and given[name].startswith("=")):
                raise BadCell("是公式，请改成数值（复制后选择性粘贴为“数值”）")
            if cell.data_type == "e":
                raise BadCell(f"是错误值{given[name][:20]}，请重新填写")
            if len(given[name]) > LONGEST_TEXT:
                raise BadCell(f"超过{LONGEST_TEXT}个字，请缩短")
            given[name] = READERS[column.kind](cell.value, column)
        except BadCell as bad:
            faults.append(f"“{name}”{bad.sentence}")
    return Line(number, given, tuple(faults))


def _plain(value: object) -> str:
    """A cell as text: whole numbers without a decimal point, days as 2021-10-01, outer blanks gone."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, float):
        return f"{value:.15g}"
    text = str(value).strip().replace("\u200b", "")
    # What our own workbooks put before a text that a spreadsheet would take for a formula.
    return text[1:] if text[:2] in {"'=", "'+", "'-", "'@"} else text


def _text(value: object, column: Column) -> str:
    if isinstance(value, float) and not value.is_integer():
        raise BadCell(f"“{_plain(value)}”不是文字，请核对")
    return _plain(value)


def _digits(value: object, column: Column) -> str:
    """A long number, which a spreadsheet silently shortens: 340000190001011234 becomes 3.40000190001011E+17."""
    text = _plain(value).translate(HALF_WIDTH)
    lost = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) >= 10**SAFE_DIGITS
    if lost or re.fullmatch(r"\d(\.\d+)?[eE]\+?\d+", text):
        raise BadCell("被Excel变成了数字，后面几位已经丢失，请把这一列设为“文本”格式后重新填写")
    if isinstance(value, datetime) or (isinstance(value, float) and not value.is_integer()):
        raise BadCell(f"“{text}”不是号码，请核对")
    return re.sub(r"[\s-]", "", text).upper()


def _decimal(value: object, column: Column) -> str:
    if isinstance(value, datetime | bool):
        raise BadCell("不是数字，请把单元格设为“常规”格式后重新填写")
    text = _plain(value).translate(HALF_WIDTH).replace(",", "").replace("，", "").replace(" ", "")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise BadCell(f"“{_plain(value)[:20]}”不是数字，只填数字，不要写单位") from None
    if not number.is_finite() or abs(number) >= 10**8:
        raise BadCell(f"“{_plain(value)[:20]}”太大，请核对")
    return f"{number:f}"


def _date(value: object, column: Column) -> str:
    if isinstance(value, datetime | date):
        return f"{value:%Y-%m-%d}"
    text = _plain(value).translate(HALF_WIDTH)
    parts = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", text) or re.fullmatch(
        r"(20\d{2}|19\d{2})(\d{2})(\d{2})", text
    )
    try:
        year, month, day = map(int, parts.groups()) if parts else (0, 0, 0)
        return date(year, month, day).isoformat()
    except ValueError:
        raise BadCell(f"“{text[:20]}”不是日期，请写成2021-10-01的样子") from None


def _choice(value: object, column: Column) -> str:
    text = _plain(value)
    if text not in column.choices:
        raise BadCell(f"“{text[:20]}”不在可选的内容里，只能填：{'、'.join(column.choices)}")
    return text


READERS: dict[str, Callable[[object, Column], str]] = {
    "text": _text,
    "digits": _digits,
    "decimal": _decimal,
    "date": _date,
    "choice": _choice,
}
