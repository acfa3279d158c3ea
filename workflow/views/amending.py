"""Pages that change a case which the village still may change: what it says, and its papers."""

from typing import Any

from django import forms
from django.contrib import messages

from applications.amounts import plain
from applications.models import RequiredPaper
from applications.states import CORRECTIONS, State
from registry import clock
from workflow import intake, permissions
from workflow.forms.applications import AmendForm, AttachForm
from workflow.permissions import Verdict
from workflow.views.case import CaseVerbView


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


application_amend = ApplicationAmend.as_view()
application_attach = ApplicationAttach.as_view()
