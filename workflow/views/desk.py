"""The desk (工作台): what waits for me, what hangs in my area, what came in."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from applications.models import Application
from applications.states import POSTINGS
from notifications.models import Message
from registry.models import Role
from workflow import worklists
from workflow.models import Act, Decision
from workflow.steps import staff_label
from workflow.views import badges
from workflow.views.base import StaffView
from workflow.worklists import Pile

SHOWN = 8
READERS = {Role.SUPERVISOR, Role.ADMINISTRATOR}


@dataclass(frozen=True)
class Tile:
    """One step's number, and the list behind it."""

    label: str
    n: int
    note: str
    tone: str
    url: str


def tile(pile: Pile) -> Tile:
    """The tile of a pile: what waits for the person, with what is late said in words."""
    label = staff_label(pile.state)
    if pile.state in POSTINGS:
        label += "待张贴"
    notes = [
        f"{word}{n}件"
        for word, n in (
            ("超期", pile.over),
            ("快到期", pile.near),
            ("公示中", pile.hanging),
            ("期满待异议办结", pile.held),
        )
        if n
    ]
    tone = "tile-over" if pile.over else ("tile-near" if pile.near else "")
    url = f"{reverse('application-list')}?{urlencode({'state': pile.state.value})}"
    return Tile(label, pile.waiting, "，".join(notes), tone, url)


class Desk(StaffView):
    """One page, within a dozen queries."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, today = self.actor, self.actor.on
        piles = worklists.piles(actor, today=today)
        corrections = list(worklists.corrections(actor)[:SHOWN])
        faults = _last_returns(corrections)
        for case in corrections:
            badges.put_on(case, today=today)
            case.faults = faults.get(case.pk, "")  # type: ignore[attr-defined]
        objections = list(worklists.objections_here(actor)[: SHOWN + 1])
        for objection in objections:
            row = vars(objection)
            objection.due = badges.of_due(row["due_on"], row["remind_on"], today=today)  # type: ignore[attr-defined]
        sheets = list(worklists.hanging_sheets(actor)[: SHOWN + 1])
        inbox = Message.objects.inbox_of(request.user.pk)  # type: ignore[arg-type]
        context = {
            "tiles": [tile(pile) for pile in piles],
            "over": sum(pile.over for pile in piles),
            "decides": any(role in actor.roles for role in Role if role not in READERS),
            "enters": Role.VILLAGE_CLERK in actor.roles,
            "corrections": corrections,
            "objections": objections[:SHOWN],
            "more_objections": len(objections) > SHOWN,
            "to_revoke": list(worklists.to_revoke(actor)),
            "sheets": sheets[:SHOWN],
            "more_sheets": len(sheets) > SHOWN,
            "inbox": list(inbox.order_by("-created_at", "-pk")[:5]),
            "today": today,
        }
        return render(request, "desk/desk.html", context)


def _last_returns(cases: list[Application]) -> dict[int, str]:
    """What each case was last sent back for."""
    if not cases:
        return {}
    acts = [Act.SEND_BACK, Act.CORRECT]
    rows = Decision.objects.filter(application__in=[case.pk for case in cases], act__in=acts)
    return dict(rows.order_by("at", "pk").values_list("application_id", "opinion"))


desk = Desk.as_view()
