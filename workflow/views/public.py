"""The public board (公开栏), without login: sheets on display, announcements, objections, progress, 长辈版."""

from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from applications.models import Programme
from registry import clock
from registry.models import Region, RegionLevel
from registry.refusal import Refused
from workflow import objections
from workflow.announcements import LABELS
from workflow.forms.public import ObjectionForm, ReceiptForm, issue
from workflow.models import (
    AnnouncementSheet,
    EntryOutcome,
    Objection,
    ObjectionOutcome,
    Posting,
    PostingEntry,
    PostingState,
)
from workflow.views import sheet as paper_of

PER_PAGE = 20
LONGEST_CACHE = 300
"""Seconds: a page with names never outlives its period in a cache, and a correction shows within minutes."""
YEAR = 365 * 24 * 3600
ANNOUNCED = [PostingState.PUBLISHED, PostingState.CORRECTED]


def shown(today: date) -> tuple[QuerySet[Posting], QuerySet[Posting]]:
    """The sheets whose period runs, and the announcements, which stay."""
    running = Posting.objects.on_display().filter(closes_on__gte=today)
    return running.order_by("closes_on", "pk"), Posting.objects.filter(state__in=ANNOUNCED).order_by(
        "-displayed_on", "-pk"
    )


@require_GET
def board(request: HttpRequest) -> HttpResponse:
    """Titles only, no names: what hangs now and what was announced, by village and programme."""
    running, announced = shown(clock.today())
    either = Posting.objects.filter(Q(pk__in=running.values("pk")) | Q(pk__in=announced.values("pk")))
    villages = _villages(either)
    programmes = Programme.objects.filter(pk__in=either.values("programme")).order_by("-year", "name")
    village, programme = request.GET.get("village", ""), request.GET.get("programme", "")
    if village:
        of_village = PostingEntry.objects.filter(posting=OuterRef("pk"), application__village__code=village)
        running, announced = running.filter(Exists(of_village)), announced.filter(Exists(of_village))
    if programme:
        chosen = int(programme) if programme.isascii() and programme.isdigit() and len(programme) < 19 else 0
        running, announced = running.filter(programme=chosen), announced.filter(programme=chosen)
    page = Paginator(announced.select_related("region", "programme"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "running": running.select_related("region", "programme"),
        "page_obj": page,
        "villages": villages,
        "programmes": programmes,
        "village": village,
        "programme": programme,
    }
    response = render(request, "public/board.html", context)
    patch_cache_control(response, private=True, max_age=60)
    return response


def _villages(postings: QuerySet[Posting]) -> QuerySet[Region]:
    """The villages that have a row on one of the sheets."""
    rows = PostingEntry.objects.filter(posting__in=postings.values("pk"), application__village=OuterRef("pk"))
    return Region.objects.filter(Exists(rows), level=RegionLevel.VILLAGE).order_by("code")


@require_GET
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """One sheet with its allow-listed rows. A named list answers 410 once its period is over; a draft is not there."""
    posting = get_object_or_404(
        Posting.objects.exclude(state=PostingState.DRAFT).select_related(
            "region", "programme", "supplements"
        ),
        pk=pk,
    )
    now = clock.now()
    today = timezone.localdate(now)
    if not paper_of.names_are_public(posting, today=today):
        return _gone(request, posting)
    entries = posting.entries.order_by("position")
    context = {
        "posting": posting,
        "paper": paper_of.of(posting, paper_of.public_lines(posting, entries)),
        "items": [],
        "catalogue": [],
    }
    if posting.is_announcement:
        written = AnnouncementSheet.objects.get(posting=posting)
        context |= {"items": _items(written), "catalogue": _catalogue(posting, written)}
    response = render(request, "public/sheet.html", context)
    patch_cache_control(response, private=True, max_age=min(LONGEST_CACHE, _seconds_left(posting, now)))
    patch_vary_headers(response, ["Cookie"])
    return response


def _seconds_left(posting: Posting, now: datetime) -> int:
    """The seconds until the named list comes down; an announcement stays."""
    if posting.closes_on is None:
        return LONGEST_CACHE
    midnight = timezone.make_aware(datetime.combine(posting.closes_on + timedelta(days=1), time.min))
    return max(0, int((midnight - now).total_seconds()))


def _gone(request: HttpRequest, posting: Posting, *, row_gone: bool = False) -> HttpResponse:
    """The plain sentence instead of a list that is no longer public."""
    hangs = paper_of.names_are_public(posting, today=clock.today())
    context = {"taken_down": posting.state == PostingState.TAKEN_DOWN, "row_gone": row_gone and hangs}
    response = render(request, "public/gone.html", context, status=410)
    patch_cache_control(response, no_store=True)
    return response


def _items(written: AnnouncementSheet) -> list[tuple[str, str]]:
    items = [(label, getattr(written, name)) for name, label in LABELS.items() if getattr(written, name)]
    return [*items, ("公告时间", paper_of.chinese_date(written.announced_on) if written.announced_on else "")]


def _catalogue(posting: Posting, written: AnnouncementSheet) -> list[tuple[str, str]]:
    """The fields of the 政府信息公开 catalogue."""
    return [
        ("索引号", written.index_number),
        ("组配分类", written.category),
        ("发布机构", written.publisher),
        ("主题分类", written.topic),
        ("名称", posting.title),
        ("文号", written.document_number or "无"),
        ("生成日期", f"{written.generated_on or ''}"),
        ("发布日期", f"{written.published_on or ''}"),
    ]


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
            return _gone(request, entry.posting, row_gone=entry.outcome == EntryOutcome.REMOVED)
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


@require_GET
def elder_mode(request: HttpRequest) -> HttpResponse:
    """Turn 长辈版 on or off for a year, and go back to where the person was on this site."""
    on = request.GET.get("elder") == "1"
    target = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        target = reverse("public-board")
    response = HttpResponseRedirect(_without_elder(target))
    # site.js switches the same cookie, so it is not HttpOnly; it says nothing about anybody.
    response.set_cookie("elder", "1" if on else "0", max_age=YEAR, samesite="Lax", secure=request.is_secure())
    patch_cache_control(response, no_store=True)
    return response


def _without_elder(target: str) -> str:
    """An address without its own `elder`, which would win over the cookie."""
    parts = urlsplit(target)
    kept = [
        (name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "elder"
    ]
    return urlunsplit(parts._replace(query=urlencode(kept)))
