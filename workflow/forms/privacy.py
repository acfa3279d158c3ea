"""What is typed to see full numbers, to export a list of households, and to remove personal data."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from applications.models import Ground, Purpose
from registry.models import Region
from workflow.disclosures import Need
from workflow.forms.base import VerbForm
from workflow.removals import Order

MASKED, FULL = "masked", "full"


class NeedForm(VerbForm):
    """What full numbers are needed for."""

    purpose = forms.ChoiceField(label="用途", choices=Purpose.choices, widget=forms.RadioSelect)
    reason = forms.CharField(
        label="事由",
        max_length=200,
        help_text="写明为什么要看完整号码，例如“核对开户名与身份证是否一致”。事由会和您的姓名、时间一起记录，监督人员可以查看。",
    )

    @property
    def need(self) -> Need:
        return Need(Purpose(self.cleaned_data["purpose"]), self.cleaned_data["reason"])


class RosterForm(VerbForm):
    """Which households, and whether their numbers are masked."""

    village = forms.ModelChoiceField(
        label="村", queryset=Region.objects.none(), required=False, empty_label="管辖范围内全部"
    )
    numbers = forms.ChoiceField(
        label="号码",
        choices=[(MASKED, "只显示一部分"), (FULL, "完整号码（须写明用途和事由，并留下记录）")],
        widget=forms.RadioSelect,
    )
    purpose = forms.ChoiceField(
        label="用途", choices=[("", "导出完整号码时选择"), *Purpose.choices], required=False
    )
    reason = forms.CharField(
        label="事由", max_length=200, required=False, help_text="导出完整号码时写明，监督人员可以查看。"
    )

    def __init__(self, *args: Any, villages: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["village"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = villages

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("numbers") == FULL and not given.get("purpose"):
            self.add_error("purpose", ValidationError("请选择用途。"))
        return given

    @property
    def need(self) -> Need | None:
        """What full numbers are asked for; nothing where masked ones will do."""
        given = self.cleaned_data
        return Need(Purpose(given["purpose"]), given["reason"]) if given["numbers"] == FULL else None


class RemovalForm(VerbForm):
    """The decision behind a removal."""

    ground = forms.ChoiceField(label="删除依据", choices=Ground.choices, widget=forms.RadioSelect)
    document = forms.CharField(label="文号", max_length=100, help_text="作出删除决定的文件的文号。")
    reason = forms.CharField(label="事由", max_length=200)
    number = forms.CharField(label="再输入一次户编号", max_length=40, help_text="删除后不能恢复。")

    @property
    def order(self) -> Order:
        given = self.cleaned_data
        return Order(Ground(given["ground"]), given["document"], given["reason"], given["number"])
