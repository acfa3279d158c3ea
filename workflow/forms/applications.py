"""What the village types for a household: the application, its change, its papers."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet

from applications.amounts import FixedRule, TierRule
from applications.models import Application, Programme, RequiredPaper
from registry.models import Household, Member, MemberStatus
from workflow import intake
from workflow.forms.base import PAPER_TYPES, ManyFilesField, ManyFilesInput, VerbForm
from workflow.models import Fault
from workflow.steps import FINAL_LABELS, STEPS

DUE_CHOICES = [("", "全部"), ("over", "已超期"), ("near", "快到期")]
STATE_CHOICES = [
    ("", "全部"),
    *((state.value, step.staff_label) for state, step in STEPS.items()),
    *((state.value, label) for state, label in FINAL_LABELS.items()),
]


class DayInput(forms.DateInput):
    """The browser's own date picker."""

    input_type = "date"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%Y-%m-%d", **kwargs)


class SearchForm(forms.Form):
    """One line to search by."""

    q = forms.CharField(
        label="户编号、姓名、拼音或首字母",
        required=False,
        max_length=50,
        widget=forms.TextInput(attrs={"type": "search"}),
    )

    @property
    def text(self) -> str:
        self.full_clean()
        return str(self.cleaned_data.get("q", ""))


class ClaimForm(VerbForm):
    """What is asked for under a programme: quantity or choice, who is paid, why."""

    beside_amount = "payee"
    """The field behind which the amount is shown where it depends on none that is typed."""

    member = forms.ModelChoiceField(
        label="申请对象", queryset=Member.objects.none(), empty_label="请选择家庭成员"
    )
    option = forms.ChoiceField(label="档次", widget=forms.RadioSelect)
    quantity = forms.DecimalField(
        label="数量",
        max_digits=10,
        decimal_places=2,
        min_value=Decimal("0.01"),
        error_messages={"min_value": "数量必须大于0。", "invalid": "请填写数字。"},
    )
    payee = forms.ModelChoiceField(label="收款人", queryset=Member.objects.none(), required=False)
    reason = forms.CharField(
        label="申请理由", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )
    committed = forms.BooleanField(
        label="申请人已签署承诺",
        required=False,
        help_text="承诺申报内容属实。没有签署的可以先存草稿，签署后才能提交。",
    )

    def __init__(self, *args: Any, programme: Programme, household: Household, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.programme, self.household = programme, household
        alive = household.members.filter(status=MemberStatus.ALIVE)
        rule = programme.parsed_rule
        fields: dict[str, Any] = self.fields
        if programme.per_person:
            fields["member"].queryset = alive
        else:
            del fields["member"]
        if isinstance(rule, TierRule):
            fields["option"].choices = [
                (name, f"{name}　{value:.2f}元") for name, value in rule.tiers.items()
            ]
        else:
            del fields["option"]
        if isinstance(rule, TierRule | FixedRule):
            fields["quantity"].initial, fields["quantity"].widget = Decimal(1), forms.HiddenInput()
        else:
            fields["quantity"].label = f"数量（{programme.quantity_unit}）"
            fields["quantity"].widget.attrs["inputmode"] = "decimal"
        fields["payee"].queryset = alive
        fields["payee"].label_from_instance = _paid_to
        fields["payee"].empty_label = "申请对象本人" if programme.per_person else "户主"
        fields["payee"].help_text = "补贴发到收款人登记的一卡通账户。"
        # The members are read once for all fields; what is chosen is still looked up among the living.
        living = [member for member in household.members.all() if member.status == MemberStatus.ALIVE]
        for name in ("member", "payee"):
            if name in fields:
                label, empty = fields[name].label_from_instance, fields[name].empty_label
                fields[name].choices = [("", empty), *((member.pk, label(member)) for member in living)]

    @property
    def last_of_amount(self) -> str:
        """The last visible field that the amount depends on: the amount is shown behind it."""
        asked = [
            name
            for name in ("member", "option", "quantity")
            if name in self.fields and not self.fields[name].widget.is_hidden
        ]
        return asked[-1] if asked else self.beside_amount


def _paid_to(member: Member) -> str:
    """Who is paid and on which account, as far as it is registered."""
    card = member.card_number
    account = f"{member.bank} 尾号{card[-4:]}" if card else "没有登记银行卡"
    return f"{member.name}（{member.get_relationship_display()}）　{account}"


class EnterForm(ClaimForm):
    """A new application, entered for the household (代办)."""

    applied_on = forms.DateField(
        label="申请日期", widget=DayInput, help_text="申请人提出申请的日期，不能晚于今天。"
    )
    follows = forms.ModelChoiceField(
        label="承接的原申请",
        queryset=Application.objects.none(),
        required=False,
        empty_label="不是复核后重新申请",
        help_text="原申请不予批准、复核后同意重新申请的，在这里选原申请。",
    )
    beside_amount = "applied_on"
    field_order = ["member", "option", "quantity", "applied_on", "payee", "reason", "follows", "committed"]

    def __init__(self, *args: Any, refused: QuerySet[Application], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        earlier: Any = self.fields["follows"]
        earlier.queryset = refused
        if not refused:
            del self.fields["follows"]

    @property
    def application(self) -> intake.Form:
        """The application as typed."""
        data = self.cleaned_data
        return intake.Form(
            programme=self.programme,
            household=self.household,
            quantity=data["quantity"],
            applied_on=data["applied_on"],
            member=data.get("member"),
            payee=data.get("payee"),
            option=data.get("option") or "",
            reason=data["reason"],
            committed=data["committed"],
            follows=data.get("follows"),
        )

    def typed_so_far(self, today: date) -> intake.Form | None:
        """As much as the amount is computed from, while the rest is still being typed; None where it lacks."""
        # Asking for the errors cleans once; cleaning again would drop the sentence of a refusal.
        data = self.cleaned_data if self.errors is not None else {}
        if not data.get("quantity") or (self.programme.per_person and not data.get("member")):
            return None
        return intake.Form(
            programme=self.programme,
            household=self.household,
            quantity=data["quantity"],
            applied_on=today,
            member=data.get("member"),
            payee=data.get("payee"),
            option=data.get("option") or "",
        )


class AmendForm(ClaimForm):
    """A change to a draft or a case in correction. Household, person and programme never change."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("member", None)
        payee: Any = self.fields["payee"]
        payee.required, payee.empty_label = True, None


class AttachForm(VerbForm):
    """One paper of an application."""

    paper = forms.ModelChoiceField(
        label="材料种类", queryset=RequiredPaper.objects.none(), required=False, empty_label="其他材料"
    )
    upload = ManyFilesField(
        label="文件",
        widget=ManyFilesInput(attrs={"accept": PAPER_TYPES, "multiple": True, "data-shrink": True}),
        help_text="JPG、PNG照片或PDF，每个不超过20MB，可以一次选几个。可以用手机直接拍照。",
        error_messages={"required": "请选择要上传的文件。", "empty": "这个文件是空的，请重新选择。"},
    )

    def __init__(self, *args: Any, papers: QuerySet[RequiredPaper], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["paper"]
        field.queryset = papers
        field.label_from_instance = lambda paper: f"{paper.name}{'（必须）' if paper.compulsory else ''}"


class FaultsForm(VerbForm):
    """The numbered faults of a return, each with a box for what is mended."""

    faults = forms.TypedMultipleChoiceField(
        label="已经补正的",
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text="逐条勾选已经补正的。没有勾选的也可以再报，会告诉退回的一级，由其判断。",
    )

    def __init__(self, *args: Any, faults: Sequence[Fault], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["faults"]
        field.choices = [(fault.pk, f"{fault.number}. {fault.text}") for fault in faults]
        field.initial = [fault.pk for fault in faults if fault.mended_at is not None]
