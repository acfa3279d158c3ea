"""Forms of declared ties (近亲属申报)."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from registry.models import Household, InterestKind
from workflow.forms.base import VerbForm


class DeclareForm(VerbForm):
    """Which household, and what it is to the person."""

    household = forms.CharField(
        label="户编号", max_length=40, help_text="在“户籍”页面可以按姓名查到户编号。一次申报一户。"
    )
    kind = forms.ChoiceField(label="关系", choices=InterestKind.choices, widget=forms.RadioSelect)
    note = forms.CharField(
        label="说明", max_length=100, required=False, help_text="例如“岳父”“弟弟家”，可以不填。"
    )

    def __init__(self, *args: Any, households: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.households = households

    def clean_household(self) -> Household:
        """The household of that number, among those the person may see."""
        found: Household | None = self.households.filter(
            number=self.cleaned_data["household"].strip()
        ).first()
        if found is None:
            raise ValidationError("在您的管辖范围内没有找到这个户编号，请核对。")
        return found


class WithdrawInterestForm(VerbForm):
    """Why a tie is none, or no longer one."""

    reason = forms.CharField(
        label="撤销原因",
        max_length=200,
        help_text="写明核实的情况，例如“经核实户编号填错”。会写入账号记录，申报本身仍然保留。",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
