"""What the person has decided (我的办理), and where each case lies now."""

from typing import Any

from django.core.paginator import Page
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from workflow import lists
from workflow.forms.lists import DecisionFilter
from workflow.models import Decision
from workflow.spreadsheets import Value
from workflow.steps import staff_label
from workflow.views import badges
from workflow.views.listing import Column, ListView, totals_of


class DecisionList(ListView):
    """The person's own decisions, the last first; on cases outside today's regions there is nothing to see."""

    template_name = "desk/decision_list.html"
    form_class = DecisionFilter
    columns = (
        Column("at", "办理时间", ("at",)),
        Column("act", "办理事项", ("act",)),
        Column("number", "申请编号", ("application__number",)),
        Column(
            "name", "申请对象", (Coalesce("application__member__spelling", "application__payee__spelling"),)
        ),
        Column("village", "村", ("application__village__code",)),
        Column("programme", "项目", ("application__programme__name",)),
        Column("amount", "核定金额（元）", ("amount_after",), number=True),
        Column("opinion", "意见"),
        Column("state", "现在的环节"),
    )
    file_name = "decisions"
    sheet_title = "我的办理"
    export_header = (
        "办理时间",
        "办理事项",
        "申请编号",
        "申请对象",
        "户编号",
        "村（社区）",
        "年度",
        "项目",
        "办理前金额（元）",
        "核定金额（元）",
        "意见",
        "现在的环节",
    )

    def rows(self) -> QuerySet[Decision]:
        return lists.decisions(self.actor, self.wanted)

    def usual(self) -> tuple[str, ...]:
        return ("-at", "-pk")

    def dressed(self, keys: list[int]) -> list[Decision]:
        return list(_with_case(lists.decisions(self.actor, {}).filter(pk__in=keys)))

    def sums(self, rows: QuerySet[Decision]) -> Any:
        return lists.sums_behind(rows), rows.count()

    def count(self, sums: Any) -> int:
        return int(sums[1])

    def totals(self, sums: Any) -> list[tuple[str, str, str]]:
        behind, count = sums
        return [("办理", f"{count}", "次"), ("涉及申请", f"{behind.cases}", "件"), *totals_of(behind)]

    def export_rows(self, rows: QuerySet[Decision]) -> list[list[Value]]:
        return [
            [
                timezone.localtime(row.at),
                row.get_act_display(),
                row.application.number,
                row.application.beneficiary_name,
                row.application.household.number,
                row.application.village.name,
                row.application.programme.year,
                row.application.programme.name,
                row.amount_before,
                row.amount_after,
                row.opinion,
                staff_label(row.application.state),
            ]
            for row in _with_case(rows)
        ]

    def more(self, page: Page[Decision]) -> dict[str, Any]:
        for row in page:
            row.badge = badges.of_state(row.application.state, plain=True)  # type: ignore[attr-defined]
        return {}


def _with_case(rows: QuerySet[Decision]) -> QuerySet[Decision]:
    names = ("village", "programme", "household", "member", "payee")
    return rows.select_related(*(f"application__{name}" for name in names))


decision_list = DecisionList.as_view()
