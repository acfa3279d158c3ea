"""Papers of one case on A4 and as Word documents: the letters to its household (告知书) and its form (申请表)."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from docx.shared import Mm

from applications.models import Application
from workflow import letters, paper_forms
from workflow.calendar import chinese_date
from workflow.letters import Letter
from workflow.models import Decision
from workflow.paper_forms import PaperForm
from workflow.views import word
from workflow.views.base import StaffView
from workflow.views.case import OfCase

NO_DATE = "　　　　年　　月　　日"


class OneLetter(OfCase, StaffView):
    """The letter of one decision of a case; a decision that no letter tells is not found."""

    @property
    def decision(self) -> Decision:
        case = get_object_or_404(cases_for_paper(self.actor), pk=self.kwargs["pk"])
        found = letters.of_case(case).prefetch_related("faults__paper")
        decision = get_object_or_404(found, pk=self.kwargs["decision"])
        decision.application = case
        return decision


def cases_for_paper(actor: Any) -> Any:
    """The cases a person may see, with all that a paper names."""
    rows = Application.objects.visible_to(actor).select_related(
        "programme", "village__parent__parent", "household", "member", "payee", "entered_by"
    )
    return rows.prefetch_related("household__members")


class LetterPrint(OneLetter):
    """The letter on A4, with the slip for whoever receives it to sign."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        decision = self.decision
        context = {
            "case": decision.application,
            "decision": decision,
            "letter": letters.write(decision),
            "no_date": NO_DATE,
        }
        return render(request, "desk/letter_print.html", context)


class LetterDocument(OneLetter):
    """The same letter as a Word document."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        decision = self.decision
        name = f"letter-{decision.application.number}-{decision.pk}"
        return word.answer(letter_document(letters.write(decision)), name=name)


class FormPrint(OfCase, StaffView):
    """The application on A4 in the layout of the paper form."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        case = get_object_or_404(cases_for_paper(self.actor), pk=self.kwargs["pk"])
        context = {"case": case, "form": paper_forms.of(case), "no_date": NO_DATE}
        return render(request, "desk/application_form_print.html", context)


class FormDocument(OfCase, StaffView):
    """The same form as a Word document."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        case = get_object_or_404(cases_for_paper(self.actor), pk=self.kwargs["pk"])
        return word.answer(form_document(paper_forms.of(case)), name=f"form-{case.number}")


def letter_document(letter: Letter) -> bytes:
    """A letter as a .docx: number to be filled in, text, list, seal, date, and the slip of receipt."""
    made = word.blank()
    word.heading(made, letter.title)
    word.to_the_right(made, letter.number)
    made.add_paragraph(f"{letter.addressee}：")
    word.text(made, letter.opening)
    for number, item in enumerate(letter.items, 1):
        word.text(made, f"{number}. {item}")
    for paragraph in letter.paragraphs:
        word.text(made, paragraph)
    made.add_paragraph()
    word.to_the_right(made, f"{letter.body}（盖章）")
    word.to_the_right(made, chinese_date(letter.on))
    made.add_paragraph("— " * 30)
    word.centred(made, "送达回证")
    delivered = chinese_date(letter.delivered_on) if letter.delivered_on else NO_DATE
    for line in (
        f"收到文书：{letter.title}　　送达日期：{delivered}",
        "受送达人（或同住成年家属）签名：＿＿＿＿＿＿＿＿＿＿",
        f"送达人签名：＿＿＿＿＿＿＿＿＿＿　　签收日期：{NO_DATE}",
    ):
        made.add_paragraph(line)
    return word.saved(made)


def form_document(form: PaperForm) -> bytes:
    """A form as a .docx: pairs of label and value, then a place for each hand and seal."""
    made = word.blank()
    word.heading(made, form.title)
    word.to_the_right(made, f"申请编号：{form.number}")
    widths = (26, 59, 26, 59)
    table = word.table(made, len(form.lines) + len(form.blocks), widths)
    for row, pairs in zip(table.rows, form.lines, strict=False):
        cells = row.cells
        if len(pairs) == 1:
            cells[1].merge(cells[3])
        for place, (label, value) in enumerate(pairs):
            word.fill(cells[2 * place], label, bold=True)
            word.fill(cells[2 * place + 1], value)
    for row, block in zip(table.rows[len(form.lines) :], form.blocks, strict=True):
        row.height = Mm(26)
        cells = row.cells
        cells[1].merge(cells[3])
        word.fill(cells[0], block.title, bold=True)
        seal = f"{block.seal}（盖章）　　" if block.seal else ""
        on = chinese_date(block.on) if block.on else NO_DATE
        word.fill(cells[1], f"{block.text}\n\n{block.signers}：＿＿＿＿＿＿＿＿\n{seal}{on}")
    return word.saved(made)


letter_print = LetterPrint.as_view()
letter_document_of_case = LetterDocument.as_view()
form_print = FormPrint.as_view()
form_document_of_case = FormDocument.as_view()
