"""Pages of acts: one form per act on one case, and the same act on a ticked list."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from applications.amounts import plain
from applications.models import Application, RequiredPaper
from applications.states import State
from registry import clock
from registry.refusal import Refused
from workflow import intake, permissions, reviews, standings, worklists
from workflow.forms.reviews import SendBackForm
from workflow.models import Act
from workflow.permissions import Verdict
from workflow.results import Ref, Result, one
from workflow.steps import staff_label
from workflow.views import offers
from workflow.views.acts import PAGES, ActPage, Told
from workflow.views.base import StaffView, tell_results
from workflow.views.case import CaseVerbView

MOST = 200
"""Cases in one batch."""


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
        return super().get_context_data(**{**extra, **kwargs})


class ApplicationBatch(StaffView):
    """Submit drafts or pass reviews, as ticked in the list: one verb call, one message per refusal."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        act = request.POST.get("act")
        if act not in {"submit", "pass_on"}:
            raise Http404
        refs = self._refs(request.POST.getlist("ids"))
        back = self._back()
        if not refs:
            messages.warning(request, "请先勾选要办理的申请。")
            return back
        told: Any = {"by": request.user, "now": clock.now(), "key": request.POST.get("key", "")[:64]}
        try:
            if act == "submit":
                results, done = intake.submit(refs, **told), "申请已提交"
            else:
                results, done = reviews.pass_on(refs, **told), "已通过，等待公示"
        except Refused as refused:
            messages.error(request, refused.sentence)
            return back
        tell_results(request, results, done)
        return back

    def _refs(self, ticked: list[str]) -> list[Ref]:
        """The cases as the list showed them. One that the person may not see hides them all."""
        refs = {}
        for text in ticked:
            parts = text.split(":")
            if len(parts) != 2 or not all(
                part.isascii() and part.isdigit() and len(part) < 19 for part in parts
            ):
                raise Http404
            refs[int(parts[0])] = Ref(int(parts[0]), int(parts[1]))
        if len(refs) > MOST:
            raise Http404
        seen = Application.objects.visible_to(self.actor).filter(pk__in=refs).count()
        if seen != len(refs):
            raise Http404
        return list(refs.values())

    def _back(self) -> HttpResponseRedirect:
        """Back to the list as it was filtered."""
        url = self.request.POST.get("next", "")
        here = self.request.get_host()
        safe = url_has_allowed_host_and_scheme(url, {here}, require_https=self.request.is_secure())
        return HttpResponseRedirect(url if safe else reverse("application-list"))


application_act = ApplicationAct.as_view()
application_batch = ApplicationBatch.as_view()
