"""What the township's summary (上报汇总表) is to hold: a programme, and a sheet or days of it."""

from collections.abc import Iterable
from typing import Any

from django import forms

from applications.models import Programme
from workflow.forms.applications import DayInput
from workflow.models import Posting


class RollForm(forms.Form):
    """The choice above the paper. Both choices are of what the person may see."""

    programme = forms.TypedChoiceField(label="项目", empty_value=None)
    posting = forms.TypedChoiceField(label="乡级公示批次", required=False, empty_value=None)
    since = forms.DateField(label="审核通过从", required=False, widget=DayInput)
    until = forms.DateField(label="审核通过到", required=False, widget=DayInput)

    def __init__(
        self, *args: Any, programmes: Iterable[Programme], postings: Iterable[Posting], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._choose("programme", {f"{row.pk}": row for row in programmes}, "请选择", _called)
        self._choose(
            "posting", {f"{row.pk}": row for row in postings}, "不限", lambda row: f"{row.number} {row.title}"
        )

    def _choose(self, name: str, rows: dict[str, Any], empty: str, label: Any) -> None:
        field: Any = self.fields[name]
        field.choices = [("", empty), *((key, label(row)) for key, row in rows.items())]
        field.coerce = rows.__getitem__

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        posting, programme = found.get("posting"), found.get("programme")
        if posting and programme and posting.programme_id != programme.pk:
            self.add_error("posting", "这张公示不是所选项目的，请重新选择。")
        if found.get("since") and found.get("until") and found["since"] > found["until"]:
            self.add_error("until", "结束日期不能早于开始日期。")
        return found


def _called(programme: Programme) -> str:
    return f"{programme}（第{programme.version}版）" if programme.version > 1 else f"{programme}"
