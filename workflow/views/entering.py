"""Pages that enter for a household (代办): a new application in two steps, its change, its papers."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from applications import eligibility
from applications.amounts import Amount, plain
from applications.eligibility import Claim
from applications.models import Application, Programme, ProgrammeKind, RequiredPaper
from applications.states import CORRECTIONS, State
from registry import clock
from registry.models import Household, Role
from registry.refusal import Refused
from registry.scope import lineage
from workflow import intake, permissions, worklists
from workflow.forms.applications import AmendForm, AttachForm, EnterForm, SearchForm
from workflow.permissions import Verdict
from workflow.results import Result
from workflow.views.base import VerbView
from workflow.views.case import CaseVerbView

FOUND = 30
RECORDS = frozenset({ProgrammeKind.TRAINING, ProgrammeKind.FINANCE})


def programmes_for(household: Household, *, today: date) -> list[Programme]:
    """The programmes open today whose categories fit the household, the newest version of each."""
    rows = Programme.objects.filter(
        region__code__in=lineage(household.village.code),
        active=True,
        opens_on__lte=today,
        closes_on__gte=today,
    ).exclude(kind__in=RECORDS)
    newest: dict[tuple[int, str, int], Programme] = {}
    for row in rows.order_by("year", "code", "version"):
        newest[row.region_id, row.code, row.year] = row
    return [row for row in newest.values() if household.category in row.target_categories]


@dataclass(frozen=True)
class Preview:
    """The amount as it would be, or why there is none."""

    amount: Amount | None = None
    sentence: str = ""
    typed: bool = True


def preview(typed: intake.Form | None, *, today: date) -> Preview:
    """Compute the amount with its working, without writing anything."""
    if typed is None:
        return Preview(sentence="填好以后，这里显示金额和计算过程。", typed=False)
    try:
        claim = Claim(
            typed.programme,
            typed.household,
            typed.member,
            intake.payee_of(typed),
            typed.quantity,
            typed.option,
        )
        return Preview(eligibility.assess(claim, village=typed.household.village, today=today).amount)
    except Refused as refused:
        return Preview(sentence=refused.sentence)


class ApplicationNew(VerbView):
    """First the household and the programme, by links; then the form, prefilled."""

    template_name = "desk/application_new.html"
    form_class = EnterForm
    page_title = "录入申请"
    submit_label = "保存草稿"
    made: Result

    @cached_property
    def household(self) -> Household | None:
        """The household picked, in a village where the person enters applications."""
        key = self.request.GET.get("household", "")
        if not key:
            return None
        if not (key.isascii() and key.isdigit() and len(key) < 19):
            raise Http404
        rows = worklists.households(self.actor, roles=(Role.VILLAGE_CLERK,)).prefetch_related("members")
        return get_object_or_404(rows, pk=int(key))

    @cached_property
    def programmes(self) -> list[Programme]:
        return programmes_for(self.household, today=self.actor.on) if self.household else []

    @cached_property
    def programme(self) -> Programme | None:
        key = self.request.GET.get("programme", "")
        if not key or self.household is None:
            return None
        found = [row for row in self.programmes if f"{row.pk}" == key]
        if not found:
            raise Http404
        return found[0]

    def _permitted(self) -> None:
        if Role.VILLAGE_CLERK not in self.actor.roles:
            raise PermissionDenied("申请由当地的村级经办人录入，您没有这项任职。")
        if self.household is not None:
            verdict = permissions.may_enter(self.actor, self.household.village, self.household)
            if not verdict:
                raise PermissionDenied(verdict.reason)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self._permitted()
        if self.programme is not None:
            return super().get(request, *args, **kwargs)
        search = SearchForm(request.GET)
        rows = worklists.households(self.actor, text=search.text, roles=(Role.VILLAGE_CLERK,))
        found = [] if self.household else list(rows[: FOUND + 1])
        context = {
            "search": search,
            "household": self.household,
            "households": found[:FOUND],
            "more": len(found) > FOUND,
            "programmes": self.programmes,
        }
        return render(request, "desk/application_pick.html", context)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self._permitted()
        if self.programme is None:
            raise Http404
        form = self.get_form()
        assert isinstance(form, EnterForm)
        if "preview" not in request.POST and "preview" not in request.GET:
            return self.form_valid(form) if form.is_valid() else self.form_invalid(form)
        shown = preview(form.typed_so_far(self.actor.on), today=self.actor.on)
        if getattr(request, "htmx", False):
            return render(request, "desk/_amount.html", {"preview": shown})
        # Without JavaScript: the same page, everything typed still there, nothing marked as wrong yet.
        again = EnterForm(initial=request.POST.dict(), **self._about())
        return self.render_to_response(self.get_context_data(form=again, preview=shown))

    def _about(self) -> dict[str, Any]:
        assert self.household is not None
        assert self.programme is not None
        refused = Application.objects.filter(
            household=self.household, programme__code=self.programme.code, state=State.REJECTED
        )
        return {"household": self.household, "programme": self.programme, "refused": refused}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), **self._about()}

    def get_initial(self) -> dict[str, Any]:
        return {"applied_on": self.actor.on}

    def act(self, form: forms.Form) -> None:
        assert isinstance(form, EnterForm)
        self.made = intake.enter(
            form.application,
            by=self.request.user,  # type: ignore[arg-type]
            now=clock.now(),
            key=form.cleaned_data["key"],
        )
        data = self.made.data
        self.success_message = (
            f"草稿{self.made.number}已保存，金额{data['amount']}元（{data['working']}）。材料齐全后提交。"
        )

    def get_success_url(self) -> str:
        return reverse("application-detail", args=[self.made.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs.get("form")
        shown = kwargs.pop("preview", None)
        if shown is None:
            typed = (
                form.typed_so_far(self.actor.on) if isinstance(form, EnterForm) and form.is_bound else None
            )
            shown = preview(typed, today=self.actor.on)
        extra = {"household": self.household, "programme": self.programme, "preview": shown}
        return super().get_context_data(**{**extra, **kwargs})


class ApplicationAmend(CaseVerbView):
    """Change a draft or a case in correction; the amount is computed anew."""

    template_name = "desk/application_amend.html"
    form_class = AmendForm
    page_title = "修改申请"
    submit_label = "保存修改"

    def permitted(self) -> Verdict:
        verdict = permissions.may_amend(self.actor, self.case)
        editable = self.case.state in CORRECTIONS | {State.DRAFT}
        return verdict and Verdict(editable, "" if editable else "只有草稿和退回补正中的申请可以修改内容。")

    def get_form_kwargs(self) -> dict[str, Any]:
        about = {"household": self.case.household, "programme": self.case.programme}
        return {**super().get_form_kwargs(), **about}

    def get_initial(self) -> dict[str, Any]:
        case = self.case
        return {
            **super().get_initial(),
            "quantity": plain(case.quantity),
            "option": case.option,
            "payee": case.payee_id,
            "reason": case.reason,
            "committed": case.committed,
        }

    def act(self, form: forms.Form) -> None:
        data = form.cleaned_data
        made = intake.amend(
            self.ref(form),
            by=self.request.user,  # type: ignore[arg-type]
            now=clock.now(),
            quantity=data["quantity"],
            payee=data["payee"],
            option=data.get("option"),
            reason=data["reason"],
            committed=data["committed"],
            key=data["key"],
        )
        self.success_message = f"已保存，金额{made.data['amount']}元（{made.data['working']}）。"


class ApplicationAttach(CaseVerbView):
    """Add one paper; a file is never replaced."""

    template_name = "desk/application_attach.html"
    form_class = AttachForm
    page_title = "上传材料"
    submit_label = "上传"
    success_message = "材料已上传。"

    def permitted(self) -> Verdict:
        return permissions.may_amend(self.actor, self.case)

    def get_form_kwargs(self) -> dict[str, Any]:
        papers = RequiredPaper.objects.filter(programme=self.case.programme_id)
        return {**super().get_form_kwargs(), "papers": papers}

    def get_initial(self) -> dict[str, Any]:
        wanted = self.request.GET.get("paper", "")
        return {**super().get_initial(), "paper": wanted if wanted.isdigit() else None}

    def act(self, form: forms.Form) -> None:
        data = form.cleaned_data
        intake.attach(
            self.ref(form),
            paper=data["paper"],
            upload=data["upload"],
            by=self.request.user,  # type: ignore[arg-type]
            now=clock.now(),
            key=data["key"],
        )

    def get_success_url(self) -> str:
        return f"{self.case.get_absolute_url()}?tab=papers"


application_new = ApplicationNew.as_view()
application_amend = ApplicationAmend.as_view()
application_attach = ApplicationAttach.as_view()
