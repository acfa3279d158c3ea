"""Forms of the pages where logins are kept (账号)."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from registry.models import Role, User
from workflow.departures import Held, Post
from workflow.forms.base import VerbForm

STATES = [
    ("", "全部"),
    ("active", "在用"),
    ("locked", "已锁定"),
    ("unused", "90天未登录"),
    ("initial", "初始密码未改"),
    ("no-factor", "没有绑定验证器"),
    ("inactive", "已停用"),
]


class AccountFilter(forms.Form):
    """The filter above the list of logins; whatever is wrong in it is left out."""

    q = forms.CharField(
        label="姓名或登录名",
        required=False,
        max_length=50,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    role = forms.ChoiceField(label="职务", required=False, choices=[("", "全部"), *Role.choices])
    state = forms.ChoiceField(label="状态", required=False, choices=STATES)

    @property
    def wanted(self) -> dict[str, Any]:
        """What is asked for, without what is empty or cannot be understood."""
        self.full_clean()
        return {name: value for name, value in self.cleaned_data.items() if value}


class AccountReasonForm(VerbForm):
    """An act on a login asks for nothing but its reason."""

    reason = forms.CharField(
        label="原因",
        max_length=200,
        help_text="会写入账号记录，例如“本人当面申请，忘记密码”。",
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class LeaveForm(AccountReasonForm):
    """Who leaves, why, and who goes on with what lies in each post."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=100_000)

    def __init__(self, *args: Any, held: Held, people: Mapping[Post, Sequence[User]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = "会写入账号记录，例如“退休”“调离本镇”。"
        self.people = people
        for post in held.posts:
            choices = [("", "放回待办，由同岗位的人办理"), *((f"{one.pk}", str(one)) for one in people[post])]
            self.fields[post.key] = forms.ChoiceField(
                label=f"{post.role.label}的在办事项由谁接办", required=False, choices=choices
            )

    @property
    def takers(self) -> dict[str, User | None]:
        """The one chosen for each post."""
        chosen: dict[str, User | None] = {}
        for post, people in self.people.items():
            by_key = {f"{one.pk}": one for one in people}
            chosen[post.key] = by_key.get(self.cleaned_data.get(post.key, ""))
        return chosen
