"""What an officer types to take a case, to hand it over, or to urge whoever holds it."""

from typing import Any

from django import forms

from registry.models import User
from workflow import worklists
from workflow.forms.reviews import LONGEST, ActForm, ReasonForm


class TakeForm(ActForm):
    """Take a case; one that a colleague has taken only with a reason."""

    opinion = forms.CharField(
        label="接手理由",
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="会告知原来的办理人，并写进审批记录。",
        error_messages={"required": "接手同事正在办理的申请，必须写明理由。"},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if worklists.taken(self.case) is None:
            del self.fields["opinion"]


class HandOverForm(ReasonForm):
    """Hand a case to a colleague of the same step."""

    to = forms.ModelChoiceField(
        label="转给",
        queryset=User.objects.none(),
        empty_label="请选择",
        error_messages={"required": "请选择转给谁办理。", "invalid_choice": "只能转给同一步的其他经办人。"},
    )
    field_order = ["to", "opinion"]

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["to"].queryset = User.objects.filter(pk__in=[person.pk for person in people])
        if not people:
            fields["to"].help_text = "这一步现在没有其他经办人，不能转办。"
        fields["opinion"].help_text = "会告知接手的同事，并写进审批记录。"


class UrgeForm(ReasonForm):
    """Urge the level above."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["opinion"].label = "催办事由"
        self.fields["opinion"].help_text = "会告知正在办理的人，并写进审批记录。同一件申请一天只能催办一次。"
        self.fields["opinion"].error_messages["required"] = "催办必须写明事由。"
