"""A sheet on paper: the print view on A4 or A3, and the document that villages keep (Word)."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from docx.document import Document as DocumentObject
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm, Pt

from applications import digests
from workflow.models import Posting, PostingEntry
from workflow.views import qr, sheet, word
from workflow.views.postings import OneSheet, items_of
from workflow.views.seals import code_of
from workflow.views.word import WORD

__all__ = ["WORD", "document", "posting_document", "posting_print"]

SIZES = {"a4": "A4", "a3": "A3"}
COLUMNS = {
    "序号": 12,
    "姓名": 24,
    "村和村民组": 36,
    "数量": 16,
    "标准": 26,
    "申报（元）": 22,
    "核定（元）": 22,
    "备注": 12,
}
"""Heads of the list and their widths in millimetres: together what A4 leaves between its margins."""
NUMBERS = frozenset({"序号", "数量", "申报（元）", "核定（元）"})


def public_address(request: HttpRequest, posting: Posting, code: str) -> str:
    """The public page of a sheet, with its short checksum once there is one. A draft's page says only that it waits."""
    address = request.build_absolute_uri(reverse("public-sheet", args=[posting.pk]))
    return f"{address}?sum={code}" if code else address


class PostingPrint(OneSheet):
    """The sheet on A4 or A3, exactly as frozen: the allow-listed rows and the heading, nothing else."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        posting = self.posting(pk)
        size = request.GET.get("size", "a4")
        entries = list(posting.entries.order_by("position"))
        code = code_of(posting, entries)
        context = {
            "posting": posting,
            "paper": _paper(posting, entries),
            "items": items_of(posting),
            "size": size if size in SIZES else "a4",
            "sizes": SIZES,
            "qr": qr.svg(public_address(request, posting, code)),
            "code": code,
        }
        return render(request, "desk/posting_print.html", context)


class PostingDocument(OneSheet):
    """The sheet as a Word document, in the form that villages keep."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        posting = self.posting(pk)
        entries = list(posting.entries.order_by("position"))
        code = code_of(posting, entries)
        content = document(
            _paper(posting, entries),
            items=items_of(posting),
            address=public_address(request, posting, code),
            code=code,
            digest=digests.line(posting.displayed_on) if posting.is_announcement else "",
        )
        return word.answer(content, name=f"posting-{posting.pk}")


def _paper(posting: Posting, entries: Sequence[PostingEntry]) -> sheet.Paper:
    plan = posting.programme.plan_of(posting.level)
    return sheet.of(posting, sheet.as_shown(entries), plan=plan)


def document(
    paper: sheet.Paper, *, items: list[tuple[str, str]], address: str, code: str, digest: str = ""
) -> bytes:
    """The paper as a .docx on A4: title, number, text, list, phones, body, date, QR code, daily digest."""
    made = word.blank()
    word.heading(made, f"{paper.title}{f'（{paper.batch_label}）' if paper.batch_label else ''}")
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

    _list(made, paper.lines)

    phones = "　".join(f"{label}：{phone}" for label, phone in paper.phones if phone)
    made.add_paragraph()
    made.add_paragraph(f"异议受理：{paper.objection_way}")
    made.add_paragraph(f"监督电话：{phones}")
    for text in (paper.body, sheet.chinese_date(paper.on) if paper.on else "　　年　　月　　日"):
        made.add_paragraph(text).alignment = WD_ALIGN_PARAGRAPH.RIGHT
    made.add_picture(qr.png(address), width=Mm(28))
    made.add_paragraph(f"扫码查看公开页面{f'，校验码{code}' if code else ''}")
    if digest:
        made.add_paragraph().add_run(digest).font.size = Pt(9)
    return word.saved(made)


def _list(made: DocumentObject, lines: Sequence[sheet.Line]) -> None:
    """The table: its head on every page, no row torn by a page's end."""
    table = made.add_table(rows=1 + len(lines), cols=len(COLUMNS), style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    for column, width in zip(table.columns, COLUMNS.values(), strict=True):
        column.width = Mm(width)
    word.mark(table.rows[0], "w:tblHeader")
    for row, texts in zip(table.rows, [tuple(COLUMNS), *map(_cells, lines)], strict=True):
        word.mark(row, "w:cantSplit")
        for cell, text, (head, width) in zip(row.cells, texts, COLUMNS.items(), strict=True):
            cell.width = Mm(width)
            (paragraph,) = cell.paragraphs
            paragraph.paragraph_format.space_after = Pt(0)
            if head in NUMBERS:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            paragraph.add_run(text).font.size = Pt(10.5)


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
