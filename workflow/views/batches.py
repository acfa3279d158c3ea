"""One act on a ticked list (批量办理): one verb call, and a page that says row by row what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from applications.models import Application
from applications.states import State
from registry import clock
from registry.refusal import Refused
from workflow import custody, intake, reviews
from workflow.models import Receipt
from workflow.results import Ref, Result
from workflow.views import step_up
from workflow.views.base import StaffView, tell_results

MOST = 200
"""Cases in one batch."""


@dataclass(frozen=True)
class BatchAct:
    """An act on a ticked list: its verb, and what is said of the cases it was done on."""

    verb: Callable[..., list[Result]]
    done: str


BATCH = {
    "submit": BatchAct(intake.submit, "申请已提交"),
    "pass_on": BatchAct(reviews.pass_on, "已通过，等待公示"),
    "take": BatchAct(custody.take, "已取件，由您办理"),
    "give_back": BatchAct(custody.give_back, "已放回"),
}


class ApplicationBatch(StaffView):
    """Submit, pass, take or give back what is ticked in the list: one verb call."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        act = BATCH.get(request.POST.get("act", ""))
        if act is None:
            raise Http404
        # All of the filter: the list gave them with the revisions that it showed, on whatever page they stand.
        ids = request.POST.get("everything", "").split() if "all" in request.POST else None
        refs = self._refs(request.POST.getlist("ids") if ids is None else ids)
        back = self._back()
        if not refs:
            messages.warning(request, "请先勾选要办理的申请。")
            return back
        final = Application.objects.filter(pk__in=[ref.pk for ref in refs], state=State.DISTRICT_REVIEW)
        if act.verb is reviews.pass_on and final.exists() and (asked := step_up.ask(request)):
            return asked
        told: Any = {"by": request.user, "now": clock.now(), "key": request.POST.get("key", "")[:64]}
        try:
            results = act.verb(refs, **told)
        except Refused as refused:
            messages.error(request, refused.sentence)
            return back
        if len(results) == 1 or not told["key"]:
            tell_results(request, results, act.done)
            return back
        page = reverse("application-batch-results", args=[told["key"]])
        return HttpResponseRedirect(f"{page}?{urlencode({'next': back.url})}")

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
        return HttpResponseRedirect(safe_address(self.request, self.request.POST.get("next", "")))


class ApplicationBatchResults(StaffView):
    """What came of a batch, row by row: as its receipt keeps it, for whoever did it."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        receipt = get_object_or_404(Receipt, key=key, by=self.actor.user_id, act__in=BATCH)
        results = [Result.from_json(row) for row in receipt.result]
        shown = Application.objects.visible_to(self.actor).select_related("member", "payee", "village")
        cases = shown.in_bulk([result.pk for result in results])
        rows = [(result, cases.get(result.pk)) for result in results]
        context = {
            "done": BATCH[receipt.act].done,
            "at": receipt.at,
            "n_done": sum(result.done for result in results),
            "n_left": sum(not result.done for result in results),
            # What was refused needs a hand, what was done only a look.
            "rows": sorted(rows, key=lambda row: row[0].done),
            "back_url": safe_address(request, request.GET.get("next", "")),
        }
        return render(request, "desk/batch_results.html", context)


def safe_address(request: HttpRequest, url: str) -> str:
    """The list as it was filtered, or the whole list where the address leads elsewhere."""
    here = request.get_host()
    safe = url_has_allowed_host_and_scheme(url, {here}, require_https=request.is_secure())
    return url if safe else reverse("application-list")


application_batch = ApplicationBatch.as_view()
application_batch_results = ApplicationBatchResults.as_view()
