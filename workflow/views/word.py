"""The Word document that all papers begin from: A4, one typeface for all, tables that break well, and how it is answered."""

from collections.abc import Sequence
from io import BytesIO

from django.http import HttpResponse
from docx import Document
from docx.document import Document as DocumentObject
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.table import Table, _Cell, _Row
from docx.text.paragraph import Paragraph

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
FONT = "仿宋"
SMALL = Pt(10.5)
WIDTH = 170
"""Millimetres of A4 between its margins."""


def blank() -> DocumentObject:
    """An empty A4 page."""
    made = Document()
    made.styles["Normal"].font.name = FONT
    made.styles["Normal"].font.size = Pt(12)
    made.styles["Normal"].element.rPr.rFonts.set(qn("w:eastAsia"), FONT)
    page = made.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = Mm(20)
    return made


def heading(made: DocumentObject, text: str) -> None:
    """The title of the paper, in the middle."""
    title = made.add_paragraph()
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = title.add_run(text)
    run.bold, run.font.size = True, Pt(18)


def centred(made: DocumentObject, text: str) -> None:
    made.add_paragraph(text).alignment = WD_ALIGN_PARAGRAPH.CENTER


def to_the_right(made: DocumentObject, text: str) -> None:
    made.add_paragraph(text).alignment = WD_ALIGN_PARAGRAPH.RIGHT


def text(made: DocumentObject, words: str) -> Paragraph:
    """A paragraph whose first line is set in by two characters."""
    paragraph = made.add_paragraph(words)
    paragraph.paragraph_format.first_line_indent = Pt(24)
    return paragraph


def table(made: DocumentObject, rows: int, widths: Sequence[int]) -> Table:
    """A ruled table of these widths in millimetres; no row is torn by a page's end."""
    ruled = made.add_table(rows=rows, cols=len(widths), style="Table Grid")
    ruled.alignment = WD_TABLE_ALIGNMENT.CENTER
    ruled.autofit = False
    for row in ruled.rows:
        mark(row, "w:cantSplit")
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = Mm(width)
    return ruled


def fill(cell: _Cell, words: str, *, number: bool = False, bold: bool = False) -> None:
    """Write into a cell, close-set."""
    for place, line in enumerate(words.split("\n")):
        paragraph = cell.add_paragraph() if place else cell.paragraphs[0]
        paragraph.paragraph_format.space_after = Pt(0)
        if number:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        run = paragraph.add_run(line)
        run.font.size, run.bold = SMALL, bold or None


def mark(row: _Row, name: str) -> None:
    """Set a switch of a row: `w:tblHeader` on every page, `w:cantSplit`."""
    row._tr.get_or_add_trPr().append(OxmlElement(name))


def saved(made: DocumentObject) -> bytes:
    buffer = BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def answer(content: bytes, *, name: str) -> HttpResponse:
    """The document as a download."""
    response = HttpResponse(content, content_type=WORD)
    response["Content-Disposition"] = f'attachment; filename="{name}.docx"'
    return response
