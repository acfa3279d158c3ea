"""Writing down what came in by visit, phone, letter or 12317 (登记异议、复核), and the objector's slip."""

from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from registry import clock
from registry.scope import within
from workflow import appeals, objections, permissions
from workflow.forms.objections import WHEN, AppealForm, LodgeForm
from workflow.models import Channel, Objection, Posting, PostingEntry, PostingState
from workflow.permissions import Verdict
from workflow.views import sheet
from workflow.views.base import StaffView, VerbView
from workflow.views.objecting import seen


class ObjectionNew(VerbView):
    """Write down an objection that came in by visit, phone, letter or 12317, and print its receipt."""

    template_name = "desk/objection_form.html"
    form_class = LodgeForm
    page_title = "登记异议"
    submit_label = "登记"
    made: Objection

    @cached_property
    def entry(self) -> PostingEntry:
        rows = PostingEntry.objects.filter(
            within(self.actor.may_read_prefixes, "application__village__code"),
            posting__in=Posting.objects.visible_to(self.actor),
        ).exclude(posting__state=PostingState.DRAFT)
        found = get_object_or_404(
            rows.select_related("posting__region", "application__village"), pk=self.kwargs["entry"]
        )
        verdict: Verdict = permissions.takes_objections(found) and permissions.may_lodge(
            self.actor, found.application
        )
        if not verdict:
            raise PermissionDenied(verdict.reason)
        return found

    def get_initial(self) -> dict[str, Any]:
        return {"received_at": timezone.localtime(clock.now()).strftime(WHEN)}

    def act(self, form: forms.Form) -> None:
        assert isinstance(form, LodgeForm)
        self.made = objections.lodge(
            self.entry,
            complaint=form.complaint,
            received_at=form.cleaned_data["received_at"],
            by=self.request.user,  # type: ignore[arg-type]
            now=clock.now(),
            key=form.cleaned_data["key"],
        )

    def get_success_url(self) -> str:
        return reverse("objection-slip", args=[self.made.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        entry = self.entry
        return super().get_context_data(
            entry=entry,
            posting=entry.posting,
            row=sheet.allowed(entry.row),
            back_url=entry.posting.get_absolute_url(),
            explanation="收到异议后，这一件申请在异议办结之前不能进入下一步，名单上的其他申请不受影响。",
            **kwargs,
        )


class ObjectionAppeal(VerbView):
    """Write down an appeal that the objector makes by visit, phone, letter or 12317."""

    template_name = "desk/objection_form.html"
    form_class = AppealForm
    page_title = "登记复核申请"
    submit_label = "登记"
    made: Objection

    @cached_property
    def objection(self) -> Objection:
        found = get_object_or_404(seen(Objection.objects.visible_to(self.actor)), pk=self.kwargs["pk"])
        verdict = permissions.may_lodge(self.actor, found.application)
        if not verdict:
            raise PermissionDenied(verdict.reason)
        return found

    def act(self, form: forms.Form) -> None:
        typed = form.cleaned_data
        self.made = appeals.lodge(
            self.objection,
            facts=typed["facts"],
            channel=Channel(typed["channel"]),
            by=self.request.user,  # type: ignore[arg-type]
            now=clock.now(),
            key=typed["key"],
        )

    def get_success_url(self) -> str:
        return reverse("objection-slip", args=[self.made.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        objection = self.objection
        return super().get_context_data(
            objection=objection,
            row=sheet.allowed(objection.entry.row),
            may_see=permissions.may_see_objector(self.actor, objection),
            back_url=objection.get_absolute_url(),
            explanation="异议人对处理结果不服的，可以向上一级申请一次复核。复核办结之前，这一件申请不能进入下一步。",
            **kwargs,
        )


class ObjectionSlip(StaffView):
    """The objector's receipt on paper (回执): the code, where to ask with it, what happens by when."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        rows = seen(Objection.objects.visible_to(self.actor))
        objection = get_object_or_404(rows, pk=pk)
        verdict = permissions.may_give_slip(self.actor, objection)
        if not verdict:
            raise PermissionDenied(verdict.reason)
        address = request.build_absolute_uri(reverse("public-receipt"))
        context = {"objection": objection, "posting": objection.posting, "address": address}
        return render(request, "desk/objection_slip.html", context)


objection_new = ObjectionNew.as_view()
objection_appeal = ObjectionAppeal.as_view()
objection_slip = ObjectionSlip.as_view()
