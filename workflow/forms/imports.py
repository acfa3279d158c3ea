"""What is chosen for an import: whose list of what, the filled-in workbook, and how much of it is to be entered."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet

from applications.models import Programme
from registry.models import Region

HOUSEHOLDS = "households"


class WhatForm(forms.Form):
    """Which village, and what its list holds: applications under a programme, or its households and people."""

    village = forms.ModelChoiceField(
        label="村（社区）",
        queryset=Region.objects.none(),
        empty_label=None,
        error_messages={"required": "请选择村（社区）。", "invalid_choice": "请选择村（社区）。"},
    )
    what = forms.ChoiceField(
        label="导入内容",
        error_messages={"required": "请选择导入内容。", "invalid_choice": "请选择导入内容。"},
    )

    def __init__(
        self,
        *args: Any,
        villages: QuerySet[Region],
        programmes: Sequence[Programme],
        registers: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["village"].queryset = villages
        offered = [(f"{programme.pk}", f"{programme}") for programme in programmes]
        fields["what"].choices = [*offered, *([(HOUSEHOLDS, "户和成员")] if registers else [])]
        self.programmes = {f"{programme.pk}": programme for programme in programmes}

    @property
    def programme(self) -> Programme | None:
        """The programme asked for; None where it is the register."""
        return self.programmes.get(self.cleaned_data["what"])


class UploadForm(forms.Form):
    workbook = forms.FileField(
        label="填好的Excel文件",
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx"}),
        help_text="只收.xlsx，一次最多1000行。上传后先检查，列出每一行的结果，确认以后才录入。",
        error_messages={
            "required": "请先选择填好的Excel文件。",
            "empty": "这个文件是空的，请重新选择。",
        },
    )


class ConfirmForm(forms.Form):
    """All or nothing, or what can be entered."""

    mode = forms.ChoiceField(
        label="有问题的行怎么办",
        choices=[
            ("whole", "全部正确才录入：有一行有问题，就一行也不录入"),
            ("good", "只录入没有问题的行：有问题的跳过，下载改好后再传"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "请选择有问题的行怎么办。"},
    )
