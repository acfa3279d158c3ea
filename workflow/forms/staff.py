"""The list of staff that is uploaded (人员名单), and the form that carries it from the preview to the confirmation."""

import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from registry.models import Region, Role
from workflow import spreadsheets
from workflow.forms.accounts import AccountReasonForm
from workflow.forms.workbooks import cells, text_of
from workflow.staff import MOST_ROWS, StaffLine

HEADER = ["姓名", "登录名", "职务", "区划（代码或名称）", "开始日期", "结束日期（空为长期）"]


class ConfirmForm(AccountReasonForm):
    """The lines as they were previewed; they are judged anew, so that nothing sent here is believed."""

    lines = forms.CharField(widget=forms.HiddenInput, max_length=100_000)
    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = "会写入每个账号的记录，例如“村委会换届后新任”。"

    def clean_lines(self) -> list[StaffLine]:
        try:
            return unpacked(self.cleaned_data["lines"])
        except (TypeError, ValueError):
            raise ValidationError("名单不完整，请重新上传。") from None


def packed(lines: Iterable[StaffLine]) -> str:
    """The lines as one hidden value."""
    return json.dumps([list(vars(line).values()) for line in lines], ensure_ascii=False)


def unpacked(text: str) -> list[StaffLine]:
    """Back from the hidden value. Raises TypeError or ValueError where it is none."""
    found = []
    for number, *rest in json.loads(text)[:MOST_ROWS]:
        if (
            not isinstance(number, int)
            or len(rest) != len(HEADER)
            or not all(isinstance(x, str) for x in rest)
        ):
            raise ValueError(number)
        found.append(StaffLine(number, *rest))
    return found


def read(upload: UploadedFile) -> list[StaffLine]:
    """The lines of an uploaded workbook. Raises BadWorkbook where it has another shape."""
    return [
        StaffLine(number, *(_day(cell) if at > 3 else text_of(cell) for at, cell in enumerate(row)))
        for number, row in cells(upload, HEADER, most_rows=MOST_ROWS)
    ]


def template(regions: Iterable[Region]) -> bytes:
    """The workbook to fill in, with the roles and the regions that may be named on sheets of their own."""
    rows = [
        ("张三〔示例〕", "zhangsan", Role.VILLAGE_CLERK.label, "填村（社区）的代码或名称", "2021-03-01", ""),
        (
            "李四〔示例〕",
            "lisi",
            Role.TOWNSHIP_REVIEWER.label,
            "填乡镇的代码或名称",
            "2021-03-01",
            "2021-12-31",
        ),
    ]
    places = [(region.code, region.name, region.get_level_display()) for region in regions]
    return spreadsheets.write(
        [
            spreadsheets.Sheet("人员名单", HEADER, rows),
            spreadsheets.Sheet("职务", ["可以填写的职务"], [(role.label,) for role in Role]),
            spreadsheets.Sheet("区划", ["代码", "名称", "级别"], places),
        ]
    )


def _day(cell: object) -> str:
    """A day as the cell holds it: Excel gives a moment, a hand gives text."""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else text_of(cell)
