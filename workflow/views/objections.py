"""Pages of objections (异议): the list, and one objection with how far it is."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from workflow import calendar, deadlines, permissions
from workflow.models import (
    OPEN_OBJECTION,
    Deadline,
    EntryOutcome,
    Objection,
    ObjectionOutcome,
    ObjectionState,
)
from workflow.steps import staff_label
from workflow.views import sheet
from workflow.views.base import StaffView
from workflow.views.objecting import STEP_PAGES, objection_new, objection_step, seen

__all__ = ["objection_detail", "objection_list", "objection_new", "objection_step"]

PER_PAGE = 30
TABS = {
    "open": ("未办结", Q(state__in=list(OPEN_OBJECTION))),
    "done": ("已了结", ~Q(state__in=list(OPEN_OBJECTION))),
    "all": ("全部", Q()),
}
TONES = {
    ObjectionState.RECEIVED: "warn",
    ObjectionState.ACCEPTED: "open",
    ObjectionState.INVESTIGATING: "open",
    ObjectionState.DECIDED: "good",
}


def due_badge(objection: Any, today: Any) -> dict[str, Any] | None:
    """The due date for the badge: over, near (two days), or in time."""
    on = objection.due_on
    if on is None:
        return None
    left = (on - today).days
    tone = "over" if left < 0 else ("near" if left <= deadlines.REMIND_BEFORE else "ok")
    return {"on": on, "tone": tone}


class ObjectionList(StaffView):
    """Objections on the cases of the person's regions, the most urgent first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        tab = request.GET.get("tab", "open")
        if tab not in TABS:
            tab = "open"
        visible = Objection.objects.visible_to(self.actor)
        order = ("due_on", "pk") if tab == "open" else ("-received_at", "-pk")
        rows = seen(visible.filter(TABS[tab][1])).order_by(*order)
        page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
        for objection in page:
            objection.tone = TONES.get(ObjectionState(objection.state), "quiet")  # type: ignore[attr-defined]
            objection.due = due_badge(objection, self.actor.on)  # type: ignore[attr-defined]
            objection.mine = permissions.may_handle(self.actor, objection)  # type: ignore[attr-defined]
        tabs = [(name, label) for name, (label, _) in TABS.items()]
        return render(request, "desk/objection_list.html", {"tabs": tabs, "tab": tab, "page_obj": page})


class ObjectionDetail(StaffView):
    """One objection: what is said, who handles it by when, how far it is. The objector stays hidden from below."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        rows = seen(Objection.objects.visible_to(self.actor)).select_related(
            "application__household", "received_by", "decided_by"
        )
        objection = get_object_or_404(rows, pk=pk)
        handling = permissions.may_handle(self.actor, objection)
        deadline = Deadline.objects.filter(objection=objection, settled_at__isnull=True).first()
        context = {
            "objection": objection,
            "tone": TONES.get(ObjectionState(objection.state), "quiet"),
            "outcome": ObjectionOutcome(objection.outcome).label if objection.outcome else "",
            "row": sheet.allowed(objection.entry.row),
            "row_outcome": sheet.outcome(objection.entry, held=objection.is_open),
            "row_removed": objection.entry.outcome == EntryOutcome.REMOVED,
            "case_state": staff_label(objection.application.state),
            "may_see": permissions.may_see_objector(self.actor, objection),
            "due": due_badge(objection, self.actor.on),
            "deadline": deadline,
            "ledger": deadlines.explain(deadline, calendar.load()).ledger if deadline else (),
            "chain": _chain(objection),
            "evidence": list(objection.evidence.select_related("attachment")),
            "actions": [
                {
                    "label": page.label,
                    "url": reverse("objection-step", args=[pk, page.slug]),
                    "verdict": handling,
                }
                for page in STEP_PAGES.values()
                if objection.state in page.sources
            ],
            "handling": handling,
        }
        return render(request, "desk/objection_detail.html", context)


def _chain(objection: Objection) -> list[dict[str, Any]]:
    """The steps of the handling for the stepper."""
    state = ObjectionState(objection.state)
    way = [
        ObjectionState.RECEIVED,
        ObjectionState.ACCEPTED,
        ObjectionState.INVESTIGATING,
        ObjectionState.DECIDED,
    ]
    when = {
        ObjectionState.RECEIVED: objection.received_at,
        ObjectionState.ACCEPTED: objection.accepted_at,
        ObjectionState.DECIDED: objection.decided_at,
    }
    if state not in way:
        passed = [ObjectionState.RECEIVED] + ([ObjectionState.ACCEPTED] if objection.accepted_at else [])
        steps = [{"label": step.label, "state": "done", "when": when[step]} for step in passed]
        return [*steps, {"label": state.label, "state": "stopped", "when": objection.decided_at}]
    here = way.index(state)
    last = state is ObjectionState.DECIDED
    return [
        {
            "label": step.label,
            "state": "done" if at < here or last else ("current" if at == here else "todo"),
            "when": when.get(step) if at <= here else None,
        }
        for at, step in enumerate(way)
    ]


objection_list = ObjectionList.as_view()
objection_detail = ObjectionDetail.as_view()
