"""Pages of the holiday notices (节假日): the years, one year's days, and entering a notice with its preview."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from registry import clock
from registry.refusal import Refused
from workflow import holidays, permissions, spreadsheets
from workflow.forms.holidays import TypedNotice, joined, read, template
from workflow.models import HolidayNotice
from workflow.views.base import StaffView, renew_key


class HolidayList(StaffView):
    """The years whose notice is entered; whoever counts days may look them up."""

    def get(self, request: HttpRequest) -> HttpResponse:
        notices = HolidayNotice.objects.select_related("entered_by").annotate(
            off=Count("holidays", filter=Q(holidays__is_workday=False)),
            made_up=Count("holidays", filter=Q(holidays__is_workday=True)),
        )
        context = {
            "notices": notices.order_by("-year"),
            "next_year": _next_year(self.actor.on.year),
            "verdict": permissions.may_enter_notice(self.actor),
        }
        return render(request, "desk/holiday_list.html", context)


class HolidayYear(StaffView):
    """The days that the notice of one year names."""

    def get(self, request: HttpRequest, year: int) -> HttpResponse:
        notice = get_object_or_404(HolidayNotice.objects.select_related("entered_by"), year=year)
        rows = notice.holidays.order_by("date").values_list("date", "is_workday", "name")
        context = {
            "notice": notice,
            "stretches": [(one, (one.last - one.first).days + 1) for one in joined(rows)],
            "moved": notice.moves.count(),
            "verdict": permissions.may_enter_notice(self.actor),
        }
        return render(request, "desk/holiday_year.html", context)


class HolidayEnter(StaffView):
    """Type or upload a notice, look at what would move, confirm. Only the confirmation writes."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and self.actor.holdings:
            verdict = permissions.may_enter_notice(self.actor)
            if not verdict:
                raise PermissionDenied(verdict.reason)
        found: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return found

    def get(self, request: HttpRequest) -> HttpResponse:
        text = request.GET.get("year", "")
        asked = int(text) if text.isascii() and text.isdigit() and len(text) == 4 else None
        kept = HolidayNotice.objects.filter(year=asked).first() if asked else None
        year = asked or _next_year(self.actor.on.year)
        return self._form(TypedNotice.of(kept) if kept else TypedNotice.blank(year))

    def post(self, request: HttpRequest) -> HttpResponse:
        step = request.POST.get("step")
        if step == "upload":
            return self._upload(request)
        typed = TypedNotice.sent(request.POST)
        if step == "edit" or not typed.is_valid():
            return self._form(typed, status=200 if step == "edit" else 422)
        try:
            return self._confirm(request, typed) if step == "confirm" else self._preview(typed)
        except holidays.ForeseenOtherwise as refused:
            renew_key(typed.head)
            return self._preview(typed, refused.sentence, status=422)
        except Refused as refused:
            renew_key(typed.head)
            return self._form(typed, refused.sentence, status=422)

    def _upload(self, request: HttpRequest) -> HttpResponse:
        given = request.FILES.get("workbook")
        try:
            if given is None:
                raise holidays.BadNotice("请先选择要上传的Excel文件。")
            typed = TypedNotice.uploaded(request.POST, read(given))
        except Refused as refused:
            return self._form(TypedNotice.sent(request.POST), refused.sentence, status=422)
        return self._form(typed, note=f"已从文件读入{len(typed.lines.initial or ())}行，请核对后点“预览”。")

    def _preview(self, typed: TypedNotice, sentence: str = "", status: int = 200) -> HttpResponse:
        notice = typed.notice
        recount = holidays.foresee(notice, now=clock.now())
        context = {
            "typed": typed,
            "notice": notice,
            "recount": recount,
            "seen": holidays.fingerprint(notice, recount),
            "sentence": sentence,
            "known": HolidayNotice.objects.filter(year=notice.year).first(),
        }
        return render(self.request, "desk/holiday_preview.html", context, status=status)

    def _confirm(self, request: HttpRequest, typed: TypedNotice) -> HttpResponse:
        given = typed.head.cleaned_data
        (result,) = holidays.enter(
            typed.notice,
            by=request.user,  # type: ignore[arg-type]
            now=clock.now(),
            seen=given["seen"],
            shorten=given["shorten"],
            key=given["key"],
        )
        messages.success(request, f"{result.number}已录入，调整了{result.data['moved']}个日期。")
        return HttpResponseRedirect(reverse("holiday-year", args=[typed.notice.year]))

    def _form(
        self, typed: TypedNotice, sentence: str = "", *, note: str = "", status: int = 200
    ) -> HttpResponse:
        context = {"typed": typed, "sentence": sentence, "note": note}
        return render(self.request, "desk/holiday_form.html", context, status=status)


class HolidayTemplate(StaffView):
    """The workbook to fill in."""

    def get(self, request: HttpRequest) -> HttpResponse:
        response = HttpResponse(template(), content_type=spreadsheets.CONTENT_TYPE)
        response["Content-Disposition"] = 'attachment; filename="holidays.xlsx"'
        return response


def _next_year(year: int) -> int:
    """The first year from this one on that has no notice yet."""
    known = set(HolidayNotice.objects.filter(year__gte=year).values_list("year", flat=True))
    while year in known:
        year += 1
    return year


holiday_list = HolidayList.as_view()
holiday_year = HolidayYear.as_view()
holiday_enter = HolidayEnter.as_view()
holiday_template = HolidayTemplate.as_view()
