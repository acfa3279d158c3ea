"""Pages of households (户): the list, and one household with its people, monitoring and cases."""

from decimal import Decimal
from typing import Any

from django.core.paginator import Page
from django.db.models import Count, DecimalField, OuterRef, Prefetch, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.defaultfilters import floatformat

from applications import caps
from applications.models import BenefitRecord
from registry import masking
from registry.models import (
    Category,
    CategoryPeriod,
    Household,
    Member,
    MemberStatus,
    MonitorType,
    Relationship,
    Role,
)
from workflow import lists, permissions, register_lines, spreadsheets, worklists
from workflow.forms.lists import HouseholdFilter
from workflow.views import badges
from workflow.views.base import StaffView
from workflow.views.listing import Column, ListView

ZERO = Value(Decimal(0), output_field=DecimalField(max_digits=14, decimal_places=2))
KINDS: dict[str, str] = {kind.value: str(kind.label) for kind in MonitorType}
HEAD = Member.objects.filter(household=OuterRef("pk"), relationship=Relationship.HEAD)
LIVING = Member.objects.filter(household=OuterRef("pk"), status=MemberStatus.ALIVE).order_by()
PEOPLE = Coalesce(Subquery(LIVING.values("household").annotate(n=Count("pk")).values("n")), 0)


class HouseholdList(ListView):
    """The households of the person's villages, with what each was announced this year."""

    template_name = "desk/household_list.html"
    form_class = HouseholdFilter
    file_name = "households"
    sheet_title = "户籍"

    @property
    def columns(self) -> tuple[Column, ...]:  # type: ignore[override]
        return (
            Column("name", "户主", (Subquery(HEAD.values("spelling")[:1]), "number")),
            Column("number", "户编号", ("number",)),
            Column("village", "村", ("village__code", "number")),
            Column("group", "村民组", ("village__code", "group")),
            Column("category", "户类别", ("category",)),
            Column("monitor", "监测"),
            Column("people", "人数", (PEOPLE,), number=True),
            Column("received", f"{self.actor.on.year}年已补助（元）", (self._received,), number=True),
        )

    @property
    def export_header(self) -> tuple[str, ...]:  # type: ignore[override]
        money = f"{self.actor.on.year}年已补助（元）"
        return ("户主", "户编号", "乡镇", "村（社区）", "村民组", "户类别", "监测", "人数", money)

    @property
    def _received(self) -> Any:
        """What the household was announced in programmes of this year."""
        rows = lists.received(self.actor.on.year).filter(household=OuterRef("pk")).order_by()
        return Coalesce(Subquery(rows.values("household").annotate(s=Sum("amount")).values("s")), ZERO)

    def rows(self) -> QuerySet[Household]:
        return lists.households(self.actor, self.wanted)

    def usual(self) -> tuple[str, ...]:
        return ("village__code", "number")

    def dressed(self, keys: list[int]) -> list[Household]:
        return list(self._with_figures(worklists.households(self.actor).filter(pk__in=keys)))

    def _with_figures(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.annotate(people=PEOPLE, received=self._received).select_related("village__parent")

    def sums(self, rows: QuerySet[Household]) -> lists.Sums:
        return lists.household_sums(rows, year=self.actor.on.year)

    def count(self, sums: lists.Sums) -> int:
        return sums.households

    def totals(self, sums: lists.Sums) -> list[tuple[str, str, str]]:
        return [
            ("户数", f"{sums.households}", "户"),
            ("人数", f"{sums.persons}", "人"),
            (f"{self.actor.on.year}年已公告", f"{sums.cases}", "件"),
            ("金额", floatformat(sums.amount, "2g"), "元"),
        ]

    def export_rows(self, rows: QuerySet[Any]) -> list[list[spreadsheets.Value]]:
        return [
            [
                row["head_name"] or "",
                row["number"],
                row["village__parent__name"],
                row["village__name"],
                row["group"],
                Category(row["category"]).label,
                KINDS.get(row["monitor"] or "", ""),
                row["people"],
                row["received"],
            ]
            for row in self._with_figures(rows).values(
                "head_name",
                "number",
                "village__parent__name",
                "village__name",
                "group",
                "category",
                "monitor",
                "people",
                "received",
            )
        ]

    def more(self, page: Page[Household]) -> dict[str, Any]:
        for household in page:
            household.monitored_as = KINDS.get(vars(household)["monitor"] or "", "")  # type: ignore[attr-defined]
        return {"year": self.actor.on.year}


class HouseholdDetail(StaffView):
    """One household. Numbers of IDs, cards and phones are masked; in full they stand in the answer to a reason."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        actor = self.actor
        changes = Prefetch("category_periods", CategoryPeriod.objects.select_related("recorded_by"))
        rows = Household.objects.visible_to(actor).select_related("village")
        household = get_object_or_404(rows.prefetch_related("members", "monitor_periods", changes), pk=pk)
        found = worklists.cases(actor).filter(household=household)
        cases = [badges.put_on(case, today=actor.on) for case in found.order_by("-programme__year", "-pk")]
        records = BenefitRecord.objects.filter(household=household).select_related("programme", "member")
        removal = household.removals.select_related("by").first()
        context = {
            "household": household,
            "category": Category(household.category).label,
            "phone": masking.mask_phone(household.phone or ""),
            "people": [_masked(member) for member in household.members.all()],
            "categories": list(household.category_periods.all()),
            "periods": list(household.monitor_periods.all()),
            "cases": cases,
            "years": caps.years(cases),
            "caps": caps.of_year(cases, year=actor.on.year),
            "this_year": actor.on.year,
            "records": list(records),
            "may_see_numbers": permissions.may_see_numbers(actor, household),
            "may_change": permissions.may_change_household(actor, household),
            # Corrections and their reasons are nothing for relatives of the household.
            "corrections": []
            if household.pk in actor.interests
            else register_lines.lines(household, removed=removal is not None),
            "may_remove": permissions.may_remove(actor, household),
            "removal": removal,
            "may_enter": permissions.may_enter(actor, household.village, household),
            "enters": Role.VILLAGE_CLERK in actor.roles,
        }
        return render(request, "desk/household_detail.html", context)


def _masked(member: Member) -> dict[str, Any]:
    """A member as the page shows one: what is sensitive is masked before it reaches a template."""
    born = member.birth_date
    return {
        "pk": member.pk,
        "name": member.name,
        "relationship": member.get_relationship_display(),
        "sex": member.sex.label if member.sex else "",
        "born": born.year if born else "",
        "id_number": masking.mask_id_number(member.id_number or ""),
        "phone": masking.mask_phone(member.phone or ""),
        "bank": member.bank,
        "card": masking.mask_card(member.card_number or ""),
        "status": member.get_status_display(),
        "status_on": member.status_on,
        "left": member.status != MemberStatus.ALIVE,
        "public_employee": member.public_employee,
    }


household_list = HouseholdList.as_view()
household_detail = HouseholdDetail.as_view()
