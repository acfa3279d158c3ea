"""Pages of objections (异议): the list, and one objection with how far it is."""

from datetime import date
from typing import Any

from django.core.paginator import Page
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from registry import masking
from registry.appointments import Actor
from workflow import appeals, calendar, deadlines, lists, permissions
from workflow.forms.lists import ObjectionFilter
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
from workflow.spreadsheets import Value
from workflow.steps import staff_label
from workflow.views import badges, sheet
from workflow.views.base import StaffView
from workflow.views.listing import Column, ListView, totals_of
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


class ObjectionList(ListView):
    """Objections on the cases of the person's regions, the most urgent first. No list names the objector."""

    template_name = "desk/objection_list.html"
    form_class = ObjectionFilter
    columns = (
        Column("number", "异议编号", ("number",)),
        Column("case", "涉及的申请", ("application__village__code", "application__number")),
        Column("posting", "公示", ("posting__number",)),
        Column("channel", "渠道", ("channel",)),
        Column("received", "收到时间", ("received_at",)),
        Column("level", "处理层级"),
        Column("state", "状态"),
        Column("due", "期限", ("due_on",)),
    )
    file_name = "objections"
    sheet_title = "异议"
    export_header = (
        "异议编号",
        "涉及的申请",
        "公示的姓名",
        "村（社区）",
        "项目",
        "公示",
        "公示序号",
        "渠道",
        "收到时间",
        "处理层级",
        "状态",
        "处理结果",
        "期限",
    )

    @property
    def tab(self) -> str:
        tab = self.request.GET.get("tab", "open")
        return tab if tab in TABS else "open"

    def rows(self) -> QuerySet[Any]:
        visible = Objection.objects.visible_to(self.actor).filter(TABS[self.tab][1])
        rows = lists.objections(seen(visible), self.wanted, today=self.actor.on)
        return rows.filter(KINDS[self.wanted["kind"]]) if "kind" in self.wanted else rows

    def usual(self) -> tuple[Any, ...]:
        return ("due_on", "pk") if self.tab == "open" else ("-received_at", "-pk")

    def dressed(self, keys: list[int]) -> list[Any]:
        return list(seen(Objection.objects.visible_to(self.actor).filter(pk__in=keys)))

    def sums(self, rows: QuerySet[Any]) -> Any:
        return lists.sums_behind(rows), rows.count()

    def count(self, sums: Any) -> int:
        return int(sums[1])

    def totals(self, sums: Any) -> list[tuple[str, str, str]]:
        behind, count = sums
        return [("异议", f"{count}", "件"), ("涉及申请", f"{behind.cases}", "件"), *totals_of(behind)]

    def export_rows(self, rows: QuerySet[Any]) -> list[list[Value]]:
        return [
            [
                row.number,
                row.application.number,
                row.entry.row.get("name", ""),
                row.application.village.name,
                f"{row.application.programme}",
                f"{row.posting}",
                row.entry.position,
                row.get_channel_display(),
                timezone.localtime(row.received_at),
                row.get_handling_level_display(),
                row.get_state_display(),
                row.get_outcome_display(),
                row.due_on,
            ]
            for row in rows
        ]

    def more(self, page: Page[Any]) -> dict[str, Any]:
        for objection in page:
            objection.tone = TONES.get(ObjectionState(objection.state), "quiet")
            objection.due = due_badge(objection, self.actor.on)
            objection.mine = permissions.may_handle(self.actor, objection)
        return {"tabs": [(name, label) for name, (label, _) in TABS.items()], "tab": self.tab}


def due_badge(objection: Any, today: date) -> badges.DueBadge | None:
    """The badge of a row of `seen`: in time, near, or over by so many days."""
    return badges.of_due(objection.due_on, objection.near_on, today=today)


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
            "objector": {
                "name": masking.mask_name(objection.objector_name),
                "phone": masking.mask_phone(objection.objector_phone),
            },
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
            "answer": permissions.may_answer(self.actor, objection),
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
