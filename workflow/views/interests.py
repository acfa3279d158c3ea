"""Pages of declared ties (近亲属申报): one's own, those of a login, those of a region, and the withdrawal of one."""

from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from registry import clock
from registry.models import Household, Interest, InterestKind, User
from workflow import interests, permissions
from workflow.forms.interests import DeclareForm, WithdrawInterestForm
from workflow.views.accounts import OfAccount
from workflow.views.base import StaffView, VerbView

PER_PAGE = 20


class DeclareView(VerbView):
    """Declare a tie; what was declared so far stands below, what was withdrawn too."""

    form_class = DeclareForm
    template_name = "desk/interest_declare.html"
    success_message = "已经申报，从今天起这一户的事项由其他经办人办理。"
    submit_label = "申报"

    @property
    def person(self) -> Any:
        raise NotImplementedError

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "households": Household.objects.visible_to(self.actor)}

    def act(self, form: forms.Form) -> None:
        given = form.cleaned_data
        interests.declare(
            self.person,
            given["household"],
            kind=InterestKind(given["kind"]),
            note=given["note"],
            by=self.request.user,  # type: ignore[arg-type]
            now=clock.now(),
            key=given["key"],
        )

    def get_success_url(self) -> str:
        return self.request.path

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**{"ties": interests.of_person(self.person), **kwargs})


class OwnInterests(DeclareView):
    """What one declares oneself."""

    page_title = "我的近亲属申报"

    @property
    def person(self) -> User:
        user = self.request.user
        assert isinstance(user, User)
        return user


class AccountInterests(OfAccount, DeclareView):
    """What an administrator declares for somebody, after a notice from others."""

    @property
    def page_title(self) -> str:  # type: ignore[override]
        return f"近亲属申报：{self.person}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        extra = {"back_url": reverse("account-detail", args=[self.person.pk])}
        return super().get_context_data(**{**extra, **kwargs})


class InterestList(StaffView):
    """All ties to the households of a region, for those who look through such records."""

    def get(self, request: HttpRequest) -> HttpResponse:
        verdict = permissions.may_audit_disclosures(self.actor)
        if not verdict:
            raise PermissionDenied(verdict.reason)
        page = Paginator(interests.of_region(self.actor), PER_PAGE).get_page(request.GET.get("page"))
        shown: list[Any] = list(page)
        for tie in shown:
            tie.may_withdraw = permissions.may_withdraw_interest(self.actor, tie)
        return render(request, "desk/interest_list.html", {"page_obj": page, "ties": shown})


class InterestWithdraw(VerbView):
    """Withdraw one tie of the region, with the reason."""

    form_class = WithdrawInterestForm
    page_title = "撤销近亲属申报"
    submit_label = "撤销申报"
    success_message = "申报已撤销，今天仍须回避，记录保留。"
    template_name = "desk/interest_withdraw.html"

    @cached_property
    def interest(self) -> Interest:
        return get_object_or_404(interests.of_region(self.actor), pk=self.kwargs["pk"])

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated and self.actor.holdings:
            for verdict in (
                permissions.may_audit_disclosures(self.actor),
                permissions.may_keep_accounts(self.actor),
            ):
                if not verdict:
                    raise PermissionDenied(verdict.reason)
            verdict = permissions.may_withdraw_interest(self.actor, self.interest)
            if not verdict:
                raise PermissionDenied(verdict.reason)
        return super().dispatch(request, *args, **kwargs)

    def act(self, form: forms.Form) -> None:
        given = form.cleaned_data
        interests.withdraw(
            self.interest,
            by=self.request.user,  # type: ignore[arg-type]
            now=clock.now(),
            reason=given["reason"],
            key=given["key"],
        )

    def get_success_url(self) -> str:
        return reverse("interest-list")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            **{"tie": self.interest, "back_url": reverse("interest-list"), **kwargs}
        )


interest_own = OwnInterests.as_view()
account_interests = AccountInterests.as_view()
interest_list = InterestList.as_view()
interest_withdraw = InterestWithdraw.as_view()
