"""Pages of cases (申请): the list, and one case with its chain, what may be done, and its record in five tabs."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.paginator import Page
from django.db.models import OrderBy, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from applications.models import Application
from applications.states import REVIEWS, State
from registry import appointments
from registry.models import Role
from workflow import calendar, deadlines, lists, permissions, standings, worklists
from workflow.forms.base import new_key
from workflow.forms.lists import CaseFilter
from workflow.models import Act, Deadline
from workflow.reviews import PASS
from workflow.spreadsheets import Value
from workflow.steps import STEPS
from workflow.views import badges, chain, offers
from workflow.views.acting import application_act, application_batch
from workflow.views.amending import application_amend, application_attach
from workflow.views.base import StaffView
from workflow.views.case import OfCase
from workflow.views.case_tabs import TABS
from workflow.views.entering import application_new
from workflow.views.listing import Column, ListView

__all__ = [
    "application_act",
    "application_amend",
    "application_attach",
    "application_batch",
    "application_detail",
    "application_list",
    "application_new",
]

EXPORTED = (
    "number",
    "member__name",
    "payee__name",
    "household__number",
    "household__group",
    "village__name",
    "village__parent__name",
    "programme__year",
    "programme__name",
    "programme__quantity_unit",
    "claimed_quantity",
    "quantity",
    "claimed_amount",
    "amount",
    "state",
    "hanging",
    "held",
    "objected",
    "due_on",
    "applied_on",
)
DUE = Subquery(worklists.open_deadlines().values("due_on")[:1])


class ApplicationList(ListView):
    """The cases of the person's regions; those of one step that are the person's own can be ticked together."""

    template_name = "desk/application_list.html"
    form_class = CaseFilter
    columns = (
        Column("number", "编号", ("number",)),
        Column("name", "申请对象", (Coalesce("member__spelling", "payee__spelling"), "number")),
        Column("village", "村", ("village__code",)),
        Column("programme", "项目", ("programme__year", "programme__name")),
        Column("applied_on", "申请日期", ("applied_on",)),
        Column("quantity", "数量", (), number=True),
        Column("amount", "金额（元）", ("amount",), number=True),
        Column("state", "环节", (lists.CHAIN,)),
        Column("due", "期限", (DUE,)),
    )
    file_name = "applications"
    sheet_title = "申请"
    export_header = (
        "编号",
        "申请对象",
        "收款人",
        "户编号",
        "乡镇",
        "村（社区）",
        "村民组",
        "年度",
        "项目",
        "申报数量",
        "核定数量",
        "单位",
        "申报金额（元）",
        "核定金额（元）",
        "环节",
        "期限",
        "申请日期",
        "未办结异议",
    )

    def rows(self) -> QuerySet[Application]:
        return lists.cases(self.actor, self.wanted, today=self.actor.on)

    def usual(self) -> tuple[Any, ...]:
        """What is asked for by step or date is a desk: the most urgent first."""
        if {"state", "due", "mine"} & set(self.wanted):
            return (OrderBy(DUE, nulls_last=True), "pk")
        return ("-pk",)

    def dressed(self, keys: list[int]) -> list[Application]:
        return list(worklists.dressed(Application.objects.visible_to(self.actor).filter(pk__in=keys)))

    def sums(self, rows: QuerySet[Application]) -> lists.Sums:
        return lists.sums(rows)

    def export_rows(self, rows: QuerySet[Application]) -> Iterable[Sequence[Value]]:
        return [
            [
                row["number"],
                row["member__name"] or row["payee__name"],
                row["payee__name"],
                row["household__number"],
                row["village__parent__name"],
                row["village__name"],
                row["household__group"],
                row["programme__year"],
                row["programme__name"],
                row["claimed_quantity"],
                row["quantity"],
                row["programme__quantity_unit"],
                row["claimed_amount"],
                row["amount"],
                badges.of_state(row["state"], hanging=row["hanging"], held=row["held"]).label,
                row["due_on"],
                row["applied_on"],
                "有" if row["objected"] else "",
            ]
            for row in worklists.dressed(rows).values(*EXPORTED)
        ]

    def more(self, page: Page[Application]) -> dict[str, Any]:
        today = self.actor.on
        shown = [badges.put_on(case, today=today) for case in page]
        return {
            "batch": self._batch(shown),
            "key": new_key(),
            "enters": Role.VILLAGE_CLERK in self.actor.roles,
        }

    def _batch(self, shown: list[Application]) -> dict[str, Any] | None:
        """The act that all shown cases are at, if it is one for lists; each row says whether it may be ticked."""
        states = {State(case.state) for case in shown}
        if len(states) != 1 or not states <= REVIEWS | {State.DRAFT}:
            return None
        (state,) = states
        act = Act.SUBMIT if state is State.DRAFT else PASS[state]
        for case in shown:
            case.tick = permissions.may(self.actor, act, case, taken=worklists.taken(case))  # type: ignore[attr-defined]
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
