"""Pages of cases (申请): the list, and one case with its chain, what may be done, and its record in five tabs."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from django.core.paginator import Page
from django.db.models import OrderBy, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from applications.models import Application
from applications.states import REVIEWS, State
from registry.models import Role
from workflow import calendar, deadlines, doubts, lists, permissions, standings, worklists
from workflow.doubts import Bounds
from workflow.forms.base import new_key
from workflow.forms.lists import CaseFilter
from workflow.models import Act
from workflow.reviews import PASS
from workflow.spreadsheets import Value
from workflow.views import badges, chain, custody, offers
from workflow.views.acting import application_act
from workflow.views.amending import application_amend, application_attach, application_faults
from workflow.views.base import StaffView
from workflow.views.batches import MOST, application_batch, application_batch_results
from workflow.views.case import OfCase, open_deadline
from workflow.views.case_tabs import TABS
from workflow.views.entering import application_new
from workflow.views.listing import PER_PAGE, Column, Counted, KeysFirst, ListView

__all__ = [
    "application_act",
    "application_amend",
    "application_attach",
    "application_batch",
    "application_batch_results",
    "application_detail",
    "application_faults",
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
    "taken_name",
    "due_on",
    "applied_on",
)
DUE = Subquery(worklists.open_deadlines().values("due_on")[:1])
HOLDER = Subquery(worklists.taken_tasks().values("owner__name")[:1])


class ApplicationList(ListView):
    """The cases of the person's regions; those of one step that are the person's own can be ticked together."""

    template_name = "desk/application_list.html"
    refs: Sequence[tuple[int, int]] = ()
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
        Column("holder", "在办", (HOLDER,)),
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
        "在办人",
        "期限",
        "申请日期",
        "未办结异议",
    )

    def rows(self) -> QuerySet[Application]:
        return lists.cases(self.actor, self.wanted, today=self.actor.on, known=lambda: self.known)

    @cached_property
    def known(self) -> Bounds:
        """What the amounts of the cases under review are compared with: asked once, for filter and flags."""
        return lists.bounds(self.actor)

    def usual(self) -> tuple[Any, ...]:
        """What is asked for by step or date is a desk: the most urgent first."""
        if {"state", "due", "mine", "doubts"} & set(self.wanted):
            return (OrderBy(DUE, nulls_last=True), "pk")
        return ("-pk",)

    def dressed(self, keys: list[int]) -> list[Application]:
        shown = Application.objects.visible_to(self.actor).filter(pk__in=keys)
        return list(doubts.annotated(worklists.dressed(shown)))

    def pages(self, rows: QuerySet[Any], count: int) -> Counted:
        """As all lists; one of several pages that fits a batch is read with its revisions, for ticking it whole."""
        found = KeysFirst(rows, self.dressed, count=count)
        if PER_PAGE < count <= MOST:
            self.refs = list(rows.values_list("pk", "revision"))
            found.object_list = [pk for pk, _ in self.refs]
        return found

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
                row["taken_name"],
                row["due_on"],
                row["applied_on"],
                "有" if row["objected"] else "",
            ]
            for row in worklists.dressed(rows).values(*EXPORTED)
        ]

    def more(self, page: Page[Application]) -> dict[str, Any]:
        today = self.actor.on
        shown = [badges.put_on(case, today=today) for case in page]
        for case in shown:
            if case.state in REVIEWS:
                case.doubts = doubts.reasons(vars(case), self.known)  # type: ignore[attr-defined]
        return {
            "batch": self._batch(shown),
            "key": new_key(),
            "enters": Role.VILLAGE_CLERK in self.actor.roles,
            "reviews": bool(permissions.may_review(self.actor)),
            "prints_roll": any(role is not Role.VILLAGE_CLERK for role in self.actor.roles),
        }

    def _batch(self, shown: list[Application]) -> dict[str, Any] | None:
        """The act that all shown cases are at, if it is one for lists; each row says whether it may be ticked."""
        states = {State(case.state) for case in shown}
        if len(states) != 1 or not states <= REVIEWS | {State.DRAFT}:
            return None
        (state,) = states
        act = Act.SUBMIT if state is State.DRAFT else PASS[state]
        taken = {case.pk: worklists.taken(case) for case in shown}
        for case in shown:
            case.tick = permissions.may(self.actor, act, case, taken=taken[case.pk])  # type: ignore[attr-defined]
        if not any(vars(case)["tick"] for case in shown):
            return None
        acts = [("submit" if state is State.DRAFT else "pass_on", act.label)]
        if any(permissions.may_take(self.actor, case, taken=taken[case.pk]) for case in shown):
            acts.append(("take", "取件"))
        if any(permissions.may_give_back(self.actor, case, taken=taken[case.pk]) for case in shown):
            acts.append(("give_back", "放回"))
        # All of the filter can be ticked where the filter names the step: other pages hold no other act.
        whole = self.refs if self.wanted.get("state") == state else ()
        everything = " ".join(f"{pk}:{revision}" for pk, revision in whole)
        return {"acts": acts, "label": act.label, "everything": everything, "n": len(whole)}


class ApplicationDetail(OfCase, StaffView):
    """One case. What is common to all tabs stands above them; a tab loads its own rows and no others."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        case = self.case
        deadline = open_deadline(case)
        if deadline is not None and request.GET.get("due") == "explain":
            period = deadlines.explain(deadline, calendar.load(), today=self.actor.on)
            context = {"case": case, "deadline": deadline, "period": period, "rests": deadlines.OBJECTED}
            return render(request, "desk/application_due.html", context)
        tab = TABS.get(request.GET.get("tab", ""), TABS["form"])
        standing = standings.of([case])[case.pk]
        history = list(case.history.select_related("by").order_by("seq"))
        acts = offers.acts(case, standing, actor=self.actor)
        works = offers.works(case, actor=self.actor, hanging=standing.on_display)
        works += custody.offers(case, self.actor)
        context = {
            "case": case,
            "chain": chain.of(case, history),
            "standing": standing,
            "deadline": deadline,
            "rests": deadlines.OBJECTED,
            "holder": custody.holder(case, self.actor),
            "urgings": custody.urgings(history),
            "offers": [offer for offer in acts if offer.verdict],
            "works": [offer for offer in works if offer.verdict],
            "prints": offers.papers(case, history),
            "why_not": offers.reasons([*acts, *works]),
            "tabs": TABS.values(),
            "tab": tab,
            **tab.load(case, self.actor, history),
        }
        return render(request, "desk/application_detail.html", context)


application_list = ApplicationList.as_view()
application_detail = ApplicationDetail.as_view()
