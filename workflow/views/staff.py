"""Taking in staff from Excel (人员导入): the template, the preview, and the sheet of first passwords."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from registry import clock
from registry.models import Region, Role
from registry.refusal import Refused
from registry.scope import within
from workflow import spreadsheets, staff
from workflow.forms.base import new_key
from workflow.forms.staff import ConfirmForm, packed, read, template
from workflow.forms.workbooks import BadWorkbook
from workflow.staff import Judged, Outcome, StaffLine
from workflow.views.accounts import given_page
from workflow.views.base import StaffView, renew_key
from workflow.views.operations import AdministratorMixin

TONES = {Outcome.NEW: "good", Outcome.ADD: "open", Outcome.KNOWN: "quiet", Outcome.FAULT: "bad"}


class StaffImport(AdministratorMixin, StaffView):
    """Upload a list, look at what each line leads to, confirm. Only the confirmation writes."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._upload_page()

    def post(self, request: HttpRequest) -> HttpResponse:
        if request.POST.get("step") not in ("all", "good"):
            return self._upload(request)
        form = ConfirmForm(request.POST)
        if not form.is_valid():
            lines = form.cleaned_data.get("lines")
            if not lines:
                return self._upload_page("名单不完整，请重新上传。")
            renew_key(form)
            return self._preview(lines, form, status=422)
        return self._confirm(request, form)

    def _upload(self, request: HttpRequest) -> HttpResponse:
        given = request.FILES.get("workbook")
        try:
            if given is None:
                raise BadWorkbook("请先选择要上传的Excel文件。")
            lines = read(given)
        except Refused as refused:
            return self._upload_page(refused.sentence)
        return self._preview(lines)

    def _confirm(self, request: HttpRequest, form: forms.Form) -> HttpResponse:
        given = form.cleaned_data
        try:
            done = staff.take_in(
                given["lines"],
                by=request.user,  # type: ignore[arg-type]
                now=clock.now(),
                seen=given["seen"],
                only_good=request.POST["step"] == "good",
                reason=given["reason"],
                key=given["key"],
            )
        except Refused as refused:
            renew_key(form)
            form.add_error(None, refused.sentence)
            return self._preview(given["lines"], form, status=422)
        if done.again:
            messages.info(request, "这份名单已经导入，初始密码只显示一次；没有记下的，请逐个重置密码。")
        else:
            messages.success(request, f"新建{len(done.given)}个账号，增加{done.appointed}项任职。")
        if done.given:
            return given_page(request, done.given)
        return HttpResponseRedirect(reverse("account-list"))

    def _preview(
        self, lines: list[StaffLine], form: forms.Form | None = None, *, status: int = 200
    ) -> HttpResponse:
        judged = staff.judge(lines, by=self.request.user, on=self.actor.on)  # type: ignore[arg-type]
        carried = {"lines": packed(lines), "seen": staff.fingerprint(judged), "key": new_key()}
        if form is None:
            form = ConfirmForm(initial=carried)
        else:
            # What is judged anew is what the next confirmation is about.
            form.data = form.data.copy()  # type: ignore[attr-defined]
            form.data["seen"] = carried["seen"]  # type: ignore[index]
        context = {"form": form, **_counts(judged), "judged": [(one, TONES[one.outcome]) for one in judged]}
        return render(self.request, "desk/account_import_preview.html", context, status=status)

    def _upload_page(self, sentence: str = "") -> HttpResponse:
        context = {"sentence": sentence, "most": staff.MOST_ROWS}
        return render(self.request, "desk/account_import.html", context, status=422 if sentence else 200)


def _counts(judged: list[Judged]) -> dict[str, Any]:
    found = {outcome.name.lower(): sum(one.outcome is outcome for one in judged) for outcome in Outcome}
    return {**found, "good": found["new"] + found["add"]}


class StaffTemplate(AdministratorMixin, StaffView):
    """The workbook to fill in, with the regions of the administrator."""

    def get(self, request: HttpRequest) -> HttpResponse:
        prefixes = self.actor.prefixes(Role.ADMINISTRATOR)
        regions = Region.objects.filter(within(prefixes, "code")).order_by("code")
        response = HttpResponse(template(regions), content_type=spreadsheets.CONTENT_TYPE)
        response["Content-Disposition"] = 'attachment; filename="staff.xlsx"'
        return response


account_import = StaffImport.as_view()
account_template = StaffTemplate.as_view()
