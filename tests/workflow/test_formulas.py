"""Texts that a spreadsheet may take for formulas: in every column of every workbook that is written they stay texts (S-14)."""

import ast
import re
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.conf import settings
from openpyxl import load_workbook

from workflow import spreadsheets
from workflow.spreadsheets import Sheet

pytestmark = pytest.mark.any_database

SIGNS = [
    "=",
    "+",
    "-",
    "@",
    "＝",
    "＋",
    "－",
    "＠",
    "\t=",
    "\n=",
    " =",
    "\u3000=",
    "  \u3000@",
    "=-",
    "+=",
    "'=",
    '"=',
    ";=",
    "|=",
]
CALLS = [
    "=1+1",
    "=cmd|'/C calc'!A0",
    '=HYPERLINK("http://127.0.0.1/?"&A1,"点我")',
    '=IMPORTXML(CONCAT("http://127.0.0.1/",A1),"//a")',
    "=WEBSERVICE(A1)",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "-2+3+cmd|' /C calc'!A0",
    '=DDE("cmd";"/C calc";"x")',
    "{=1+1}",
    "=A1:A9",
    "=+-@1",
    "=\u202e1+1",
    "=_xlfn.CONCAT(A1)",
    "_x003D_1+1",
    "=1+1\n=2+2",
    "340000190001011234",
    "1E5",
    "2021-10-01",
    "TRUE",
    "#REF!",
    "</t></is></c><c><f>1+1</f></c>",
    "]]><f>1</f>",
]
PAYLOADS = [f"{sign}1+1" for sign in SIGNS] + CALLS
COLUMNS = 12


def book() -> bytes:
    """Each payload in each column and in the head."""
    rows = [[payload] * COLUMNS for payload in PAYLOADS]
    return spreadsheets.write(
        [Sheet("表", PAYLOADS[:COLUMNS], rows), Sheet("二", ["列"], [[one] for one in PAYLOADS])]
    )


def test_there_are_forty_payloads() -> None:
    assert len(set(PAYLOADS)) >= 40


def test_no_cell_becomes_a_formula_and_every_text_comes_back_as_it_was() -> None:
    read = load_workbook(BytesIO(book()), data_only=False)
    assert [cell.value for cell in read["表"][1]] == PAYLOADS[:COLUMNS]
    for row, payload in zip(read["表"].iter_rows(min_row=2), PAYLOADS, strict=True):
        assert [cell.data_type for cell in row] == ["s"] * COLUMNS, payload
        assert [cell.value for cell in row] == [payload] * COLUMNS
        assert {bool(cell.quotePrefix) for cell in row} == {spreadsheets.is_dangerous(payload)}, payload
    assert [row[0].value for row in read["二"].iter_rows(min_row=2)] == PAYLOADS


def test_the_parts_hold_no_formula_element_and_no_number_in_place_of_a_text() -> None:
    with ZipFile(BytesIO(book())) as packed:
        parts = [packed.read(name) for name in packed.namelist() if name.startswith("xl/worksheets/")]
    assert len(parts) == 2
    for part in parts:
        assert b"<f>" not in part
        assert set(re.findall(rb'<c [^>]*t="(\w+)"', part)) == {b"inlineStr"}


@pytest.mark.parametrize("payload", [one for one in PAYLOADS if one[0] in "=+-@＝＋－＠"])
def test_what_begins_like_a_formula_is_marked_dangerous(payload: str) -> None:
    assert spreadsheets.is_dangerous(payload)
    assert spreadsheets.is_dangerous("\u3000 " + payload)


@pytest.mark.parametrize(
    ("given", "kept"), [("a\r\nb", "a\nb"), ("a\rb", "a\nb"), ("a\x00b\x0bc", "abc"), ("甲\tb", "甲\tb")]
)
def test_only_line_ends_and_forbidden_signs_change(given: str, kept: str) -> None:
    (cell,) = load_workbook(BytesIO(spreadsheets.write([Sheet("表", ["列"], [[given]])]))).active[2]
    assert cell.value == kept


def writers() -> set[str]:
    """The modules that make a workbook with openpyxl, whatever they do with it."""
    found = set()
    for path in settings.BASE_DIR.glob("*/**/*.py"):
        place = path.relative_to(settings.BASE_DIR)
        if place.parts[0] not in {"config", "registry", "applications", "notifications", "workflow"}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.ImportFrom)
                and f"{node.module}".startswith("openpyxl")
                and {"Workbook", "WriteOnlyCell"} & {one.name for one in node.names}
            ):
                found.add(place.as_posix())
            if isinstance(node, ast.Import) and any(one.name == "csv" for one in node.names):
                found.add(f"{place.as_posix()} (csv)")
    return found


def test_there_is_one_writer_so_that_every_export_is_covered() -> None:
    assert writers() == {"workflow/spreadsheets.py"}
