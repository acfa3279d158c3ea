"""What the pages share: who may be here, one place for refusals, and a form that ends in one verb."""

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.views.generic import FormView, View

from registry.appointments import Actor
from registry.middleware import told_refused
from registry.refusal import Refused
from workflow.forms.base import new_key
from workflow.results import Conflict, Result


class StaffMixin(LoginRequiredMixin):
    """Pages of the desk: a person with at least one appointment today and a password of their own choice.

    Strangers see no trace of a thing: 404.
    """

    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated and not self.actor.holdings:
            return render(request, "403.html", {"sentence": "您目前没有任职，请联系管理员。"}, status=403)
        if request.user.is_authenticated and request.user.must_change_password:
            messages.info(request, "这是初始密码，请先修改密码再办理业务。")
            return redirect("password")
        if request.user.is_authenticated and request.user.password_has_aged(on=self.actor.on):
            messages.info(request, f"密码已经使用满{settings.PASSWORD_DAYS}天，请先修改密码再办理业务。")
            return redirect("password")
        return super().dispatch(request, *args, **kwargs)

    @property
    def actor(self) -> Actor:
        actor: Actor = self.request.actor  # type: ignore[attr-defined]
        return actor


class StaffView(StaffMixin, View):
    """A plain page of the desk."""


class VerbView(StaffMixin, FormView):
    """A form that ends in one verb. A refusal is shown at the form with all that was typed; a conflict is a 409."""

    template_name = "desk/form.html"
    success_message = ""
    page_title = ""
    submit_label = "确定"

    def act(self, form: forms.Form) -> Any:
        """Call the verb. Raise Refused to show its sentence; a list of results is summed up."""
        raise NotImplementedError

    def form_valid(self, form: forms.Form) -> HttpResponse:
        try:
            done = self.act(form)
        except Conflict as conflict:
            return conflict_page(self.request, conflict, back_url=self.request.path)
        except Refused as refused:
            renew_key(form)
            tell_foreign_choices(self.request, form)
            self.show_refusal(form, refused)
            return self.render_to_response(self.get_context_data(form=form), status=422)
        # What the form never offered was passed over; that it was sent is told all the same.
        tell_foreign_choices(self.request, form, status=302)
        if isinstance(done, list):
            tell_results(self.request, done, self.success_message)
        elif self.success_message:
            messages.success(self.request, self.success_message)
        return HttpResponseRedirect(self.get_success_url())

    def show_refusal(self, form: forms.Form, refused: Refused) -> None:
        """Put the sentence where the person reads it: above the form."""
        form.add_error(None, refused.sentence)

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        tell_foreign_choices(self.request, form)
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        extra = {"page_title": self.page_title, "submit_label": self.submit_label}
        return super().get_context_data(**{**extra, **kwargs})


NO_CHOICE = {"invalid_choice", "invalid_pk_value", "invalid_list"}
NUMBERED = re.compile(r"[a-z]{1,20}\d{1,19}")
"""A field of one row (pick17): its name holds the id."""


def tell_foreign_choices(request: HttpRequest, form: forms.BaseForm, *, status: int = 422) -> None:
    """Log which fields named something that the form never offered: an id was swapped, or the list was stale.

    The person keeps what was typed (422): for them a foreign id and one that never was are the same.
    """
    chosen = {
        name
        for name, faults in form.errors.as_data().items()
        if any(fault.code in NO_CHOICE for fault in faults)
    }
    declared = set(getattr(form, "base_fields", ()))
    unoffered = {
        name
        for name in request.POST
        if name not in form.fields and (name in declared or NUMBERED.fullmatch(name))
    }
    swapped = sorted(chosen | unoffered)
    if swapped:
        told_refused(request, status=status, what="fields=" + ",".join(swapped))


def renew_key(form: Any) -> None:
    """Give a refused form a new key: under the old one a list verb would answer with its refusal for ever."""
    if "key" in form.data:
        form.data = form.data.copy()
        form.data["key"] = new_key()


def tell_results(request: HttpRequest, results: Sequence[Result], done_sentence: str) -> None:
    """Put the results of a list act into messages: what was done, and each refusal with its sentence."""
    done = sum(result.done for result in results)
    if done:
        messages.success(request, f"{done_sentence or '已办理'}{f'（{done}件）' if len(results) > 1 else ''}")
    for result in results:
        if not result.done:
            messages.error(
                request, f"{result.number}：{result.sentence}" if result.number else result.sentence
            )


def conflict_page(request: HttpRequest, conflict: Conflict, *, back_url: str) -> HttpResponse:
    """The case was changed after the form was loaded: what changed, by whom, and the way back (409)."""
    changes = [
        {"at": parse_datetime(change.at), "by": change.by, "text": change.text} for change in conflict.changes
    ]
    context = {"sentence": conflict.sentence, "changes": changes, "back_url": back_url}
    return render(request, "409.html", context, status=409)
