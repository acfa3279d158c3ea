"""The village's list before it is declared (核实评议和申报): per case what is still missing, and 申报 of the rest in one act."""

from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse

from applications.models import Application
from applications.states import State
from registry import clock
from registry.models import Role
from registry.scope import within
from workflow import declarations, permissions, reviews, worklists
from workflow.forms.fieldwork import DeclareForm
from workflow.models import Act
from workflow.results import Ref, Result
from workflow.views import badges
from workflow.views.base import VerbView

MOST = 200
"""Cases on one page and in one act; those that can be declared come first."""


class DeclarationList(VerbView):
    """Every case that the village has to declare. Those with nothing missing are ticked."""

    template_name = "desk/declaration_list.html"
    form_class = DeclareForm
    page_title = "核实评议和申报"
    submit_label = "申报已勾选的"
    success_message = "已申报，等待村级公示。"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and self.actor.holdings:
            verdict = permissions.may_declare(self.actor)
            if not verdict:
                raise PermissionDenied(verdict.reason)
        found: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return found

    @cached_property
    def cases(self) -> list[Application]:
        """One page of the list with each case's work; what may be declared first, then by household."""
        rows = worklists.dressed(self._waiting()).annotate(done=declarations.nearly_done())
        cases = list(rows.order_by("-done", "household__number", "pk")[:MOST])
        found = declarations.work(cases)
        for case in cases:
            case.work = found[case.pk]  # type: ignore[attr-defined]
            case.may_declare = permissions.may(  # type: ignore[attr-defined]
                self.actor, Act.PASS_VILLAGE, case, taken=worklists.taken(case)
            )
            case.is_ready = not found[case.pk].lacking and bool(case.may_declare)  # type: ignore[attr-defined]
            case.ref = f"{case.pk}:{case.revision}"  # type: ignore[attr-defined]
            badges.put_on(case, today=self.actor.on)
        return sorted(cases, key=lambda case: not vars(case)["is_ready"])

    def _waiting(self) -> QuerySet[Application]:
        here = within(self.actor.prefixes(Role.VILLAGE_CLERK))
        return Application.objects.visible_to(self.actor).filter(here, state=State.VILLAGE_REVIEW)

    def act(self, form: forms.Form) -> list[Result]:
        refs: list[Ref] = form.cleaned_data["ids"]
        # One that the person may not see hides them all.
        if {ref.pk for ref in refs} - set(
            Application.objects.visible_to(self.actor)
            .filter(pk__in=[ref.pk for ref in refs])
            .values_list("pk", flat=True)
        ):
            raise Http404
        return reviews.pass_on(
            refs,
            by=self.request.user,  # type: ignore[arg-type]
            now=clock.now(),
            opinion=form.cleaned_data["opinion"],
            key=form.cleaned_data["key"],
        )

    def get_success_url(self) -> str:
        return reverse("declaration-list")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        cases = self.cases
        tallies = declarations.tallies(self._waiting())
        n = sum(tally.n for tally in tallies)
        extra = {
            "cases": cases,
            "more": n - len(cases),
            "villages": tallies,
            "n": n,
            "amount": sum(tally.amount for tally in tallies),
            "ready": sum(vars(case)["is_ready"] for case in cases),
            "ticked": self._ticked(),
            "to_visit": sum(tally.to_visit for tally in tallies),
            "to_appraise": sum(tally.to_appraise for tally in tallies),
        }
        return super().get_context_data(**{**extra, **kwargs})

    def _ticked(self) -> set[str]:
        """What was ticked in a form that comes back; at first, all that may be declared."""
        if self.request.method == "POST":
            return set(self.request.POST.getlist("ids"))
        return {vars(case)["ref"] for case in self.cases if vars(case)["is_ready"]}


declaration_list = DeclarationList.as_view()
