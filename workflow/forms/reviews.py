"""What an officer types for an act on a case: an opinion, a cut, the faults of a return, the reason of a refusal."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from applications.amounts import money, plain
from applications.models import Application, RequiredPaper
from registry.refusal import Refused
from workflow.forms.base import VerbForm
from workflow.models import RefusalCode
from workflow.proceedings import Cut
from workflow.reviews import FaultText

LONGEST = 2000


class AboveRule(Refused):
    """A lowered quantity with an amount that the rule does not give for it."""


class ActForm(VerbForm):
    """An act on one case: nothing to type but the click."""

    def __init__(self, *args: Any, case: Application, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.case = case


class ReasonForm(ActForm):
    """An act that needs its reason in words."""

    opinion = forms.CharField(
        label="理由",
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "请写明理由。"},
    )


class WithdrawForm(ReasonForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["opinion"].label = "申请人的意思"
        self.fields["opinion"].help_text = "申请人为什么撤回，谁、什么时候提出的。"
        self.fields["opinion"].error_messages["required"] = "撤回必须写明申请人的意思。"


class ResubmitForm(ActForm):
    opinion = forms.CharField(
        label="补正说明",
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="可以不填。",
    )


class PassForm(ActForm):
    """Pass a case to its posting; quantity or amount may be lowered (核减), with the reason."""

    opinion = forms.CharField(
        label="意见",
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="不填写的记为“同意”。核减的必须在这里写明理由。",
    )
    quantity = forms.DecimalField(
        label="核减后数量",
        required=False,
        max_digits=10,
        decimal_places=2,
        help_text="不核减的不用填。只填数量的，金额按项目标准重新计算。",
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    amount = forms.DecimalField(
        label="核减后金额（元）",
        required=False,
        max_digits=12,
        decimal_places=2,
        help_text="不核减的不用填。",
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )

    def cut(self) -> Cut | None:
        """The cut as typed. Raises Refused where the programme's rule does not give that much."""
        quantity, amount = self.cleaned_data["quantity"], self.cleaned_data["amount"]
        if quantity is None and amount is None:
            return None
        case, unit = self.case, self.case.programme.quantity_unit
        if quantity is None:
            quantity = case.quantity
        most = case.programme.parsed_rule.compute(quantity, unit=unit, given=case.basis)
        if amount is None and most.value <= case.amount:
            return Cut(quantity, most.value, most.working)
        # An amount that was lowered before stays lowered: the rule gives the most that a quantity is worth.
        amount = case.amount if amount is None else money(amount)
        if quantity < case.quantity and amount > most.value:
            raise AboveRule(f"{plain(quantity)}{unit}按标准最多{most.value:.2f}元，请核对核减后的金额。")
        return Cut(quantity, amount, f"{most.working}；核减为{amount:.2f}元")


class SendBackForm(ActForm):
    """Return a case: all faults at once, in one numbered list (一次性书面告知)."""

    faults = forms.CharField(
        label="需要补正的内容",
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="每行写一条，一次写全，系统自动编号。",
    )
    papers = forms.ModelMultipleChoiceField(
        label="需要补交的材料",
        queryset=RequiredPaper.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="勾选的材料各记一条。",
    )
    overlooked = forms.CharField(
        label="上次退回时没有写明的",
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="上次退回时已经可以发现、当时没有写明的内容写在这里，每行一条。这些内容会标注出来。",
    )

    def __init__(self, *args: Any, papers: Any, returned_before: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        if found := list(papers):
            fields["papers"].queryset = papers
            # Read once: the field would ask again for the boxes.
            fields["papers"].choices = [(paper.pk, f"{paper}") for paper in found]
        else:
            del fields["papers"]
        if not returned_before:
            del fields["overlooked"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.named(data):
            raise ValidationError("退回补正必须一次性列明需要补正的内容，至少一条。")
        return data

    @staticmethod
    def named(data: dict[str, Any]) -> list[FaultText]:
        """The faults as typed: written ones first, then papers, then what an earlier return overlooked."""
        return [
            *(FaultText(line) for line in _lines(data.get("faults"))),
            *(FaultText(f"缺少材料：{paper.name}。", paper.pk) for paper in data.get("papers") or ()),
            *(FaultText(line, visible_before=True) for line in _lines(data.get("overlooked"))),
        ]


def _lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


class RejectForm(ReasonForm):
    """Refuse a case: the reason is chosen and written."""

    reason_code = forms.ChoiceField(
        label="原因",
        choices=RefusalCode.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "不予批准必须选择原因。"},
    )
    field_order = ["reason_code", "opinion"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["opinion"].label = "具体理由"
        self.fields["opinion"].help_text = "会写入告知书，请写清楚事实和依据。"
        self.fields["opinion"].error_messages["required"] = "不予批准必须写明理由。"
