"""Forms that correct the register (户籍更正). A registered number is shown in part beside its empty field, never in it."""

from typing import Any

from django import forms

from registry import masking
from registry.models import Category, Household, Member, MemberStatus, Relationship
from workflow.forms.applications import DayInput
from workflow.forms.base import VerbForm
from workflow.register import NUMBERS

RELATIONS = [(value, label) for value, label in Relationship.choices if value != Relationship.HEAD]
YES, NO = "yes", "no"


def _number(label: str, most: int) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=most,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


def _text(label: str, most: int, *, required: bool = False) -> forms.CharField:
    return forms.CharField(label=label, max_length=most, required=required)


class RegisterForm(VerbForm):
    """What each correction carries: the mark of what was shown, and the reason."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=100)
    reason = forms.CharField(
        label="原因",
        max_length=200,
        help_text="写明依据，例如“户口簿核对，录入时写错一位”。会长期保留，请不要写完整的号码。",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    order: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields([*self.order, "cleared", "reason"])

    def show_registered(self, masked: dict[str, str]) -> None:
        """Say beside each number what is registered, in part, and offer to clear those that are."""
        for name, text in masked.items():
            self.fields[name].help_text = (
                f"登记的是 {text}，不改的留空。" if text else "没有登记，不填的留空。"
            )
        there = [(name, self.fields[name].label) for name, text in masked.items() if text]
        field = self.fields["cleared"]
        assert isinstance(field, forms.MultipleChoiceField)
        # Sent twice, the form names what is no longer there: it is read all the same.
        field.choices = [(name, self.fields[name].label) for name in masked]
        field.widget.choices = there
        if not there:
            del self.fields["cleared"]

    @property
    def wanted(self) -> dict[str, Any]:
        """The fields that are said: a number left empty is not, unless it is to be cleared."""
        given, cleared = self.cleaned_data, self.cleaned_data.get("cleared", [])
        found = {}
        for name in self.order:
            if name not in self.fields:
                continue
            value = given[name]
            if name not in NUMBERS:
                found[name] = value == YES if name == "public_employee" else value
            elif value or name in cleared:
                found[name] = value
        return found

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        for name in given.get("cleared", []):
            if given.get(name):
                self.add_error(name, "既填写了新号码，又选了“去掉登记的号码”，请只选一样。")
        return given


def _cleared() -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label="去掉登记的号码",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="登记的号码不是本人的，又没有正确的号码时才选。",
    )


class HouseholdCorrectionForm(RegisterForm):
    """What is registered of a household itself."""

    order = ("group", "category", "address", "phone")
    group = _text("村民组", 40)
    category = forms.ChoiceField(label="户类别", choices=Category.choices)
    address = _text("住址", 200)
    phone = _number("联系电话", 40)
    cleared = _cleared()

    def __init__(self, *args: Any, household: Household, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.show_registered({"phone": masking.mask_phone(household.phone or "")})


class MemberForm(RegisterForm):
    """What is typed of a person."""

    order = (
        "name",
        "relationship",
        "id_number",
        "phone",
        "bank",
        "card_number",
        "card_holder",
        "status",
        "status_on",
        "public_employee",
    )
    name = _text("姓名", 50, required=True)
    relationship = forms.ChoiceField(label="与户主关系", choices=RELATIONS)
    id_number = _number("身份证号", 20)
    phone = _number("手机号", 40)
    bank = _text("开户银行", 60)
    card_number = _number("银行卡号（一卡通账号）", 40)
    card_holder = _text("开户名", 50)
    public_employee = forms.ChoiceField(label="财政供养人员", choices=[(NO, "不是"), (YES, "是")])


class NewMemberForm(MemberForm):
    """A person who joined the household."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["relationship"] = forms.ChoiceField(
            label="与户主关系", choices=[("", "请选择"), *RELATIONS]
        )
        self.fields["id_number"].help_text = "新生儿还没有身份证号的可以先不填，办好后再更正。"
        self.order_fields([*self.order, "reason"])


class MemberCorrectionForm(MemberForm):
    """What is registered of a person; the head's relation is not among it."""

    status = forms.ChoiceField(label="状态", choices=MemberStatus.choices)
    status_on = forms.DateField(
        label="状态变更日期", required=False, widget=DayInput, help_text="死亡或迁出的日期，正常的不用填。"
    )
    cleared = _cleared()

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if member.is_head:
            del self.fields["relationship"]
        self.show_registered(
            {
                "id_number": masking.mask_id_number(member.id_number or ""),
                "phone": masking.mask_phone(member.phone or ""),
                "card_number": masking.mask_card(member.card_number or ""),
            }
        )


class HeadForm(RegisterForm):
    """Who becomes head, and what each of the others is to the new head."""

    to = forms.TypedChoiceField(
        label="新户主",
        coerce=int,
        widget=forms.RadioSelect,
        help_text="只列出登记为“正常”的成员。换户主以后，其他成员的关系要逐个重新核对。",
    )

    def __init__(self, *args: Any, people: list[Member], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = people
        field = self.fields["to"]
        assert isinstance(field, forms.ChoiceField)
        # Whoever is head or gone is not offered, but the form sent twice must still be read: the verb refuses them.
        field.choices = [(one.pk, one.name) for one in people]
        field.widget.choices = [
            (one.pk, one.name) for one in people if not one.is_head and one.status == MemberStatus.ALIVE
        ]
        for one in people:
            self.fields[f"relation{one.pk}"] = forms.ChoiceField(
                label=f"{one.name}与新户主的关系",
                choices=[("", "请选择"), *RELATIONS],
                required=False,
                initial="" if one.is_head else one.relationship,
                help_text="选为新户主的人不用填。" if not one.is_head else "",
            )
        self.order_fields(["to", *(f"relation{one.pk}" for one in people), "reason"])

    @property
    def relations(self) -> dict[int, str]:
        return {one.pk: self.cleaned_data[f"relation{one.pk}"] for one in self.people}
