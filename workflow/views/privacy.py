"""Pages of personal data: full numbers with a reason, the list of households as a workbook, the records, removal."""

from functools import cached_property
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, F, Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from applications.models import Attachment, Disclosure, Purpose, Removal, Way
from registry import clock, masking
from registry.models import Household, Member, User
from registry.refusal import Refused
from registry.scope import within
from workflow import disclosures, permissions, removals, spreadsheets, worklists
from workflow.forms.privacy import NeedForm, RemovalForm, RosterForm
from workflow.models import Objection
from workflow.permissions import Verdict
from workflow.views import step_up
from workflow.views.base import StaffView, VerbView, renew_key

PER_PAGE = 50
HEADER = (
    "户编号",
    "村（社区）",
    "村民组",
    "户类别",
    "姓名",
    "与户主关系",
    "身份证号",
    "手机号",
    "开户银行",
    "一卡通账号",
    "开户名",
    "状态",
)


class HouseholdVerbView(VerbView):
    """A form on one household that the person sees; a stranger finds nothing."""

    @cached_property
    def household(self) -> Household:
        rows = Household.objects.visible_to(self.actor).select_related("village").prefetch_related("members")
        return get_object_or_404(rows, pk=self.kwargs["pk"])

    def permitted(self) -> Verdict:
        raise NotImplementedError

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated and self.actor.holdings:
            verdict = self.permitted()
            if not verdict:
                raise PermissionDenied(verdict.reason)
        return super().dispatch(request, *args, **kwargs)

    @property
    def by(self) -> User:
        user = self.request.user
        assert isinstance(user, User)
        return user

    def get_success_url(self) -> str:
        return reverse("household-detail", args=[self.household.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        extra = {"household": self.household, "back_url": self.get_success_url()}
        return super().get_context_data(**{**extra, **kwargs})


class HouseholdNumbers(HouseholdVerbView):
    """Full numbers of one household, shown in the answer to the reason and nowhere else."""

    template_name = "desk/household_numbers_ask.html"
    form_class = NeedForm
    page_title = "查看完整号码"
    submit_label = "查看并留下记录"

    def permitted(self) -> Verdict:
        return permissions.may_see_numbers(self.actor, self.household)

    def form_valid(self, form: forms.Form) -> HttpResponse:
        assert isinstance(form, NeedForm)
        try:
            seen = disclosures.show(self.household, need=form.need, by=self.by, now=clock.now())
        except Refused as refused:
            renew_key(form)
            form.add_error("reason", refused.sentence)
            return self.render_to_response(self.get_context_data(form=form), status=422)
        files = Attachment.objects.filter(application__household=self.household).exclude(taken_place="")
        context = {
            "household": self.household,
            "people": self.household.members.all(),
            "files": files.select_related("application").order_by("pk"),
            "seen": seen,
        }
        answer = render(self.request, "desk/household_numbers.html", context)
        answer["Cache-Control"] = "private, no-store"
        return answer


class ObjectorShown(VerbView):
    """Name and telephone of an objector in full, shown in the answer to the reason and nowhere else."""

    template_name = "desk/objector_ask.html"
    form_class = NeedForm
    page_title = "查看异议人的姓名和电话"
    submit_label = "查看并留下记录"

    @cached_property
    def objection(self) -> Objection:
        rows = Objection.objects.visible_to(self.actor).select_related(
            "application__household", "application__village"
        )
        return get_object_or_404(rows, pk=self.kwargs["pk"])

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated and self.actor.holdings:
            verdict = permissions.may_see_objector(self.actor, self.objection)
            if not verdict:
                raise PermissionDenied(verdict.reason)
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: forms.Form) -> HttpResponse:
        assert isinstance(form, NeedForm)
        assert isinstance(self.request.user, User)
        try:
            seen = disclosures.show_objector(
                self.objection, need=form.need, by=self.request.user, now=clock.now()
            )
        except Refused as refused:
            renew_key(form)
            form.add_error("reason", refused.sentence)
            return self.render_to_response(self.get_context_data(form=form), status=422)
        answer = render(self.request, "desk/objector_shown.html", {"objection": self.objection, "seen": seen})
        answer["Cache-Control"] = "private, no-store"
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        extra = {"objection": self.objection, "back_url": self.objection.get_absolute_url()}
        return super().get_context_data(**{**extra, **kwargs})


class HouseholdRoster(VerbView):
    """The households of the person's regions as a workbook; full numbers for those who may, with a reason."""

    form_class = RosterForm
    page_title = "导出户籍名册"
    submit_label = "导出"

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "villages": worklists.villages(self.actor)}

    def get_initial(self) -> dict[str, Any]:
        return {"numbers": "masked", "village": self.request.GET.get("village")}

    def form_valid(self, form: forms.Form) -> HttpResponse:
        assert isinstance(form, RosterForm)
        rows = Household.objects.visible_to(self.actor).select_related("village").order_by("number")
        if form.cleaned_data["village"]:
            rows = rows.filter(village=form.cleaned_data["village"])
        households, need, by = list(rows.prefetch_related("members")), form.need, self.request.user
        assert isinstance(by, User)
        if need is not None and (asked := step_up.ask(self.request)):
            return asked
        if need is not None:
            try:
                disclosures.export(households, need=need, by=by, now=clock.now())
            except Refused as refused:
                renew_key(form)
                form.add_error(None, refused.sentence)
                return self.render_to_response(self.get_context_data(form=form), status=422)
        body = roster(households, full=need is not None)
        answer = HttpResponse(body, content_type=spreadsheets.CONTENT_TYPE)
        answer["Content-Disposition"] = f'attachment; filename="households-{self.actor.on:%Y%m%d}.xlsx"'
        answer["Cache-Control"] = "private, no-store"
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**{"back_url": reverse("household-list"), **kwargs})


