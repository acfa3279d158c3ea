"""Pages of objections (异议): the list, and one objection with how far it is."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from registry.appointments import Actor
from workflow import appeals, calendar, deadlines, permissions, worklists
from workflow.forms.objections import ObjectionFilter
from workflow.models import (
    OPEN_OBJECTION,
    Deadline,
    EntryOutcome,
    Objection,
    ObjectionOutcome,
    ObjectionState,
    ObjectorTold,
    Telling,
)
from workflow.steps import staff_label
from workflow.views import badges, sheet
from workflow.views.base import StaffView
from workflow.views.lodging import objection_appeal, objection_new, objection_slip
from workflow.views.objecting import STEP_PAGES, objection_step, seen

__all__ = [
    "objection_appeal",
    "objection_detail",
    "objection_list",
    "objection_new",
    "objection_slip",
    "objection_step",
]

PER_PAGE = 30
TABS = {
    "open": ("未办结", Q(state__in=list(OPEN_OBJECTION))),
    "done": ("已了结", ~Q(state__in=list(OPEN_OBJECTION))),
    "all": ("全部", Q()),
}
TOLD = ObjectorTold.objects.filter(objection=OuterRef("pk"))
ENDED_WITH_ANSWER = [ObjectionState.DECIDED, ObjectionState.NOT_ACCEPTED, ObjectionState.PASSED_ON]
KINDS = {
    "appeal": Q(appeal_of__isnull=False),
    "call": Q(to_confirm=True, confirmed_at__isnull=True, state__in=list(OPEN_OBJECTION)),
    # A named objector is told (domain.md §3); whoever stayed anonymous asks with the receipt.
    "tell": Q(anonymous=False)
    & (
        Q(state__in=[ObjectionState.ACCEPTED, ObjectionState.INVESTIGATING])
        & ~Exists(TOLD.filter(matter=Telling.ACCEPTANCE))
        | Q(state__in=ENDED_WITH_ANSWER) & ~Exists(TOLD.filter(matter=Telling.OUTCOME))
    ),
}
TONES = {
    ObjectionState.RECEIVED: "warn",
    ObjectionState.ACCEPTED: "open",
    ObjectionState.INVESTIGATING: "open",
    ObjectionState.DECIDED: "good",
}


def narrowed(rows: QuerySet[Any], wanted: Mapping[str, Any], *, today: date) -> QuerySet[Any]:
    """Keep what the filter asks for: due, level, channel, village, kind, and a text in one of the numbers."""
    plain = {"level": "handling_level", "channel": "channel", "village": "application__village"}
    rows = rows.filter(**{field: wanted[name] for name, field in plain.items() if name in wanted})
    if wanted.get("due") == "over":
        rows = rows.filter(due_on__lt=today)
    elif wanted.get("due") == "near":
        rows = rows.filter(remind_on__lte=today, due_on__gte=today)
    if "kind" in wanted:
        rows = rows.filter(KINDS[wanted["kind"]])
    if text := wanted.get("q", "").strip():
        rows = rows.filter(Q(number__icontains=text) | Q(application__number__icontains=text))
    return rows


class ObjectionList(StaffView):
    """Objections on the cases of the person's regions, the most urgent first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        tab = request.GET.get("tab", "open")
        if tab not in TABS:
            tab = "open"
        today = self.actor.on
        form = ObjectionFilter(request.GET, villages=worklists.villages(self.actor))
        wanted = form.wanted
        visible = Objection.objects.visible_to(self.actor)
        order = ("due_on", "pk") if tab == "open" else ("-received_at", "-pk")
        rows = narrowed(seen(visible.filter(TABS[tab][1])), wanted, today=today).order_by(*order)
        page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
        for objection in page:
            objection.tone = TONES.get(ObjectionState(objection.state), "quiet")
            objection.due = due_badge(objection, today)
            objection.mine = permissions.may_handle(self.actor, objection)
        tabs = [(name, label) for name, (label, _) in TABS.items()]
        context = {"tabs": tabs, "tab": tab, "page_obj": page, "form": form, "wanted": wanted}
        return render(request, "desk/objection_list.html", context)


def due_badge(objection: Any, today: date) -> badges.DueBadge | None:
    """The badge of a row of `seen`: in time, near, or over by so many days."""
    return badges.of_due(objection.due_on, objection.remind_on, today=today)


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
                if objection.state in page.sources and _has_room(objection, page.slug)
            ],
            "handling": handling,
            "tellings": list(objection.tellings.select_related("by")),
            "untold": _untold(objection),
            "appealable": _appealable(self.actor, objection),
            "slip": permissions.may_give_slip(self.actor, objection),
        }
        return render(request, "desk/objection_detail.html", context)


def _untold(objection: Objection) -> Telling | None:
    """What the objector has still to be told."""
    due = objection.due_telling
    told = {one.matter for one in objection.tellings.all()}
    return due if due and due not in told and objection.can_be_told else None


def _has_room(objection: Objection, step: str) -> bool:
    """Whether a step that does not follow from the state alone has anything to do."""
    if step == "confirm":
        return objection.waits_for_a_call
    return step != "tell" or _untold(objection) is not None


def _appealable(actor: Actor, objection: Objection) -> bool:
    """Whether the page offers to write down an appeal; the day is asked by the verb."""
    try:
        appeals.refuse_unappealable(objection)
    except appeals.NoAppeal:
        return False
    return bool(permissions.may_lodge(actor, objection.application))


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
