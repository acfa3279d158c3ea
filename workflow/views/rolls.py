"""The township's summary (乡镇上报汇总表) on A4 and as a Word document."""

from functools import cached_property
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from applications import amounts
from registry.models import Region
from workflow import rolls
from workflow.calendar import chinese_date
from workflow.forms.rolls import RollForm
from workflow.letters import money
from workflow.rolls import Roll, Sum
from workflow.views import word
from workflow.views.base import StaffView
from workflow.views.letters import NO_DATE

COLUMNS = {
    "序号": 12,
    "姓名": 24,
    "村民组": 30,
    "数量": 20,
    "申报（元）": 28,
    "核定（元）": 28,
    "备注": 28,
}
"""Heads of the list and their widths in millimetres."""
NUMBERS = frozenset({"序号", "数量", "申报（元）", "核定（元）"})
ABOVE_THE_VILLAGE = "乡镇上报汇总表由乡镇和区级打印，村级请在申请列表里导出Excel。"


class OfTownship(StaffView):
    """Who may print it: a person whose regions hold the whole township."""

    @cached_property
    def townships(self) -> list[Region]:
        found = list(rolls.townships(self.actor))
        if not found:
            raise PermissionDenied(ABOVE_THE_VILLAGE)
        return found

    @cached_property
    def township(self) -> Region:
        asked = self.request.GET.get("township") or self.townships[0].code
        found = next((region for region in self.townships if region.code == asked), None)
        if found is None:
            raise Http404
        return found

    @cached_property
    def form(self) -> RollForm:
        return RollForm(
            self.request.GET if "programme" in self.request.GET else None,
            programmes=rolls.programmes(self.actor, self.township),
            postings=rolls.sheets(self.actor, self.township),
        )

    def roll(self) -> Roll | None:
        """The paper, once it is known which."""
        if not self.form.is_valid():
            return None
        try:
            return rolls.write(self.actor, self.township, self.form.cleaned_data)
        except rolls.RollTooLong as refused:
            self.form.add_error(None, refused.sentence)
            return None

    def page(self, roll: Roll | None) -> HttpResponse:
        """The choice of what to print, and below it the paper."""
        context = {
            "form": self.form,
            "roll": roll,
            "scope": _scope(roll) if roll else "",
            "township": self.township,
            "townships": self.townships,
            "per_person": roll.programme.per_person if roll else False,
        }
        status = 422 if self.form.errors else 200
        return render(self.request, "desk/roll_print.html", context, status=status)


class RollPrint(OfTownship):
    """The paper on A4, or the choice of it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(self.roll())


class RollDocument(OfTownship):
    """The same paper as a Word document."""

    def get(self, request: HttpRequest) -> HttpResponse:
        roll = self.roll()
        if roll is None:
            return self.page(None)
        name = f"roll-{self.township.code}-{self.actor.on:%Y%m%d}"
        return word.answer(document(roll), name=name)


def _scope(roll: Roll) -> str:
    """What the paper holds, in words."""
    parts = []
    if roll.posting:
        parts.append(f"公示批次：{roll.posting.number}")
    if roll.since:
        parts.append(f"{chinese_date(roll.since)}起")
    if roll.until:
        parts.append(f"{chinese_date(roll.until)}止")
    return "，".join(parts) or "范围：这个项目乡级审核通过、没有撤回或者退回的全部申请"


def said(total: Sum) -> str:
    """A total in words, as below each village and at the end."""
    return (
        f"{total.cases}件，{total.households}户，{total.persons}人，"
        f"申报{money(total.claimed)}元，核定{money(total.amount)}元"
    )


def document(roll: Roll) -> bytes:
    """The summary as a .docx: per village its rows and total, the whole, a place for hands and the seal."""
    made = word.blank()
    word.heading(made, roll.title)
    word.centred(made, _scope(roll))
    body = roll.township.body_name or roll.township.name
    made.add_paragraph(f"上报单位：{body}")
    rows = 2 + sum(1 + len(village.lines) for village in roll.villages)
    table = word.table(made, rows, tuple(COLUMNS.values()))
    word.mark(table.rows[0], "w:tblHeader")
    lines = iter(table.rows)
    for cell, head in zip(next(lines).cells, COLUMNS, strict=True):
        word.fill(cell, head, number=head in NUMBERS, bold=True)
    for village in roll.villages:
        for line in village.lines:
            case = line.case
            texts = (
                f"{line.position}",
                line.name,
                case.household.group,
                f"{amounts.plain(case.quantity)}{roll.programme.quantity_unit}",
                money(case.claimed_amount),
                money(case.amount),
                "核减" if case.was_cut else "",
            )
            for cell, text, head in zip(next(lines).cells, texts, COLUMNS, strict=True):
                word.fill(cell, text, number=head in NUMBERS)
        _total(next(lines).cells, f"{village.region.name}小计：{said(village.total)}")
    _total(next(lines).cells, f"合计：{said(roll.total)}")
    made.add_paragraph()
    made.add_paragraph("填表人：＿＿＿＿＿＿＿＿　　审核人：＿＿＿＿＿＿＿＿　　负责人：＿＿＿＿＿＿＿＿")
    word.to_the_right(made, f"{body}（盖章）")
    word.to_the_right(made, NO_DATE)
    return word.saved(made)


def _total(cells: Any, text: str) -> None:
    cells[0].merge(cells[-1])
    word.fill(cells[0], text, bold=True)


roll_print = RollPrint.as_view()
roll_document = RollDocument.as_view()