def roster(households: list[Household], *, full: bool) -> bytes:
    """The list as a workbook, a row for each person."""
    rows = [
        _row(household, member, full=full) for household in households for member in household.members.all()
    ]
    return spreadsheets.write([spreadsheets.Sheet("户籍名册", HEADER, rows)])


def _row(household: Household, member: Member, *, full: bool) -> tuple[str, ...]:
    numbers = (f"{member.id_number}", f"{member.phone}", f"{member.card_number}")
    if not full:
        masks = (masking.mask_id_number, masking.mask_phone, masking.mask_card)
        numbers = tuple(mask(number) for mask, number in zip(masks, numbers, strict=True))  # type: ignore[assignment]
    return (
        household.number,
        f"{household.village}",
        household.group,
        household.get_category_display(),
        member.name,
        member.get_relationship_display(),
        numbers[0],
        numbers[1],
        member.bank,
        numbers[2],
        member.card_holder,
        member.get_status_display(),
    )


class DisclosureList(StaffView):
    """Who saw full numbers, when and what for, and whose data were removed: for supervisors and administrators."""

    def get(self, request: HttpRequest) -> HttpResponse:
        verdict = permissions.may_audit_disclosures(self.actor)
        if not verdict:
            raise PermissionDenied(verdict.reason)
        here = within(permissions.audited_prefixes(self.actor), "household__village__code")
        acts = (
            Disclosure.objects.filter(here)
            .order_by()
            .values("batch", "at", "way", "purpose", "reason", "objection", who=F("by__name"))
            .annotate(
                households=Count("pk"),
                number=Min("household__number"),
                village=Min("household__village__name"),
            )
            .order_by("-at", "batch")
        )
        page = Paginator(acts, PER_PAGE).get_page(request.GET.get("page"))
        shown = [
            {**act, "way": Way(act["way"]).label, "purpose": Purpose(act["purpose"]).label} for act in page
        ]
        removed = Removal.objects.filter(here).select_related("household__village", "by")
        context = {
            "page_obj": page,
            "acts": shown,
            "removed": removed[:PER_PAGE],
            "removed_count": removed.count(),
        }
        return render(request, "desk/disclosure_list.html", context)


class HouseholdRemove(HouseholdVerbView):
    """Remove a household's personal data by a decision that is named."""

    template_name = "desk/household_remove.html"
    form_class = RemovalForm
    page_title = "删除个人信息"
    submit_label = "删除个人信息"

    def permitted(self) -> Verdict:
        return permissions.may_remove(self.actor, self.household)

    def act(self, form: forms.Form) -> Removal:
        assert isinstance(form, RemovalForm)
        done = removals.remove(self.household, order=form.order, by=self.by, now=clock.now())
        messages.success(
            self.request, f"已按{done.document}删除{self.household.number}的个人信息，并留下记录。"
        )
        return done


household_numbers = HouseholdNumbers.as_view()
household_roster = HouseholdRoster.as_view()
household_remove = HouseholdRemove.as_view()
objector_shown = ObjectorShown.as_view()
disclosure_list = DisclosureList.as_view()
