"""Pages of the templates (公示模板, 消息模板): all of them, and one with its preview and its versions."""

from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from notifications import wordings as messages
from notifications.catalogue import EVENTS
from registry import clock
from registry.blanks import Wording
from registry.refusal import Refused
from workflow import permissions, wordings
from workflow.forms.wordings import WordingForm
from workflow.models import PostingKind
from workflow.views.base import StaffView, VerbView
from workflow.wordings import Template

SHOWN = 20
"""Versions on the page, newest first; all of them stay in the database."""


class WordingList(StaffView):
    """The wording in force of each kind of sheet and of each message."""

    def get(self, request: HttpRequest) -> HttpResponse:
        verdict = permissions.may_change_wording(self.actor)
        if not verdict:
            raise PermissionDenied(verdict.reason)
        worded = messages.in_force(EVENTS)
        told = [
            {"template": wordings.of_message(event), "wording": worded.get(event.name, event.default)}
            for event in EVENTS.values()
        ]
        sheets = [wordings.of_sheet(kind) for kind in PostingKind]
        context = {
            "sheets": [{"template": one, "wording": one.current()} for one in sheets],
            "homes": [row for row, event in zip(told, EVENTS.values(), strict=True) if not event.channels],
            "officers": [row for row, event in zip(told, EVENTS.values(), strict=True) if event.channels],
        }
        return render(request, "desk/wording_list.html", context)


class WordingChange(VerbView):
    """Word one template anew, with a preview on sample values before anything is kept."""

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
    def template(self) -> Template:
        if self.kwargs["kind"] not in PostingKind.values:
            raise Http404
        return wordings.of_sheet(PostingKind(self.kwargs["kind"]))

    def get_initial(self) -> dict[str, Any]:
        return vars(self.template.current())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "preview" not in request.POST:
            return super().post(request, *args, **kwargs)
        form = self.get_form()
        status = 422
        if form.is_valid():
            try:
                self.template.refuse_unfit(form.wording)
                status = 200
            except Refused as refused:
                form.add_error(None, refused.sentence)
        return self.render_to_response(self.get_context_data(form=form), status=status)

    def act(self, form: forms.Form) -> None:
        assert isinstance(form, WordingForm)
        wordings.change(
            self.template,
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
        typed = Wording(form["title"].value() or "", form["text"].value() or "")
        try:
            self.template.refuse_unfit(typed)
        except Refused:
            shown = None
        else:
            shown = typed.filled(self.template.sample)
        return {
            **context,
            "template": self.template,
            "shown": shown,
            "versions": self.template.versions[:SHOWN],
        }


class MessageWordingChange(WordingChange):
    """Word the messages of one event anew; of a household's, the preview says how many short messages it takes."""

    success_message = "模板已保存，以后的消息按新模板；已经产生的消息不变。"

    @cached_property
    def template(self) -> Template:
        if self.kwargs["event"] not in EVENTS:
            raise Http404
        return wordings.of_message(EVENTS[self.kwargs["event"]])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if context["shown"] and not EVENTS[self.kwargs["event"]].channels:
            text = context["shown"].text
            context["charged"] = {"signs": len(text), "parts": messages.short_messages(text)}
        return context


wording_list = WordingList.as_view()
wording_change = WordingChange.as_view()
message_wording_change = MessageWordingChange.as_view()
