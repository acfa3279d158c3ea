"""Pages that change a case which the village still may change: what it says, and its papers."""

from functools import cached_property
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from applications import eligibility
from applications.amounts import plain
from applications.eligibility import Claim
from applications.models import RequiredPaper
from applications.states import CORRECTIONS, State
from registry import clock
from registry.models import User
from registry.refusal import Refused
from workflow import intake, mending, pending_changes, permissions, returns
from workflow.forms.applications import AmendForm, AttachForm, FaultsForm
from workflow.pending_changes import Kept
from workflow.permissions import Verdict
from workflow.results import Result, one
from workflow.views.case import CaseVerbView
from workflow.views.entering import Preview


class ApplicationAmend(CaseVerbView):
    """Change a draft or a case in correction; the amount is computed anew, and what is typed is kept."""

    template_name = "desk/application_amend.html"
    form_class = AmendForm
    page_title = "修改申请"
    submit_label = "保存修改"

    def permitted(self) -> Verdict:
        verdict = permissions.may_amend(self.actor, self.case)
        editable = self.case.state in CORRECTIONS | {State.DRAFT}
        return verdict and Verdict(editable, "" if editable else "只有草稿和退回补正中的申请可以修改内容。")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), **self._about()}

    def _about(self) -> dict[str, Any]:
        return {"household": self.case.household, "programme": self.case.programme}

    def get_initial(self) -> dict[str, Any]:
        case = self.case
        return {
            **super().get_initial(),
            "quantity": plain(case.quantity),
            "option": case.option,
            "payee": case.payee_id,
            "reason": case.reason,
            "committed": case.committed,
            **(self.kept.typed if self.kept else {}),
        }

    @property
    def user(self) -> User:
        found: User = self.request.user  # type: ignore[assignment]
        return found

    @cached_property
    def kept(self) -> Kept | None:
        """What the person typed here before and did not save."""
        return pending_changes.found(self.case, by=self.user)

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        self.refuse_strangers()
        verdict = self.permitted()
        if self.request.POST.get("step") == "afresh":
            pending_changes.drop(self.case, by=self.user)
            return HttpResponseRedirect(self.request.path)
        if verdict:
            # What was typed outlives a refusal, a conflict and a dead battery alike.
            typed = self.request.POST.dict()
            pending_changes.keep(self.case, typed=typed, by=self.user, now=clock.now())
        if "preview" not in self.request.POST and "preview" not in self.request.GET:
            return super().post(*args, **kwargs)
        if not verdict:
            raise PermissionDenied(verdict.reason)
        form = self.get_form()
        assert isinstance(form, AmendForm)
        shown = self._preview(form)
        if getattr(self.request, "htmx", False):
            return render(self.request, "desk/_amount.html", {"preview": shown, "kept_at": clock.now()})
        again = AmendForm(initial=self.request.POST.dict(), **self._about())
        return self.render_to_response(self.get_context_data(form=again, preview=shown))

    def _preview(self, form: AmendForm) -> Preview:
        """The amount as the change would make it, or why there is none; nothing is written."""
        data, case = form.cleaned_data if form.errors is not None else {}, self.case
        if not data.get("quantity"):
            return Preview(sentence="填好以后，这里显示金额和计算过程。", typed=False)
        payee = data.get("payee") or case.payee
        claim = Claim(
            case.programme, case.household, case.member, payee, data["quantity"], data.get("option") or ""
        )
        draft = State(case.state) is State.DRAFT
        try:
            found = eligibility.assess(
                claim, village=case.village, today=self.actor.on, besides=case.pk, in_window=draft
            )
        except Refused as refused:
            return Preview(sentence=refused.sentence)
        return Preview(found.amount)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        extra = {
            "kept": self.kept if self.request.method == "GET" else None,
            "preview": Preview(sentence="改动以后，这里显示新的金额和计算过程。", typed=False),
        }
        return super().get_context_data(**{**extra, **kwargs})

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
        pending_changes.drop(self.case, by=self.user)
        self.success_message = f"已保存，金额{made.data['amount']}元（{made.data['working']}）。"


class ApplicationAttach(CaseVerbView):
    """Add the files of one paper; a file is never replaced."""

    template_name = "desk/application_attach.html"
    form_class = AttachForm
    page_title = "上传材料"
    submit_label = "上传"

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
        results = intake.attach_all(
            self.ref(form),
            paper=data["paper"],
            files=data["upload"],
            by=self.request.user,  # type: ignore[arg-type]
            now=clock.now(),
            key=data["key"],
        )
        done = sum(result.done for result in results)
        messages.success(self.request, f"材料已上传{f'（{done}个文件）' if done > 1 else ''}。")
        for result in results:
            if not result.done:
                messages.error(self.request, f"没有上传：{result.sentence}")

    def get_success_url(self) -> str:
        return f"{self.case.get_absolute_url()}?tab=papers"


class ApplicationFaults(CaseVerbView):
    """Tick the faults of the last return that are mended."""

    form_class = FaultsForm
    page_title = "登记补正情况"
    submit_label = "保存补正情况"
    success_message = "补正情况已登记。"

    def permitted(self) -> Verdict:
        return permissions.may_tick(self.actor, self.case)

    def get_form_kwargs(self) -> dict[str, Any]:
        faults = returns.open_faults([self.case.pk]).get(self.case.pk, [])
        return {**super().get_form_kwargs(), "faults": faults}

    def act(self, form: forms.Form) -> Result:
        return one(
            mending.tick_faults(
                self.ref(form),
                ticked=form.cleaned_data["faults"],
                by=self.request.user,  # type: ignore[arg-type]
                now=clock.now(),
                key=form.cleaned_data["key"],
            )
        )


application_amend = ApplicationAmend.as_view()
application_attach = ApplicationAttach.as_view()
application_faults = ApplicationFaults.as_view()
