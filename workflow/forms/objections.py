"""What is typed while an objection is handled, and what an officer writes down for an objector."""

from django import forms

from workflow.complaints import MAX_PHOTOS
from workflow.forms.applications import DayInput
from workflow.forms.base import VerbForm
from workflow.forms.fieldwork import ManyFilesField, ManyFilesInput
from workflow.models import Channel, ObjectionOutcome, Telling, Way
from workflow.objections import Complaint

WHEN = "%Y-%m-%dT%H:%M"
PLACES = 5


class LodgeForm(VerbForm):
    """An objection that came in by visit, by phone, by letter or through 12317."""

    channel = forms.ChoiceField(
        label="渠道",
        choices=[choice for choice in Channel.choices if choice[0] != Channel.WEB],
        widget=forms.RadioSelect,
        initial=Channel.VISIT,
    )
    received_at = forms.DateTimeField(
        label="收到时间",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=WHEN),
        help_text="群众提出异议的时间，不能晚于现在。",
    )
    anonymous = forms.TypedChoiceField(
        label="是否署名",
        choices=[("0", "署名"), ("1", "不署名")],
        coerce=lambda given: given == "1",
        widget=forms.RadioSelect,
        initial="0",
    )
    name = forms.CharField(
        label="异议人姓名", max_length=50, required=False, help_text="署名的必须填写。加密保存。"
    )
    phone = forms.CharField(
        label="联系电话", max_length=40, required=False, help_text="用于告知结果。加密保存。"
    )
    facts = forms.CharField(
        label="异议内容",
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="按群众原话写明什么人、什么情况与公示不符。",
        error_messages={"required": "请写明异议的具体事实，例如什么人、什么情况与公示不符。"},
    )
    concerns_cadre = forms.BooleanField(
        label="涉及村干部或其近亲属", required=False, help_text="勾选后由乡镇处理，村里看不到异议人和内容。"
    )
    photos = ManyFilesField(
        label="照片",
        required=False,
        widget=ManyFilesInput(attrs={"accept": "image/jpeg,image/png", "multiple": True}),
        help_text=f"可以不传，最多{MAX_PHOTOS}张。JPG或PNG。",
    )

    @property
    def complaint(self) -> Complaint:
        """The complaint as typed."""
        data = self.cleaned_data
        return Complaint(
            channel=Channel(data["channel"]),
            facts=data["facts"],
            anonymous=data["anonymous"],
            name=data["name"],
            phone=data["phone"],
            concerns_cadre=data["concerns_cadre"],
            photos=tuple(data["photos"]),
        )


class PlainForm(VerbForm):
    """Nothing to type: the step itself is all there is to say."""


class TellForm(VerbForm):
    """When and in which way the objector was told."""

    matter = forms.ChoiceField(label="告知事项", choices=Telling.choices, widget=forms.RadioSelect)
    way = forms.ChoiceField(label="告知方式", choices=Way.choices, widget=forms.RadioSelect)
    told_on = forms.DateField(label="告知日期", widget=DayInput, help_text="在作出决定之后，不能晚于今天。")


class AppealForm(VerbForm):
    """An appeal that came in by visit, by phone, by letter or through 12317."""

    channel = forms.ChoiceField(
        label="渠道",
        choices=[choice for choice in Channel.choices if choice[0] != Channel.WEB],
        widget=forms.RadioSelect,
        initial=Channel.VISIT,
    )
    facts = forms.CharField(
        label="申请复核的理由",
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="按异议人原话写明对哪一点不服、还有什么事实。",
        error_messages={"required": "请写明对处理结果哪一点不服、还有什么事实。"},
    )


class ReasonForm(VerbForm):
    reason = forms.CharField(
        label="理由", widget=forms.Textarea(attrs={"rows": 4}), error_messages={"required": "请写明理由。"}
    )


class PassOnForm(ReasonForm):
    to = forms.CharField(
        label="移送单位",
        max_length=100,
        help_text="能够处理这件事的单位，例如纪委或者上一级主管部门。",
        error_messages={"required": "请填写移送的单位。"},
    )
    field_order = ["to", "reason"]


class InvestigateForm(VerbForm):
    """At least two people; the verb counts them."""

    investigators = forms.CharField(
        label="调查人",
        widget=forms.Textarea(attrs={"rows": PLACES}),
        help_text="两人以上，每行写一个姓名。",
        error_messages={"required": "异议调查须有两名以上调查人，请写明姓名。"},
    )

    @property
    def names(self) -> list[str]:
        typed: str = self.cleaned_data["investigators"]
        return [part for line in typed.splitlines() for part in line.replace("，", "、").split("、")]


CONSEQUENCES = {
    ObjectionOutcome.NOT_UPHELD: "异议不成立：公示的天数照算，公示期已满的申请马上进入下一环节，不用重新公示",
    ObjectionOutcome.CORRECTED: "更正：这一行有误，条目撤出公示，申请退回补正后重新公示满期",
    ObjectionOutcome.CANCELLED: "取消：不应补助，条目撤出公示，申请不予批准",
}


class DecideForm(VerbForm):
    outcome = forms.ChoiceField(
        label="处理结果",
        choices=[(outcome.value, sentence) for outcome, sentence in CONSEQUENCES.items()],
        widget=forms.RadioSelect,
        error_messages={"required": "请选择处理结果。"},
    )
    findings = forms.CharField(
        label="调查认定的事实",
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": "请写明调查认定的事实。"},
    )
    reason = forms.CharField(
        label="处理理由",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="会写入该申请的办理记录，请不要写出异议人。",
        error_messages={"required": "请写明处理理由。"},
    )
