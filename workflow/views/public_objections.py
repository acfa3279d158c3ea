"""Objections by anybody (网上异议), without login: the form of one row, and the progress by receipt code."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from registry import clock
from registry.refusal import Refused
from workflow import objections
from workflow.forms.public import ObjectionForm, ReceiptForm, issue
from workflow.models import EntryOutcome, Objection, ObjectionOutcome, PostingEntry, PostingState
from workflow.views import sheet as paper_of
from workflow.views.public import gone


@never_cache
@require_http_methods(["GET", "POST"])
def objection(request: HttpRequest, pk: int) -> HttpResponse:
    """The objection form of one row, named or anonymous."""
    entry = get_object_or_404(
        PostingEntry.objects.exclude(posting__state=PostingState.DRAFT).select_related(
            "posting__region", "posting__programme"
        ),
        pk=pk,
    )
    now = clock.now()
    open_now = paper_of.names_are_public(entry.posting, today=timezone.localdate(now))
    open_now = open_now and entry.outcome != EntryOutcome.REMOVED
    if request.method == "GET":
        if not open_now:
            return gone(request, entry.posting, row_gone=entry.outcome == EntryOutcome.REMOVED)
        form = ObjectionForm(entry=pk, now=now, initial={"token": issue(pk, now=now)})
        return _objection_page(request, entry, form, open_now=True)
    # The form was given out while the row was public; what arrives after midnight is handled too (期后).
    form = ObjectionForm(request.POST, entry=pk, now=now)
    if form.is_valid():
        try:
            made = objections.lodge(entry, complaint=form.complaint, now=now, key=form.key)
        except Refused as refused:
            form.add_error(None, refused.sentence)
        else:
            request.session["receipt"] = made.receipt
            return HttpResponseRedirect(reverse("public-receipt"))
    return _objection_page(request, entry, form, open_now=open_now, status=422)


def _objection_page(
    request: HttpRequest, entry: PostingEntry, form: ObjectionForm, *, open_now: bool, status: int = 200
) -> HttpResponse:
    """The row is named only while it is public."""
    row = paper_of.allowed(entry.row) if open_now else None
    context = {"entry": entry, "posting": entry.posting, "row": row, "form": form}
    return render(request, "public/objection.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
def receipt(request: HttpRequest) -> HttpResponse:
    """How far an objection is, by its receipt code. An unknown code answers like any other unknown code."""
    new = request.session.pop("receipt", "") if request.method == "GET" else ""
    context: dict[str, Any] = {"new": new, "asked": False}
    if request.method == "POST":
        form = ReceiptForm(request.POST)
        if form.is_valid():
            found = Objection.objects.filter(receipt=form.cleaned_data["receipt"]).first()
            context |= {"asked": True, "progress": _progress(found) if found else None}
            form = ReceiptForm(initial={"receipt": form.cleaned_data["receipt"]} if found else None)
    else:
        form = ReceiptForm()
    status = 422 if form.errors else 200
    return render(request, "public/receipt.html", {**context, "form": form}, status=status)


def _progress(found: Objection) -> dict[str, Any]:
    """The step and its dates: never the objector, the facts or the row."""
    outcome = ObjectionOutcome(found.outcome).label if found.outcome else ""
    return {
        "receipt": found.receipt,
        "step": found.get_state_display(),
        "open": found.is_open,
        "outcome": outcome,
        "received_on": found.received_at,
        "accepted_on": found.accepted_at,
        "decided_on": found.decided_at,
    }
