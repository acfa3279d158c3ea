"""The page on which a person leaves (离岗停用): what they hold, who goes on, one act."""

from functools import cached_property
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from registry import clock
from workflow import departures
from workflow.departures import Held
from workflow.forms.accounts import LeaveForm
from workflow.results import Result
from workflow.views.accounts import OfAccount
from workflow.views.base import StaffView, VerbView


def listed(held: Held) -> list[dict[str, Any]]:
    """What a person has in hand, post by post, as the page lists it."""
    return [
        {"post": post, "cases": held.cases.get(post, []), "objections": held.objections.get(post, [])}
        for post in held.posts
    ]


class AccountLeave(OfAccount, VerbView):
    """Deactivate a login: its open work is listed and handed over, appointments and sessions end."""

    form_class = LeaveForm
    template_name = "desk/account_leave.html"
    success_message = "账号已停用，在办事项已移交，任职和登录已全部结束。"
    submit_label = "停用并移交"

    @cached_property
    def held(self) -> Held:
        return departures.held(self.person, on=self.actor.on)

    def get_form_kwargs(self) -> dict[str, Any]:
        people = departures.takers(self.held.posts, but=self.person, on=self.actor.on)
        return {**super().get_form_kwargs(), "held": self.held, "people": people}

    def get_initial(self) -> dict[str, Any]:
        return {"seen": self.held.fingerprint}

    def act(self, form: forms.Form) -> list[Result] | None:
        given = form.cleaned_data
        departures.leave(
            self.person,
            by=self.request.user,  # type: ignore[arg-type]
            now=clock.now(),
            reason=given["reason"],
            takers=form.takers,  # type: ignore[attr-defined]
            seen=given["seen"],
            key=given["key"],
        )
        return None

    def show_refusal(self, form: forms.Form, refused: Any) -> None:
        super().show_refusal(form, refused)
        # What is listed anew is what the next try hands over.
        form.data = form.data.copy()  # type: ignore[attr-defined]
        form.data["seen"] = self.held.fingerprint  # type: ignore[index]

    def get_success_url(self) -> str:
        return reverse("account-detail", args=[self.person.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        extra = {
            "page_title": f"离岗停用：{self.person}",
            "person": self.person,
            "listed": listed(self.held),
            "vacant": self.held.vacant,
            "back_url": self.get_success_url(),
        }
        return super().get_context_data(**{**extra, **kwargs})


class OwnWork(StaffView):
    """What one has in hand oneself, before one leaves; an administrator hands it over."""

    def get(self, request: HttpRequest) -> HttpResponse:
        held = departures.held(request.user, on=self.actor.on)  # type: ignore[arg-type]
        return render(request, "desk/account_own.html", {"listed": listed(held), "vacant": held.vacant})


account_leave = AccountLeave.as_view()
account_own = OwnWork.as_view()
