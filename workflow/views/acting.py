"""Pages of acts: one form per act on one case, and the same act on a ticked list."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404

from applications.amounts import plain
from applications.models import Application, RequiredPaper
from applications.states import State
from registry import clock
from workflow import engine, permissions, receipts, returns, standings, worklists
from workflow.forms.base import VerbForm
from workflow.forms.reviews import SendBackForm
from workflow.models import Act
from workflow.permissions import Verdict
from workflow.results import Conflict, Ref, Result, one
from workflow.steps import staff_label
from workflow.views import offers
from workflow.views.acts import PAGES, ActPage, Told
from workflow.views.base import conflict_page
from workflow.views.case import CaseVerbView


class ApplicationAct(CaseVerbView):
    """One act on one case: its summary, the law's hints, the form."""

    template_name = "desk/act.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if kwargs["act"] not in PAGES:
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    @property
    def page(self) -> ActPage:
        return PAGES[self.kwargs["act"]]

    def permitted(self) -> Verdict:
        return permissions.may(
            self.actor, self.page.act(self.case), self.case, taken=worklists.taken(self.case)
        )

    def get(self, *args: Any, **kwargs: Any) -> HttpResponse:
        case = self.case
        if State(case.state) not in self.page.sources:
            now_is = f"申请{case.number}现在是“{staff_label(case.state)}”，不能办理“{self.page.label}”。"
            messages.warning(self.request, now_is)
            return HttpResponseRedirect(case.get_absolute_url())
        return super().get(*args, **kwargs)

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        overtaken = self.overtaken()
        if overtaken is not None:
            return conflict_page(self.request, overtaken, back_url=self.request.path)
        return super().post(*args, **kwargs)

    def overtaken(self) -> Conflict | None:
        """What the verb would say to a form that shows an older state, found out before anything is locked or written:
        where fifty decide on one case, those who come too late keep nobody waiting.

        A form that was done before under its key is left to the verb, which answers as it did then.
        """
        sent = VerbForm(self.request.POST)
        if not sent.is_valid():
            return None
        shown = sent.cleaned_data["revision"]
        rows = Application.objects.visible_to(self.actor).only("number", "revision")
        case = get_object_or_404(rows, pk=self.kwargs["pk"])
        if shown in (None, case.revision) or receipts.holds(sent.cleaned_data["key"]):
            return None
        try:
            engine.compare(case, Ref(case.pk, shown))
        except Conflict as conflict:
            return conflict
        return None

    def get_form_class(self) -> type[forms.Form]:
        return self.page.form

    def get_form_kwargs(self) -> dict[str, Any]:
        found = {**super().get_form_kwargs(), "case": self.case}
        if self.page.form is SendBackForm:
            before = self.case.decisions.filter(act=Act.SEND_BACK).exists()
            papers = RequiredPaper.objects.filter(programme=self.case.programme_id)
            found |= {"papers": papers, "returned_before": before}
        return found

    def act(self, form: forms.Form) -> Result:
        told: Told = {
            "by": self.request.user,  # type: ignore[typeddict-item]
            "now": clock.now(),
            "key": form.cleaned_data["key"],
        }
        return one(self.page.verb(form, [self.ref(form)], told, self.actor.on))

    @property
    def success_message(self) -> str:  # type: ignore[override]
        return f"申请{self.case.number}{self.page.done}。"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        case = self.case
        standing = standings.of([case])[case.pk]
        extra = {
            "page_title": self.page.label_for(case),
            "submit_label": self.page.label_for(case),
            "page": self.page,
            "standing": standing,
            "law": offers.try_law(self.page, case, standing, by=self.actor.user_id or 0),
            "quantity": plain(case.quantity),
        }
        if self.page.slug == "resubmit":
            extra["returned"] = returns.last(case)
        return super().get_context_data(**{**extra, **kwargs})


application_act = ApplicationAct.as_view()
