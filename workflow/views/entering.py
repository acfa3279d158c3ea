"""The page that enters for a household (代办): pick, then the form, kept while it is typed, and on to the next."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from applications import eligibility
from applications.amounts import Amount
from applications.eligibility import Claim
from applications.models import Application, Attachment, Programme
from applications.states import State
from registry import clock, masking
from registry.models import Household, Role, User
from registry.refusal import Refused
from workflow import entering, intake, pending, permissions, worklists
from workflow.forms.applications import EnterForm, SearchForm
from workflow.forms.papers import PapersForm
from workflow.models import PendingEntry
from workflow.results import Result
from workflow.views import picking
from workflow.views.base import VerbView

FOUND = 30


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
            entering.payee_of(typed),
            typed.quantity,
            typed.option,
        )
        return Preview(eligibility.assess(claim, village=typed.household.village, today=today).amount)
    except Refused as refused:
        return Preview(sentence=refused.sentence)


class ApplicationNew(VerbView):
    """First the household and the programme, by links; then the form, prefilled, and kept while it is typed."""

    template_name = "desk/application_new.html"
    form_class = EnterForm
    page_title = "录入申请"
    submit_label = "保存草稿"
    made: Result

    @property
    def user(self) -> User:
        return self.request.user  # type: ignore[return-value]

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
        return picking.programmes_for(self.household, today=self.actor.on) if self.household else []

    @cached_property
    def programme(self) -> Programme | None:
        key = self.request.GET.get("programme", "")
        if not key or self.household is None:
            return None
        found = [row for row in self.programmes if f"{row.pk}" == key]
        if not found:
            raise Http404
        return found[0]

    @cached_property
    def about(self) -> tuple[Household, Programme]:
        assert self.household is not None
        assert self.programme is not None
        return self.household, self.programme

    @cached_property
    def kept(self) -> PendingEntry | None:
        """What the person typed here before and did not save."""
        return pending.found(self.user, *self.about)

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
        if self.household and self._wanted() in {f"{row.pk}" for row in self.programmes}:
            chosen = f"?household={self.household.pk}&programme={self._wanted()}"
            return HttpResponseRedirect(reverse("application-new") + chosen)
        search = SearchForm(request.GET)
        rows = worklists.households(self.actor, text=search.text, roles=(Role.VILLAGE_CLERK,))
        found = [] if self.household else list(rows[: FOUND + 1])
        begun = not (self.household or search.text)
        context = {
            "search": search,
            "household": self.household,
            "households": found[:FOUND],
            "more": len(found) > FOUND,
            "programmes": self.programmes,
            "recent": picking.recent(self.actor) if begun else [],
            "begun": self._begun() if begun else [],
            "wanted": self._wanted(),
        }
        return render(request, "desk/application_pick.html", context)

    def _wanted(self) -> str:
        """The programme that another household is to be picked for."""
        key = self.request.GET.get("for", "")
        return key if key.isascii() and key.isdigit() and len(key) < 19 else ""

    def _begun(self) -> list[PendingEntry]:
        """What lies half typed, as far as it can still be gone on with."""
        rows = pending.of(self.user).filter(programme__closes_on__gte=self.actor.on)
        here = [row for row in rows if pending.begun(row)]
        return [row for row in here if self.actor.holds(Role.VILLAGE_CLERK, row.household.village.code)]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self._permitted()
        if self.programme is None:
            raise Http404
        step = request.POST.get("step", "")
        if step == "afresh":
            pending.drop(*self.about, by=self.user)
            return HttpResponseRedirect(request.get_full_path())
        if uid := request.POST.get("remove", ""):
            pending.drop_paper(*self.about, uid=_uid(uid), by=self.user)
            self._keep()
            return self._papers() if step == "paper" else HttpResponseRedirect(request.get_full_path())
        self.bad = self._hold_papers()
        if step == "paper":
            return self._papers()
        if step == "keep":
            self._keep()
            if not self.bad:
                messages.success(request, "已暂存。可以离开，以后从“录入申请”接着填。")
                return HttpResponseRedirect(request.get_full_path())
            return self._again(preview=None, status=422)
        form = self.get_form()
        assert isinstance(form, EnterForm)
        if "preview" not in request.POST and "preview" not in request.GET:
            # What was typed outlives a refusal and a dead battery alike.
            self._keep()
            if self.bad:
                form.add_error(None, "有的材料没有上传成功，请看“材料”里的说明。")
            return self.form_valid(form) if form.is_valid() else self.form_invalid(form)
        shown = preview(form.typed_so_far(self.actor.on), today=self.actor.on)
        if getattr(request, "htmx", False):
            self._keep()
            return render(request, "desk/_amount.html", {"preview": shown, "kept_at": clock.now()})
        return self._again(preview=shown, status=200)

    def _again(self, *, preview: Preview | None, status: int) -> HttpResponse:
        """The same page, everything typed still there, nothing marked as wrong yet."""
        again = EnterForm(initial=self.request.POST.dict(), **self._asked())
        context = self.get_context_data(form=again, **({"preview": preview} if preview else {}))
        return self.render_to_response(context, status=status)

    def _keep(self) -> None:
        pending.keep(*self.about, typed=self.request.POST.dict(), by=self.user, now=clock.now())

    def _hold_papers(self) -> list[str]:
        """Take in the papers that came along, each for itself; the sentences of those that could not be."""
        bad = []
        for paper, upload in PapersForm(self.about[1], files=self.request.FILES).given:
            try:
                pending.hold(
                    *self.about,
                    paper=paper,
                    upload=upload,
                    by=self.user,
                    now=clock.now(),
                    key=self.request.POST.get("key", "")[:64],
                )
            except Refused as refused:
                bad.append(refused.sentence)
        return bad

    def _held(self) -> list[Attachment]:
        rows = Attachment.objects.filter(
            pending__entry__by=self.user, pending__entry__household=self.household
        )
        return list(rows.filter(pending__entry__programme=self.programme).select_related("paper"))

    def _papers(self) -> HttpResponse:
        """The list of papers alone, for the page that sends each photo as it is taken."""
        context = {"held": self._held(), "bad": getattr(self, "bad", [])}
        return render(self.request, "desk/_pending_papers.html", context)

    def _asked(self) -> dict[str, Any]:
        household, programme = self.about
        refused = Application.objects.filter(
            household=household, programme__code=programme.code, state=State.REJECTED
        )
        return {"household": household, "programme": programme, "refused": refused}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), **self._asked()}

    def get_initial(self) -> dict[str, Any]:
        """Today, or the date of the case entered just before; the only person it can be; what was kept."""
        household, programme = self.about
        mine = Application.objects.filter(entered_by=self.actor.user_id, programme=programme)
        last = mine.order_by("-pk").values_list("applied_on", "entered_at").first()
        now = clock.now()
        same_sitting = last is not None and (now - last[1]).total_seconds() < 12 * 3600
        found: dict[str, Any] = {"applied_on": last[0] if last and same_sitting else self.actor.on}
        able = [one for one in household.members.all() if one.status == "alive" and not one.public_employee]
        if programme.per_person and len(able) == 1:
            found["member"] = able[0].pk
        return {**found, **(self.kept.typed if self.kept else {})}

    def act(self, form: forms.Form) -> None:
        assert isinstance(form, EnterForm)
        self.made = intake.enter(
            form.application,
            by=self.user,
            now=clock.now(),
            key=form.cleaned_data["key"],
        )
        data = self.made.data
        self.success_message = (
            f"草稿{self.made.number}已保存，金额{data['amount']}元（{data['working']}）。材料齐全后提交。"
        )

    def get_success_url(self) -> str:
        if "next" not in self.request.POST:
            return reverse("application-detail", args=[self.made.pk])
        household, programme = self.about
        after = picking.following(self.actor, household, programme)
        if after is None:
            messages.info(self.request, f"本村可以申报“{programme.name}”的户都已录入。")
            return reverse("application-list") + "?state=draft"
        return f"{reverse('application-new')}?household={after.pk}&programme={programme.pk}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs.get("form")
        shown = kwargs.pop("preview", None)
        if shown is None:
            typed = (
                form.typed_so_far(self.actor.on) if isinstance(form, EnterForm) and form.is_bound else None
            )
            shown = preview(typed, today=self.actor.on)
        household, programme = self.about
        extra = {
            "household": household,
            "phone": masking.mask_phone(household.phone or (household.head.phone if household.head else "")),
            "programme": programme,
            "preview": shown,
            "papers": PapersForm(programme),
            "held": self._held() if self.request.method == "POST" or self.kept else [],
            "bad": getattr(self, "bad", []),
            "kept": self.kept if self.request.method == "GET" else None,
        }
        return super().get_context_data(**{**extra, **kwargs})


def _uid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise Http404 from None


application_new = ApplicationNew.as_view()
