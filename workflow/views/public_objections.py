"""Objections by anybody (网上异议), without login: the form of one row, the progress by receipt code, an appeal."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from registry import clock, throttle
from registry.refusal import Refused
from registry.throttle import Limit
from workflow import appeals, objections
from workflow.calendar import load as load_calendar
from workflow.forms.public import AppealForm, ObjectionForm, ReceiptForm, issue, spelled
from workflow.models import EntryOutcome, Objection, ObjectionOutcome, PostingEntry, PostingState
from workflow.views import sheet as paper_of
from workflow.views.public import NO_ROBOTS, gone

ROW_GONE = (
    "这一行刚刚撤出公示，网上不能再对它提出异议。您填写的内容还在，"
    "仍要反映的，可以抄下来，到公示单位当面提出或者拨打监督电话12317。"
)
# Over these an objection is taken all the same, to be confirmed by call: nobody is refused the right to object.
OBJECTIONS_OF_A_CLIENT = Limit("objection-client", most=5, seconds=3600)
OBJECTIONS_TO_A_SHEET = Limit("objection-sheet", most=20, seconds=3600)
RECEIPTS_OF_A_CLIENT = Limit("receipt-client", most=30, seconds=600)
TOO_OFTEN = "查询太频繁，请过十分钟再查，也可以拨打公示上的电话询问。"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def objection(request: HttpRequest, pk: int) -> HttpResponse:
    """The objection form of one row, named or anonymous."""
    entry = get_object_or_404(
        PostingEntry.objects.exclude(posting__state=PostingState.DRAFT)
        .exclude(outcome=EntryOutcome.REVOKED)
        .select_related("posting__region", "posting__programme"),
        pk=pk,
    )
    now = clock.now()
    removed = entry.outcome == EntryOutcome.REMOVED
    open_now = paper_of.names_are_public(entry.posting, today=timezone.localdate(now)) and not removed
    if request.method in ("GET", "HEAD"):
        if not open_now:
            return gone(request, entry.posting, row_gone=removed)
        form = ObjectionForm(entry=pk, now=now, initial={"token": issue(pk, now=now)})
        return _objection_page(request, entry, form, open_now=True)
    # The form was given out while the row was public; what arrives after midnight is handled too (期后).
    form = ObjectionForm(request.POST, request.FILES, entry=pk, now=now)
    if form.is_valid():
        if removed:
            form.add_error(None, ROW_GONE)
            return _objection_page(request, entry, form, open_now=False, status=422)
        complaint = replace(form.complaint, to_confirm=_over(request, f"sheet-{entry.posting_id}"))
        try:
            made = objections.lodge(entry, complaint=complaint, now=now, key=form.key)
        except Refused as refused:
            form.add_error(None, refused.sentence)
        else:
            return _taken_in(request, made)
    return _objection_page(request, entry, form, open_now=open_now, status=422)


def _over(request: HttpRequest, sheet: str) -> bool:
    """Whether so many came from one place, or for one sheet, that this one is to be confirmed by call."""
    by_client = not OBJECTIONS_OF_A_CLIENT.spend(throttle.client(request.META))
    return not OBJECTIONS_TO_A_SHEET.spend(sheet) or by_client


def _taken_in(request: HttpRequest, made: Objection) -> HttpResponse:
    """The receipt is shown once, after a redirect, so that reloading the page sends nothing again."""
    request.session["receipt"] = made.receipt
    return HttpResponseRedirect(reverse("public-receipt"))


def _objection_page(
    request: HttpRequest, entry: PostingEntry, form: ObjectionForm, *, open_now: bool, status: int = 200
) -> HttpResponse:
    """The row is named only while it is public."""
    row = paper_of.allowed(entry.row) if open_now else None
    photos_again = status != 200 and bool(request.FILES)
    context = {
        "entry": entry,
        "posting": entry.posting,
        "row": row,
        "form": form,
        "photos_again": photos_again,
    }
    response = render(request, "public/objection.html", context, status=status)
    response["X-Robots-Tag"] = NO_ROBOTS
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def receipt(request: HttpRequest) -> HttpResponse:
    """How far an objection is, by its receipt code. An unknown code answers like any other unknown code."""
    if request.method in ("GET", "HEAD"):
        new = request.session.pop("receipt", "")
        return _receipt_page(request, ReceiptForm(), new=new)
    now = clock.now()
    form = ReceiptForm(request.POST)
    if not RECEIPTS_OF_A_CLIENT.spend(throttle.client(request.META)):
        return _receipt_page(request, ReceiptForm(), too_often=TOO_OFTEN, status=429)
    if not form.is_valid():
        return _receipt_page(request, form, status=422)
    found = _by_code(form.cleaned_data["receipt"])
    if found is None:
        return _receipt_page(request, ReceiptForm(), asked=True)
    return _progress_page(request, found, now=now)


@never_cache
@require_POST
def appeal(request: HttpRequest) -> HttpResponse:
    """An appeal by the objector, who proves to be it by the receipt code."""
    now = clock.now()
    if not RECEIPTS_OF_A_CLIENT.spend(throttle.client(request.META)):
        return _receipt_page(request, ReceiptForm(), too_often=TOO_OFTEN, status=429)
    found = _by_code(spelled(request.POST.get("receipt", "")[:40]))
    if found is None:
        return _receipt_page(request, ReceiptForm(), asked=True)
    form = AppealForm(request.POST, objection=found.pk, now=now)
    if form.is_valid():
        over = _over(request, f"sheet-{found.posting_id}")
        facts = form.cleaned_data["facts"]
        try:
            made = appeals.lodge(found, facts=facts, now=now, to_confirm=over, key=form.key)
        except Refused as refused:
            form.add_error(None, refused.sentence)
        else:
            return _taken_in(request, made)
    return _progress_page(request, found, now=now, form=form, status=422)


def _by_code(code: str) -> Objection | None:
    """One statement, whether there is such a code or not."""
    return Objection.objects.filter(receipt=code).select_related("appeal", "appeal_of").first()


def _progress_page(
    request: HttpRequest,
    found: Objection,
    *,
    now: datetime,
    form: AppealForm | None = None,
    status: int = 200,
) -> HttpResponse:
    try:
        appeals.refuse_unappealable(found)
        until = appeals.period(found, load_calendar()).last_day
    except appeals.NoAppeal:
        until = None
    if form is None and until is not None and timezone.localdate(now) <= until:
        initial = {"receipt": found.receipt, "token": issue(found.pk, now=now)}
        form = AppealForm(objection=found.pk, now=now, initial=initial)
    extra = {"asked": True, "progress": _progress(found), "appeal_form": form, "appeal_until": until}
    form_again = ReceiptForm(initial={"receipt": found.receipt})
    return _receipt_page(request, form_again, status=status, **extra)


def _receipt_page(
    request: HttpRequest, form: ReceiptForm, *, status: int = 200, **extra: Any
) -> HttpResponse:
    context = {"new": "", "asked": False, "progress": None, "form": form, **extra}
    return render(request, "public/receipt.html", context, status=status)


def _progress(found: Objection) -> dict[str, Any]:
    """The step and its dates: never the objector, the facts or the row."""
    outcome = ObjectionOutcome(found.outcome).label if found.outcome else ""
    again = getattr(found, "appeal", None)
    return {
        "receipt": found.receipt,
        "is_appeal": found.appeal_of_id is not None,
        "step": found.get_state_display(),
        "open": found.is_open,
        "to_confirm": found.waits_for_a_call,
        "outcome": outcome,
        "received_on": found.received_at,
        "accepted_on": found.accepted_at,
        "decided_on": found.decided_at,
        "appeal": again.get_state_display() if again else "",
        "appeal_outcome": ObjectionOutcome(again.outcome).label if again and again.outcome else "",
    }
