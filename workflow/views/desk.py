"""The desk (工作台): what waits for me, where lies what I sent on, what hangs in my area, what came in."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from applications.states import POSTINGS, State
from notifications.models import Message, MessageState
from registry.models import Role
from workflow import desks, health, overdue, worklists
from workflow.steps import LEVEL_ROLE, REVIEW_STATE, staff_label
from workflow.views import badges
from workflow.views.base import StaffView
from workflow.worklists import Pile

SHOWN = 8
FEW = 5
READERS = {Role.SUPERVISOR, Role.ADMINISTRATOR}
OVERVIEW = {
    LEVEL_ROLE[level]: REVIEW_STATE[level]
    for level in LEVEL_ROLE
    if LEVEL_ROLE[level] in {Role.TOWNSHIP_REVIEWER, Role.DISTRICT_APPROVER}
}
"""Those who review lists see their list as a whole; a village's own list is on its page of declarations."""


@dataclass(frozen=True)
class Note:
    """A part of a tile's number, in words; the tone only repeats the word."""

    text: str
    tone: str = ""


@dataclass(frozen=True)
class Tile:
    """One step's number, and the list behind it."""

    label: str
    n: int
    notes: tuple[Note, ...]
    tone: str
    url: str

    @property
    def note(self) -> str:
        return "，".join(note.text for note in self.notes)


def tile(pile: Pile) -> Tile:
    """The tile of a pile: what waits for the person, with what is late said in words."""
    label = staff_label(pile.state)
    if pile.state in POSTINGS:
        label += "待张贴"
    notes = tuple(
        Note(f"{word}{n}件", tone)
        for word, n, tone in (
            ("超期", pile.over, "over"),
            ("快到期", pile.near, "near"),
            ("公示中", pile.hanging, ""),
            ("期满待异议办结", pile.held, ""),
        )
        if n
    )
    tone = "tile-over" if pile.over else ("tile-near" if pile.near else "")
    url = f"{reverse('application-list')}?{urlencode({'state': pile.state.value})}"
    return Tile(label, pile.waiting, notes, tone, url)


class Desk(StaffView):
    """One page, within a dozen queries for whoever holds one role."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, today = self.actor, self.actor.on
        decides = any(role in actor.roles for role in Role if role not in READERS)
        # The administrator keeps the system, not the cases: no piles, which leaves room for what is theirs.
        counts = decides or Role.SUPERVISOR in actor.roles
        piles = worklists.piles(actor, today=today) if counts else []
        inbox, unread = desks.messages(actor, most=FEW)
        context: dict[str, Any] = {
            "tiles": [tile(pile) for pile in piles],
            "over": sum(pile.over for pile in piles),
            "decides": decides,
            "counts": counts,
            "enters": Role.VILLAGE_CLERK in actor.roles,
            "corrections": [],
            "inbox": inbox,
            "unread_count": unread,
            "today": today,
        }
        if decides:
            context |= self._deciding()
        if Role.VILLAGE_CLERK in actor.roles:
            context["corrections"] = self._corrections()
        for role, state in OVERVIEW.items():
            if role in actor.roles:
                context |= self._reviewing(role, state)
        if Role.DISTRICT_APPROVER in actor.roles:
            context["to_revoke"] = list(worklists.to_revoke(actor))
        else:
            context["moves"] = desks.moves(actor, most=FEW) if decides else []
        if Role.SUPERVISOR in actor.roles:
            context |= self._supervising()
        if Role.ADMINISTRATOR in actor.roles:
            context |= self._administering()
        if counts:
            sheets = list(worklists.hanging_sheets(actor)[: SHOWN + 1])
            context |= {"sheets": sheets[:SHOWN], "more_sheets": len(sheets) > SHOWN}
        return render(request, "desk/desk.html", context)

    def _deciding(self) -> dict[str, Any]:
        """For whoever acts on cases: objections, and where lies what they sent on."""
        objections = list(worklists.objections_here(self.actor)[: SHOWN + 1])
        for objection in objections:
            row = vars(objection)
            objection.due = badges.of_due(row["due_on"], row["near_on"], today=self.actor.on)  # type: ignore[attr-defined]
        return {
            "objections": objections[:SHOWN],
            "more_objections": len(objections) > SHOWN,
            "lying": desks.lying(self.actor, today=self.actor.on),
        }

    def _corrections(self) -> list[Any]:
        cases = worklists.corrections(self.actor)[:SHOWN]
        return [badges.put_on(case, today=self.actor.on) for case in cases]

    def _reviewing(self, role: Role, state: State) -> dict[str, Any]:
        """For whoever reviews lists: the list as a whole, its sum and its exceptions."""
        overview = desks.overview(self.actor, role=role, state=state)
        return {
            "overview": overview,
            "overview_label": staff_label(state),
            "overview_url": f"{reverse('application-list')}?{urlencode({'state': state.value})}",
            "doubts": overview.doubts[:SHOWN],
            "more_doubts": max(0, len(overview.doubts) - SHOWN),
        }

    def _supervising(self) -> dict[str, Any]:
        """For the supervisor: what is overdue, sheets without a photo, corrections of lists."""
        today = self.actor.on
        late = list(overdue.late(self.actor, today=today)[: FEW + 1])
        for row in late:
            row.days_late = (today - row.due_on).days  # type: ignore[attr-defined]
        photos = desks.unphotographed(self.actor, most=FEW + 1)
        return {
            "supervises": True,
            "late": late[:FEW],
            "more_late": len(late) > FEW,
            "unphotographed": photos[:FEW],
            "more_unphotographed": len(photos) > FEW,
            "corrected": desks.corrected_lists(self.actor, most=FEW),
        }

    def _administering(self) -> dict[str, Any]:
        """For the administrator: whether it runs, whether the calendar is there, whether somebody is everywhere."""
        return {
            "administers": True,
            "sweep": health.sweep(health.Look(self.request.moment())),  # type: ignore[attr-defined]
            "dead": Message.objects.filter(state=MessageState.DEAD).count(),
            "years": desks.calendar_years(self.actor.on),
            "without_clerk": desks.without_clerk(self.actor),
            "staffing": desks.staffing(self.actor),
        }


desk = Desk.as_view()
