"""A sheet on paper: the print view on A4 or A3, and the document that villages keep (Word)."""

from io import BytesIO

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from workflow.models import Posting
from workflow.views import sheet
from workflow.views.postings import OneSheet, items_of
from workflow.views.seals import code_of

SIZES = {"a4": "A4", "a3": "A3"}
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
FONT = "仿宋"
HEADS = ("序号", "姓名", "村和村民组", "数量", "标准", "申报（元）", "核定（元）", "备注")


def public_address(request: HttpRequest, posting: Posting) -> str:
    """The public page of a sheet, with its short checksum once there is one."""
    code = code_of(posting)
    address = request.build_absolute_uri(reverse("public-sheet", args=[posting.pk]))
    return f"{address}?sum={code}" if code else address


def qr_svg(address: str) -> SafeString:
    """A QR code as inline SVG: the security policy allows no data: image."""
    made = segno.make(address, error="m", micro=False)
    return mark_safe(made.svg_inline(scale=3, border=2, omitsize=True, svgclass="qr"))


class PostingPrint(OneSheet):
    """The sheet on A4 or A3, exactly as frozen: the allow-listed rows and the heading, nothing else."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        posting = self.posting(pk)
        size = request.GET.get("size", "a4")
        context = {
            "posting": posting,
            "paper": _paper(posting),
            "items": items_of(posting),
            "size": size if size in SIZES else "a4",
            "sizes": SIZES,
            "qr": qr_svg(public_address(request, posting)),
            "code": code_of(posting),
        }
        return render(request, "desk/posting_print.html", context)


class PostingDocument(OneSheet):
    """The sheet as a Word document, in the form that villages keep."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        posting = self.posting(pk)
        content = document(
            _paper(posting),
            items=items_of(posting),
            address=public_address(request, posting),
            code=code_of(posting),
        )
        response = HttpResponse(content, content_type=WORD)
        response["Content-Disposition"] = f'attachment; filename="posting-{posting.pk}.docx"'
        return response


def _paper(posting: Posting) -> sheet.Paper:
    plan = posting.programme.posting_plans.filter(level=posting.level).first()
    return sheet.of(posting, sheet.as_shown(posting.entries.order_by("position")), plan=plan)


def document(paper: sheet.Paper, *, items: list[tuple[str, str]], address: str, code: str) -> bytes:
    """The paper as a .docx on A4: title, number, text, list, phones, body, date, QR code."""
    made = Document()
    made.styles["Normal"].font.name = FONT
    made.styles["Normal"].font.size = Pt(12)
    made.styles["Normal"].element.rPr.rFonts.set(qn("w:eastAsia"), FONT)
    page = made.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = Mm(20)

    title = made.add_paragraph()
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    heading = title.add_run(f"{paper.title}{f'（{paper.batch_label}）' if paper.batch_label else ''}")
    heading.bold, heading.font.size = True, Pt(18)
    if paper.number:
        made.add_paragraph(paper.number).alignment = WD_ALIGN_PARAGRAPH.CENTER
    made.add_paragraph(paper.text).paragraph_format.first_line_indent = Pt(24)
    for label, text in (
        ("项目", paper.programme),
        ("政策依据", paper.legal_basis),
        ("补贴标准", paper.standard),
        ("公示时间", paper.period),
        *items,
    ):
        if text:
            made.add_paragraph(f"{label}：{text}")
    for moved in paper.moves:
        made.add_paragraph(moved)

    table = made.add_table(rows=1, cols=len(HEADS), style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    for cell, head in zip(table.rows[0].cells, HEADS, strict=True):
        cell.text = head
    for line in paper.lines:
        for cell, text in zip(table.add_row().cells, _cells(line), strict=True):
            cell.text = text
    for row in table.rows:
        for cell in row.cells:
            for run in cell.paragraphs[0].runs:
                run.font.size = Pt(10.5)

    phones = "　".join(f"{label}：{phone}" for label, phone in paper.phones if phone)
    made.add_paragraph()
    made.add_paragraph(f"异议受理：{paper.objection_way}")
    made.add_paragraph(f"监督电话：{phones}")
    for text in (paper.body, sheet.chinese_date(paper.on) if paper.on else "　　年　　月　　日"):
        made.add_paragraph(text).alignment = WD_ALIGN_PARAGRAPH.RIGHT
    picture = BytesIO()
    segno.make(address, error="m", micro=False).save(picture, kind="png", scale=6, border=2)
    picture.seek(0)
    made.add_picture(picture, width=Mm(28))
    made.add_paragraph(f"扫码查看公开页面{f'，校验码{code}' if code else ''}")
    buffer = BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def _cells(line: sheet.Line) -> tuple[str, ...]:
    row = line.row
    name = f"{row['name']}（{row['told_apart']}）" if row["told_apart"] else row["name"]
    return (
        str(line.position),
        name,
        f"{row['village']}{row['group']}",
        f"{row['quantity']}{row['unit']}",
        row["standard"],
        row["claimed_amount"],
        row["amount"],
        row["remark"],
    )


posting_print = PostingPrint.as_view()
posting_document = PostingDocument.as_view()
