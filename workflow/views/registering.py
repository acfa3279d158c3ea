"""Pages that correct the register (户籍更正): a household, a person, a new person, another head."""

from functools import cached_property
from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from registry import clock
from registry.models import Member
from workflow import permissions, register
from workflow.forms.register import (
    NO,
    YES,
    HeadForm,
    HouseholdCorrectionForm,
    MemberCorrectionForm,
    NewMemberForm,
    RegisterForm,
)
from workflow.permissions import Verdict
from workflow.views.privacy import HouseholdVerbView


class RegisterView(HouseholdVerbView):
    """A form that corrects the register; beside it the cases that keep what they were handed in with."""

    template_name = "desk/register_form.html"
    submit_label = "保存更正"

    def permitted(self) -> Verdict:
        return permissions.may_change_household(self.actor, self.household)

    def get_initial(self) -> dict[str, Any]:
        return {"seen": register.mark(self.household)}

    def said(self, form: forms.Form) -> dict[str, Any]:
        """What every verb of the register is told."""
        given = form.cleaned_data
        return {
            "seen": given["seen"],
            "by": self.by,
            "now": clock.now(),
            "reason": given["reason"],
            "key": given["key"],
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**{"open_cases": register.open_cases(self.household), **kwargs})


class HouseholdCorrect(RegisterView):
    """Group, category, address and telephone of a household."""

    form_class = HouseholdCorrectionForm
    page_title = "更正户的登记"
    success_message = "已更正，并留下记录。"

    def get_initial(self) -> dict[str, Any]:
        home = self.household
        shown = {"group": home.group, "category": home.category, "address": home.address}
        return {**super().get_initial(), **shown}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "household": self.household}

    def act(self, form: forms.Form) -> None:
        assert isinstance(form, RegisterForm)
        register.correct_household(self.household, wanted=form.wanted, **self.said(form))


class MemberAdd(RegisterView):
    """A person who joined the household."""

    form_class = NewMemberForm
    page_title = "增加成员"
    submit_label = "增加成员"
    success_message = "已增加成员，并留下记录。"

    def get_initial(self) -> dict[str, Any]:
        return {**super().get_initial(), "public_employee": NO}

    def act(self, form: forms.Form) -> None:
        assert isinstance(form, RegisterForm)
        register.add_member(self.household, wanted=form.wanted, **self.said(form))


class MemberCorrect(RegisterView):
    """One person of the household."""

    form_class = MemberCorrectionForm
    success_message = "已更正，并留下记录。"

    @property
    def page_title(self) -> str:  # type: ignore[override]
        return f"更正成员：{self.member.name}"

    @cached_property
    def member(self) -> Member:
        return get_object_or_404(Member, household=self.household, pk=self.kwargs["member"])

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated and self.actor.holdings and self.permitted():
            self.member  # noqa: B018  404 where the household has no such person
        return super().dispatch(request, *args, **kwargs)

    def get_initial(self) -> dict[str, Any]:
        one = self.member
        return {
            **super().get_initial(),
            "name": one.name,
            "relationship": one.relationship,
            "bank": one.bank,
            "card_holder": one.card_holder,
            "status": one.status,
            "status_on": one.status_on,
            "public_employee": YES if one.public_employee else NO,
        }

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "member": self.member}

    def act(self, form: forms.Form) -> None:
        assert isinstance(form, RegisterForm)
        register.correct_member(self.member, wanted=form.wanted, **self.said(form))


class HeadChange(RegisterView):
    """Another head of the household, and what each of the others is to the new one."""

    form_class = HeadForm
    page_title = "更换户主"
    submit_label = "更换户主"
    success_message = "已更换户主，并留下记录。"

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "people": list(self.household.members.all())}

    def act(self, form: forms.Form) -> None:
        assert isinstance(form, HeadForm)
        to, relations = form.cleaned_data["to"], form.relations
        register.change_head(self.household, to=to, relations=relations, **self.said(form))


household_correct = HouseholdCorrect.as_view()
member_add = MemberAdd.as_view()
member_correct = MemberCorrect.as_view()
household_head = HeadChange.as_view()
