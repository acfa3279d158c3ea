"""Pages of cases (申请): the list, and one case with its chain, what may be done, and its record in five tabs."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from applications.models import Application
from applications.states import REVIEWS, State
from registry import appointments
from registry.models import Role
from workflow import calendar, deadlines, permissions, standings, worklists
from workflow.forms.applications import CaseFilter
from workflow.forms.base import new_key
from workflow.models import Act, Deadline
from workflow.reviews import PASS
from workflow.steps import STEPS
from workflow.views import badges, chain, offers
from workflow.views.acting import application_act, application_batch
from workflow.views.base import StaffView
from workflow.views.case import OfCase
from workflow.views.case_tabs import TABS
from workflow.views.entering import application_amend, application_attach, application_new

__all__ = [
    "application_act",
    "application_amend",
    "application_attach",
    "application_batch",
    "application_detail",
    "application_list",
    "application_new",
]

PER_PAGE = 50


class ApplicationList(StaffView):
    """The cases of the person's regions; those of one step that are the person's own can be ticked together."""

    def get(self, request: HttpRequest) -> HttpResponse:
        today = self.actor.on
        form = CaseFilter(
            request.GET,
            programmes=worklists.programmes(self.actor),
            villages=worklists.villages(self.actor),
        )
        wanted = form.wanted
        rows = worklists.narrowed(worklists.cases(self.actor), wanted, today=today)
        page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
        shown = [badges.put_on(case, today=today) for case in page]
        batch = self._batch(shown)
        context = {
            "form": form,
            "wanted": wanted,
            "page_obj": page,
            "batch": batch,
            "key": new_key(),
            "enters": Role.VILLAGE_CLERK in self.actor.roles,
        }
        return render(request, "desk/application_list.html", context)

    def _batch(self, shown: list[Application]) -> dict[str, Any] | None:
        """The act that all shown cases are at, if it is one for lists; each row says whether it may be ticked."""
        states = {State(case.state) for case in shown}
        if len(states) != 1 or not states <= REVIEWS | {State.DRAFT}:
            return None
        (state,) = states
        act = Act.SUBMIT if state is State.DRAFT else PASS[state]
        for case in shown:
            case.tick = permissions.may(self.actor, act, case)  # type: ignore[attr-defined]
        if not any(vars(case)["tick"] for case in shown):
            return None
        return {"act": "submit" if state is State.DRAFT else "pass_on", "label": act.label}


class ApplicationDetail(OfCase, StaffView):
    """One case. What is common to all tabs stands above them; a tab loads its own rows and no others."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        case = self.case
        tab = TABS.get(request.GET.get("tab", ""), TABS["form"])
        standing = standings.of([case])[case.pk]
        history = list(case.history.select_related("by").order_by("seq"))
        acts = offers.acts(case, standing, actor=self.actor)
        works = offers.works(case, actor=self.actor, hanging=standing.on_display)
        context = {
            "case": case,
            "head": case.household.head,
            "chain": chain.of(case, history),
            "standing": standing,
            "deadline": self._deadline(),
            "holder": self._holder(),
            "offers": [offer for offer in acts if offer.verdict],
            "works": [offer for offer in works if offer.verdict],
            "why_not": offers.reasons([*acts, *works]),
            "tabs": TABS.values(),
            "tab": tab,
            **tab.load(case, self.actor, history),
        }
        return render(request, "desk/application_detail.html", context)

    def _deadline(self) -> dict[str, Any] | None:
        """The open due date with its day-by-day ledger."""
        found = Deadline.objects.filter(
            application=self.case, objection__isnull=True, settled_at__isnull=True
        ).first()
        if found is None:
            return None
        return {"row": found, "ledger": deadlines.explain(found, calendar.load()).ledger}

    def _holder(self) -> str:
        """Whose desk the case lies on, by role and name."""
        step = STEPS.get(State(self.case.state))
        if step is None:
            return ""
        code = self.case.village.code
        people = appointments.holders(step.role, [code], on=self.actor.on)[code]
        names = "、".join(person.name for person in people)
        return (
            f"{step.role.label}（{names}）" if names else f"{step.role.label}（现在无人任职，请联系管理员）"
        )


application_list = ApplicationList.as_view()
application_detail = ApplicationDetail.as_view()
