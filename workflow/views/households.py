"""Pages of households (户): the list, and one household with its people, monitoring and cases."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from applications.models import BenefitRecord
from registry import masking
from registry.models import Category, Household, Member, MemberStatus, MonitorType, Role
from workflow import permissions, worklists
from workflow.forms.applications import CaseFilter
from workflow.views import badges
from workflow.views.base import StaffView

PER_PAGE = 50


class HouseholdList(StaffView):
    """The households of the person's villages, by number, a member's name, or village."""

    def get(self, request: HttpRequest) -> HttpResponse:
        form = CaseFilter(
            request.GET,
            programmes=worklists.programmes(self.actor),
            villages=worklists.villages(self.actor),
        )
        for name in ("state", "programme", "due"):
            del form.fields[name]
        form.fields["q"].label = "户编号或家庭成员姓名"
        wanted = form.wanted
        rows = worklists.households(self.actor, text=wanted.get("q", ""))
        if "village" in wanted:
            rows = rows.filter(village=wanted["village"])
        people = Count("members", filter=Q(members__status=MemberStatus.ALIVE))
        page = Paginator(rows.annotate(people=people), PER_PAGE).get_page(request.GET.get("page"))
        kinds = dict(MonitorType.choices)
        for household in page:
            household.monitored_as = kinds.get(vars(household)["monitor"] or "", "")  # type: ignore[attr-defined]
        return render(request, "desk/household_list.html", {"form": form, "wanted": wanted, "page_obj": page})


class HouseholdDetail(StaffView):
    """One household. Numbers of IDs, cards and phones are masked; no page shows them in full."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        actor = self.actor
        rows = Household.objects.visible_to(actor).select_related("village")
        household = get_object_or_404(rows.prefetch_related("members", "monitor_periods"), pk=pk)
        cases = worklists.cases(actor).filter(household=household).order_by("-pk")
        records = BenefitRecord.objects.filter(household=household).select_related("programme", "member")
        context = {
            "household": household,
            "category": Category(household.category).label,
            "phone": masking.mask_phone(household.phone or ""),
            "people": [_masked(member) for member in household.members.all()],
            "periods": list(household.monitor_periods.all()),
            "cases": [badges.put_on(case, today=actor.on) for case in cases],
            "records": list(records),
            "may_enter": permissions.may_enter(actor, household.village, household),
            "enters": Role.VILLAGE_CLERK in actor.roles,
        }
        return render(request, "desk/household_detail.html", context)


def _masked(member: Member) -> dict[str, Any]:
    """A member as the page shows one: what is sensitive is masked before it reaches a template."""
    born = member.birth_date
    return {
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
