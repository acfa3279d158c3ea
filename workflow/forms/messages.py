"""How a person wants to be told: letters by event, and who stands in while they are away."""

from datetime import date
from typing import Any

from django import forms
from django.db.models import QuerySet

from notifications.catalogue import LETTERS
from registry.models import User


class LettersForm(forms.Form):
    """The events of which letters are wanted."""

    events = forms.MultipleChoiceField(
        label="收邮件的事项",
        choices=[(event.name, event.label) for event in LETTERS],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )


class SubstituteForm(forms.Form):
    """A colleague and the days."""

    substitute = forms.ModelChoiceField(User.objects.none(), label="替班人", empty_label="请选择")
    starts_on = forms.DateField(
        label="开始日期", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    ends_on = forms.DateField(
        label="结束日期",
        help_text="当天仍有效。",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, colleagues: QuerySet[User], today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["substitute"].queryset = colleagues  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        starts, ends = values.get("starts_on"), values.get("ends_on")
        if starts and ends and ends < starts:
            self.add_error("ends_on", "结束日期不能早于开始日期。")
        elif ends and ends < self.today:
            self.add_error("ends_on", "这段日期已经过去。")
        return values
