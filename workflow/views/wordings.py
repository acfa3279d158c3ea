"""Pages of the templates that sheets start with (公示模板): all of them, and one with its preview and its versions."""

from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from registry import clock
from registry.refusal import Refused
from workflow import permissions, wordings
from workflow.forms.wordings import WordingForm
from workflow.models import PostingKind, SheetWording
from workflow.views.base import StaffView, VerbView

SHOWN = 20
"""Versions on the page, newest first; all of them stay in the database."""


class WordingList(StaffView):
    """The wording in force for each kind of sheet."""

    def get(self, request: HttpRequest) -> HttpResponse:
        verdict = permissions.may_change_wording(self.actor)
        if not verdict:
            raise PermissionDenied(verdict.reason)
        rows = [{"kind": kind, "wording": wordings.current(kind)} for kind in PostingKind]
        return render(request, "desk/wording_list.html", {"rows": rows})


class WordingChange(VerbView):
    """Word one kind of sheet anew, with a preview on sample values before anything is kept."""

    template_name = "desk/wording_change.html"
    form_class = WordingForm
    success_message = "模板已保存，以后的拟稿按新模板；已有的拟稿和张贴过的公示不变。"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated and self.actor.holdings:
            verdict = permissions.may_change_wording(self.actor)
            if not verdict:
                raise PermissionDenied(verdict.reason)
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def kind(self) -> PostingKind:
        if self.kwargs["kind"] not in PostingKind.values:
            raise Http404
        return PostingKind(self.kwargs["kind"])

    def get_initial(self) -> dict[str, Any]:
        return vars(wordings.current(self.kind))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "preview" not in request.POST:
            return super().post(request, *args, **kwargs)
        form = self.get_form()
        status = 422
        if form.is_valid():
            try:
                wordings.refuse_unfit(self.kind, form.wording)
                status = 200
            except Refused as refused:
                form.add_error(None, refused.sentence)
        return self.render_to_response(self.get_context_data(form=form), status=status)

    def act(self, form: forms.Form) -> None:
        assert isinstance(form, WordingForm)
        wordings.change(
            self.kind,
            wording=form.wording,
            by=self.request.user,  # type: ignore[arg-type]
            now=clock.now(),
            key=form.cleaned_data["key"],
        )

    def get_success_url(self) -> str:
        return reverse("wording-list")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        form = context["form"]
        typed = wordings.Wording(form["title"].value() or "", form["text"].value() or "")
        try:
            wordings.refuse_unfit(self.kind, typed)
        except wordings.BadWording:
            shown = None
        else:
            shown = {
                "title": wordings.fill(typed.title, wordings.SAMPLE),
                "text": wordings.fill(typed.text, wordings.SAMPLE),
            }
        versions = SheetWording.objects.filter(kind=self.kind).select_related("changed_by")
        return {
            **context,
            "kind": self.kind,
            "variables": wordings.VARIABLES,
            "shown": shown,
            "default": wordings.DEFAULTS[self.kind],
            "versions": versions.order_by("-version")[:SHOWN],
        }


wording_list = WordingList.as_view()
wording_change = WordingChange.as_view()
