"""Pages of the village's work: visits (入户核实) and appraisal meetings (民主评议)."""

from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from applications.models import Application, AppraisalItem, AppraisalMeeting, VerificationVisit
from applications.states import State
from registry import clock
from registry.models import Region, Role
from registry.scope import within
from workflow import fieldwork, permissions, reuse, worklists
from workflow.forms.fieldwork import MeetingForm, VisitForm
from workflow.permissions import Verdict
from workflow.views.base import StaffView, VerbView
from workflow.views.case import CaseVerbView

PER_PAGE = 30


class VisitNew(CaseVerbView):
    """Record a visit; the first verifier is the person at the desk, and may be changed."""

    template_name = "desk/visit_new.html"
    form_class = VisitForm
    page_title = "登记入户核实"
    submit_label = "保存核实记录"
    success_message = "入户核实已登记。"

    def permitted(self) -> Verdict:
        return permissions.may_amend(self.actor, self.case)

    def get_initial(self) -> dict[str, Any]:
        """Today, and the people of the person's last visit: who goes from house to house types them once."""
        last = VerificationVisit.objects.filter(recorded_by=self.actor.user_id).order_by("-pk").first()
        people = (
            last.verifiers.values_list("name", "post")[:3]
            if last
            else [(f"{self.request.user}", "村级经办人")]
        )
        named = {
            f"{field}{row}": value
            for row, person in enumerate(people, 1)
            for field, value in zip(("name", "post"), person, strict=True)
        }
        return {**super().get_initial(), "visited_on": self.actor.on, **named}

    def act(self, form: forms.Form) -> None:
        assert isinstance(form, VisitForm)
        data = form.cleaned_data
        fieldwork.record_visit(
            self.ref(form),
            by=self.request.user,  # type: ignore[arg-type]
            now=clock.now(),
            visited_on=data["visited_on"],
            verifiers=form.verifiers,
            findings=data["findings"],
            confirmed=data["confirmed"],
            photos=data["photos"],
        )

    def get_success_url(self) -> str:
        """The case's record, or the next household to visit, or where there is none, the village's list."""
        if "next" not in self.request.POST:
            return f"{self.case.get_absolute_url()}?tab=field"
        confirmed = VerificationVisit.objects.filter(application=OuterRef("pk"), confirmed=True)
        rows = Application.objects.filter(
            ~Exists(confirmed), village=self.case.village_id, state=State.VILLAGE_REVIEW
        )
        others = (
            rows.exclude(pk=self.case.pk).order_by("household__number", "pk").values_list("pk", flat=True)
        )
        found = others.first()
        return reverse("visit-new", args=[found]) if found else reverse("declaration-list")


class MeetingList(StaffView):
    """The meetings of the person's villages, and how many cases wait for one."""

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = (
            AppraisalMeeting.objects.filter(within(self.actor.may_read_prefixes))
            .select_related("village")
            .annotate(cases=Count("items"))
            .order_by("-held_on", "-pk")
        )
        page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
        mine = worklists.villages(self.actor, Role.VILLAGE_CLERK) if self._enters else Region.objects.none()
        context = {"page_obj": page, "villages": list(mine.annotate(waiting=_waiting_count()))}
        return render(request, "desk/meeting_list.html", context)

    @property
    def _enters(self) -> bool:
        return Role.VILLAGE_CLERK in self.actor.roles


def _waiting_count() -> Any:
    """How many cases of a village are in 待村级申报."""
    return Count("applications", filter=Q(applications__state=State.VILLAGE_REVIEW))


class MeetingNew(VerbView):
    """Record a meeting of one village over its cases in 待村级申报."""

    template_name = "desk/meeting_new.html"
    form_class = MeetingForm
    page_title = "登记民主评议会"
    submit_label = "保存评议记录"
    success_message = "评议会已登记。"
    made: AppraisalMeeting

    @cached_property
    def village(self) -> Region:
        found = get_object_or_404(worklists.villages(self.actor), pk=self.kwargs["village"])
        verdict = permissions.may_hold_meeting(self.actor, found)
        if not verdict:
            raise PermissionDenied(verdict.reason)
        return found

    @cached_property
    def cases(self) -> list[Application]:
        rows = Application.objects.filter(village=self.village, state=State.VILLAGE_REVIEW)
        appraised = Exists(AppraisalItem.objects.filter(application=OuterRef("pk")))
        people = rows.select_related("programme", "household", "member", "payee")
        return list(people.annotate(appraised=appraised).order_by("pk"))

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "cases": self.cases}

    def get_initial(self) -> dict[str, Any]:
        return {"held_on": self.actor.on, "recorder": f"{self.request.user}"}

    def act(self, form: forms.Form) -> None:
        assert isinstance(form, MeetingForm)
        self.made = fieldwork.record_meeting(
            self.village,
            minutes=form.record,
            votes=form.votes,
            opinions=form.opinions,
            papers=form.cleaned_data["papers"],
            by=self.request.user,  # type: ignore[arg-type]
            now=clock.now(),
            key=form.cleaned_data["key"],
        )

    def get_success_url(self) -> str:
        return self.made.get_absolute_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(village=self.village, cases=self.cases, **kwargs)


class MeetingDetail(StaffView):
    """The record of one meeting, with what it said about each case."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        rows = AppraisalMeeting.objects.filter(within(self.actor.may_read_prefixes))
        meeting = get_object_or_404(rows.select_related("village", "recorded_by"), pk=pk)
        items = meeting.items.select_related(
            "application__programme", "application__member", "application__payee"
        )
        papers = list(meeting.papers.all())
        reuse.note(papers, self.actor)
        context = {
            "meeting": meeting,
            "items": list(items),
            "papers": papers,
            "may_declare": permissions.may_declare(self.actor),
        }
        return render(request, "desk/meeting_detail.html", context)


visit_new = VisitNew.as_view()
meeting_list = MeetingList.as_view()
meeting_new = MeetingNew.as_view()
meeting_detail = MeetingDetail.as_view()
