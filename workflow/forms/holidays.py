"""What is typed or uploaded for a year's holiday notice: its citation and its stretches of days (节假日通知)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from workflow import spreadsheets
from workflow.forms.base import VerbForm
from workflow.forms.workbooks import BadWorkbook, cells, text_of
from workflow.holidays import Stretch, YearNotice
from workflow.models import HolidayNotice

OFF, WORKED = "放假", "调休上班"
HEADER = ["类别", "名称", "开始日期", "截止日期"]
MOST_ROWS = 60
BLANK_ROWS = 14
"""Rows of an empty form: seven festivals and their make-up days."""


class DayInput(forms.DateInput):
    """The browser's own date picker."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class NoticeForm(VerbForm):
    """The head of a notice; the fingerprint of the preview comes back with the confirmation."""

    year = forms.IntegerField(
        label="年度",
        min_value=2000,
        max_value=2100,
        error_messages={"min_value": "年度应在2000至2100之间。", "max_value": "年度应在2000至2100之间。"},
    )
    citation = forms.CharField(
        label="通知名称和文号",
        max_length=200,
        help_text="例如“国务院办公厅关于某年部分节假日安排的通知”和它的文号，照通知原文填写。",
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)
    shorten = forms.BooleanField(widget=forms.HiddenInput, required=False)


class StretchForm(forms.Form):
    """One line of the notice; an empty line is left out."""

    kind = forms.ChoiceField(label="类别", choices=[(OFF, OFF), (WORKED, WORKED)], initial=OFF)
    name = forms.CharField(label="名称", max_length=30, required=False)
    first = forms.DateField(
        label="开始日期", widget=DayInput, error_messages={"required": "请填写开始日期。"}
    )
    last = forms.DateField(label="截止日期", widget=DayInput, required=False)

    @property
    def stretch(self) -> Stretch:
        given = self.cleaned_data
        name = given["name"] or ("调休" if given["kind"] == WORKED else "")
        return Stretch(given["first"], given["last"] or given["first"], given["kind"] == WORKED, name)


class BaseStretches(forms.BaseFormSet):
    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """The lines that were filled in, in their order."""
        return tuple(form.stretch for form in self.forms if form.has_changed())


Stretches: type[BaseStretches] = forms.formset_factory(  # type: ignore[assignment]
    StretchForm,
    formset=BaseStretches,
    extra=BLANK_ROWS,
    max_num=MOST_ROWS,
    absolute_max=MOST_ROWS,
)


@dataclass(frozen=True)
class TypedNotice:
    """The two forms of the page together."""

    head: NoticeForm
    lines: BaseStretches

    @classmethod
    def blank(cls, year: int) -> "TypedNotice":
        return cls(NoticeForm(initial={"year": year}), Stretches(prefix="days"))

    @classmethod
    def of(cls, notice: HolidayNotice) -> "TypedNotice":
        """The form as the notice of a year stands, so that it can be corrected."""
        head = NoticeForm(initial={"year": notice.year, "citation": notice.citation})
        days = notice.holidays.order_by("date").values_list("date", "is_workday", "name")
        return cls(head, Stretches(prefix="days", initial=[_row(one) for one in joined(days)]))

    @classmethod
    def sent(cls, data: Any) -> "TypedNotice":
        return cls(NoticeForm(data), Stretches(data, prefix="days"))

    @classmethod
    def uploaded(cls, data: Any, stretches: Sequence[Stretch]) -> "TypedNotice":
        """The head as typed, the lines from the workbook: to be looked at before anything is counted."""
        head = NoticeForm(initial={"year": data.get("year"), "citation": data.get("citation")})
        return cls(head, Stretches(prefix="days", initial=[_row(one) for one in stretches]))

    def is_valid(self) -> bool:
        head, lines = self.head.is_valid(), self.lines.is_valid()
        return head and lines

    @property
    def notice(self) -> YearNotice:
        given = self.head.cleaned_data
        return YearNotice(given["year"], given["citation"], self.lines.stretches)


def _row(stretch: Stretch) -> dict[str, Any]:
    return {
        "kind": WORKED if stretch.is_workday else OFF,
        "name": stretch.name,
        "first": stretch.first,
        "last": stretch.last,
    }


def joined(days: Any) -> list[Stretch]:
    """Single days as stretches: neighbours of one name and kind are one line, as the notice prints them."""
    found: list[Stretch] = []
    for day, is_workday, name in days:
        before = found[-1] if found else None
        same = before and (before.is_workday, before.name) == (is_workday, name)
        if before and same and (day - before.last).days == 1:
            found[-1] = Stretch(before.first, day, is_workday, name)
        else:
            found.append(Stretch(day, day, is_workday, name))
    return found


def template() -> bytes:
    """The workbook to fill in; its example lines say that they are examples."""
    rows = [
        (OFF, "国庆节〔示例〕", "2021-10-01", "2021-10-07"),
        (WORKED, "国庆节调休〔示例〕", "2021-09-26", ""),
    ]
    return spreadsheets.write([spreadsheets.Sheet("节假日安排", HEADER, rows)])


def read(upload: UploadedFile) -> list[Stretch]:
    """The lines of an uploaded workbook. Raises BadWorkbook with the row that is wrong."""
    return [_stretch(number, row) for number, row in cells(upload, HEADER, most_rows=MOST_ROWS)]


def _stretch(number: int, row: Sequence[object]) -> Stretch:
    kind, name = text_of(row[0]), text_of(row[1])
    if kind not in {OFF, WORKED}:
        raise BadWorkbook(f"表格第{number}行：类别只能填“{OFF}”或“{WORKED}”。")
    first = _day(number, "开始日期", row[2])
    last = _day(number, "截止日期", row[3]) if text_of(row[3]) else first
    return Stretch(first, last, kind == WORKED, name or ("调休" if kind == WORKED else ""))


def _day(number: int, label: str, cell: object) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    try:
        return date.fromisoformat(text_of(cell).replace("/", "-").replace(".", "-"))
    except ValueError:
        raise BadWorkbook(
            f"表格第{number}行：{label}“{text_of(cell)[:20]}”不是日期，请写成2021-10-01的样子。"
        ) from None
