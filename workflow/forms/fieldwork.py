"""What the village writes down from the field: a visit with its verifiers, a meeting with its votes."""

import re
from collections.abc import Sequence
from typing import Any

from django import forms

from applications.models import Application, MeetingKind
from workflow.fieldwork import Minutes, VerifierName
from workflow.forms.applications import DayInput
from workflow.forms.base import ManyFilesField as ManyFilesField
from workflow.forms.base import ManyFilesInput as ManyFilesInput
from workflow.forms.base import ManyPhotosField, VerbForm
from workflow.results import Ref


class RefsField(forms.Field):
    """Cases ticked in a list, each as "key:revision", as the list showed them."""

    widget = forms.MultipleHiddenInput
    pattern = re.compile(r"(\d{1,18}):(\d{1,9})", re.ASCII)

    def clean(self, value: Any) -> list[Ref]:
        found = [self.pattern.fullmatch(text) for text in value or ()]
        if not found:
            raise forms.ValidationError("请先勾选要申报的申请。")
        if not all(found):
            raise forms.ValidationError("勾选的内容不完整，请刷新页面后重新勾选。")
        return [Ref(int(one[1]), int(one[2])) for one in found if one]


class DeclareForm(VerbForm):
    """The ticked cases of a village's list, and the village's opinion on all of them (村级意见)."""

    ids = RefsField()
    opinion = forms.CharField(
        label="村级意见",
        max_length=500,
        initial="经入户核实和民主评议，情况属实，同意申报。",
        help_text="对勾选的每一件都一样；个别不同的，到那一件的页面单独申报。",
    )


class VisitForm(VerbForm):
    """A visit to the household (入户核实)."""

    visited_on = forms.DateField(label="核实日期", widget=DayInput)
    name1 = forms.CharField(label="核实人一", max_length=50)
    post1 = forms.CharField(label="核实人一职务", max_length=50, required=False)
    name2 = forms.CharField(
        label="核实人二",
        max_length=50,
        help_text="至少两人，其中至少一人不是代办录入的人。",
        error_messages={"required": "入户核实须有两名以上核实人。"},
    )
    post2 = forms.CharField(label="核实人二职务", max_length=50, required=False)
    name3 = forms.CharField(label="核实人三", max_length=50, required=False, help_text="没有的不用填。")
    post3 = forms.CharField(label="核实人三职务", max_length=50, required=False)
    findings = forms.CharField(
        label="核实情况",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="看到了什么，数量是多少，和申请是否一致。",
        error_messages={"required": "请写明核实情况。"},
    )
    confirmed = forms.TypedChoiceField(
        label="核实结论",
        choices=[("1", "情况属实"), ("0", "情况不属实")],
        coerce=lambda given: given == "1",
        widget=forms.RadioSelect,
        error_messages={"required": "请选择核实结论。"},
    )
    photos = ManyPhotosField(
        label="照片",
        required=False,
        widget=ManyFilesInput(attrs={"accept": "image/jpeg,image/png"}),
        help_text="JPG或PNG，拍项目现场，一两张就够。没有提交成功的，照片要重新选择。",
    )

    @property
    def verifiers(self) -> list[VerifierName]:
        """The verifiers as typed; empty rows are left out by the verb."""
        data = self.cleaned_data
        return [VerifierName(data[f"name{row}"], data[f"post{row}"]) for row in (1, 2, 3)]


class MeetingForm(VerbForm):
    """A meeting and what it said about each case. A vote left empty means all who were present."""

    kind = forms.ChoiceField(
        label="会议类型",
        choices=MeetingKind.choices,
        widget=forms.RadioSelect,
        initial=MeetingKind.ASSEMBLY,
        help_text="村民代表会议须有三分之二以上到会，其他会议须过半数到会。",
    )
    held_on = forms.DateField(label="会议日期", widget=DayInput)
    place = forms.CharField(label="地点", max_length=100, initial="村部")
    entitled = forms.IntegerField(
        label="应到人数",
        min_value=1,
        max_value=2000,
        error_messages={"min_value": "应到人数必须大于0。", "invalid": "请填写整数。"},
    )
    present = forms.IntegerField(
        label="实到人数",
        min_value=1,
        max_value=2000,
        error_messages={"min_value": "实到人数必须大于0。", "invalid": "请填写整数。"},
    )
    chair = forms.CharField(label="主持人", max_length=50)
    recorder = forms.CharField(label="记录人", max_length=50)
    minutes = forms.CharField(label="会议记录", max_length=10_000, widget=forms.Textarea(attrs={"rows": 6}))
    papers = ManyPhotosField(
        label="会议材料",
        required=False,
        widget=ManyFilesInput(attrs={"accept": "image/jpeg,image/png,application/pdf"}),
        help_text="签到表、会议记录的照片或PDF。没有提交成功的，文件要重新选择。",
    )

    def __init__(self, *args: Any, cases: Sequence[Application], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cases = cases
        for case in cases:
            self.fields[f"pick{case.pk}"] = forms.BooleanField(
                label=f"评议{case.number}",
                required=False,
                initial=not getattr(case, "appraised", False),
            )
            self.fields[f"vote{case.pk}"] = forms.IntegerField(
                label=f"{case.number}同意人数",
                required=False,
                min_value=0,
                max_value=2000,
                widget=forms.NumberInput(attrs={"placeholder": "全部"}),
                error_messages={"min_value": "同意人数不能小于0。", "invalid": "请填写整数。"},
            )
            self.fields[f"opinion{case.pk}"] = forms.CharField(
                label=f"{case.number}评议意见", required=False, max_length=500
            )

    @property
    def heading(self) -> list[forms.BoundField]:
        """The fields of the meeting itself."""
        own = [name for name in self.base_fields if name not in {"revision", "key"}]
        return [self[name] for name in own]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One row per case, for the table."""
        return [
            {
                "case": case,
                "pick": self[f"pick{case.pk}"],
                "vote": self[f"vote{case.pk}"],
                "opinion": self[f"opinion{case.pk}"],
            }
            for case in self.cases
        ]

    @property
    def record(self) -> Minutes:
        """The meeting's record as typed."""
        data = self.cleaned_data
        return Minutes(
            kind=MeetingKind(data["kind"]),
            **{
                name: data[name]
                for name in ("held_on", "place", "entitled", "present", "chair", "recorder", "minutes")
            },
        )

    @property
    def _picked(self) -> list[int]:
        return [case.pk for case in self.cases if self.cleaned_data[f"pick{case.pk}"]]

    @property
    def votes(self) -> dict[int, int]:
        """Those in favour, by case."""
        data = self.cleaned_data
        given = {key: data[f"vote{key}"] for key in self._picked}
        return {key: data["present"] if votes is None else votes for key, votes in given.items()}

    @property
    def opinions(self) -> dict[int, str]:
        return {key: self.cleaned_data[f"opinion{key}"] for key in self._picked}
