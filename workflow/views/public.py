"""The public board (公开栏), without login: sheets on display, announcements, the year in figures."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property, wraps
from typing import Any

from django.core.cache import cache
from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import conditional_page, require_safe

from applications.models import Programme
from registry import clock, look
from registry.models import Region, RegionLevel
from workflow import statistics
from workflow.announcements import LABELS
from workflow.models import (
    AnnouncementSheet,
    Posting,
    PostingEntry,
    PostingKind,
    PostingState,
)
from workflow.statistics import Group
from workflow.views import seals
from workflow.views import sheet as paper_of

PER_PAGE, PER_PAGE_ELDER = 20, 6
NEWEST, NEWEST_ELDER = 5, 3
SHOWN = ("title", "batch_label", "number", "displayed_on", "closes_on", "region__name")
"""What a list shows of a sheet; its texts and its ledger stay in the database."""
FIGURES_KEPT = 300
"""Seconds: no state change waits for it, but a village that was renamed does."""
NO_ROBOTS = "noindex, nofollow, noarchive"

View = Callable[..., HttpResponse]


def revalidated(view: View) -> View:
    """Kept by the browser only to be asked about again: 304 while nothing has changed, and a correction or the end
    of a period shows on the very next request. The fingerprint is that of the page itself, so nothing can be forgotten."""

    @wraps(view)
    def asked_again(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        response = view(request, **kwargs)
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_cache=True)
        patch_vary_headers(response, ["Cookie"])
        return response

    return conditional_page(asked_again)


@dataclass(frozen=True)
class Search:
    """What a visitor looks for; a value that is no number finds nothing."""

    village: str = ""
    programme: str = ""
    year: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> "Search":
        return cls(*(request.GET.get(name, "") for name in ("village", "programme", "year")))

    def __bool__(self) -> bool:
        return bool(self.village or self.programme or self.year)

    @cached_property
    def _of_village(self) -> list[int]:
        """The sheets that name a case of the village, asked from the village's own side.

        As a subquery PostgreSQL walks every row of every sheet that hangs: 28 ms among 100,000 rows, against 9.
        """
        entries = PostingEntry.objects.filter(application__village__code=self.village).order_by()
        return list(entries.values_list("posting", flat=True).distinct())

    def narrow(self, rows: QuerySet[Posting]) -> QuerySet[Posting]:
        """The sheets with a row of the village, of the programme, of the programme's year."""
        if self.village:
            rows = rows.filter(pk__in=self._of_village)
        if self.programme:
            rows = rows.filter(programme=_number(self.programme))
        if self.year:
            rows = rows.filter(programme__year=_number(self.year))
        return rows


def _number(typed: str) -> int:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0


def running(today: date) -> QuerySet[Posting]:
    """The sheets whose period runs, those that end first before the others."""
    return Posting.objects.on_display().filter(closes_on__gte=today).order_by("closes_on", "pk")


def announced() -> QuerySet[Posting]:
    """The announcements, which stay; the newest first."""
    return Posting.objects.filter(
        kind=PostingKind.ANNOUNCEMENT, state__in=[PostingState.PUBLISHED, PostingState.CORRECTED]
    ).order_by("-displayed_on", "-pk")


def _page(request: HttpRequest, rows: QuerySet[Posting]) -> Page[Posting]:
    per_page = PER_PAGE_ELDER if is_elder(request) else PER_PAGE
    return Paginator(rows.select_related("region").only(*SHOWN), per_page).get_page(request.GET.get("page"))


def is_elder(request: HttpRequest) -> bool:
    return look.of(request.GET, request.COOKIES).elder


def _choices(search: Search) -> dict[str, Any]:
    """What the search form offers. Every village and programme: which of them have rows would cost a walk over all."""
    programmes = list(Programme.objects.order_by("-year", "name", "-pk"))
    return {
        "search": search,
        "villages": Region.objects.filter(level=RegionLevel.VILLAGE),
        "programmes": programmes,
        "years": sorted({programme.year for programme in programmes}, reverse=True),
    }


@require_safe
@revalidated
def board(request: HttpRequest) -> HttpResponse:
    """Titles only, no names: what hangs now, and the newest announcements."""
    search = Search.of(request)
    newest = search.narrow(announced()).select_related("region").only(*SHOWN)
    context = {
        **_choices(search),
        "page_obj": _page(request, search.narrow(running(clock.today()))),
        "newest": newest[: NEWEST_ELDER if is_elder(request) else NEWEST],
    }
    return render(request, "public/board.html", context)


@require_safe
@revalidated
def announcement_list(request: HttpRequest) -> HttpResponse:
    """Every announcement there ever was, page by page."""
    search = Search.of(request)
    context = {**_choices(search), "page_obj": _page(request, search.narrow(announced()))}
    return render(request, "public/announcements.html", context)


@require_safe
@revalidated
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """One sheet with its allow-listed rows. A named list answers 410 once its period is over; a draft is not there."""
    shown = Posting.objects.exclude(state=PostingState.DRAFT)
    posting = shown.select_related("region", "programme", "supplements").filter(pk=pk).first()
    if posting is None:
        return not_there(request)
    if not paper_of.names_are_public(posting, today=clock.today()):
        return gone(request, posting)
    entries = list(posting.entries.order_by("position"))
    context = {
        "posting": posting,
        "paper": paper_of.of(posting, paper_of.public_lines(posting, entries)),
        "seal": seals.compare(posting, entries, asked=request.GET.get("sum", "")),
        "items": [],
        "catalogue": [],
    }
    if posting.is_announcement:
        written = AnnouncementSheet.objects.get(posting=posting)
        context |= {"items": _items(written), "catalogue": _catalogue(posting, written)}
    response = render(request, "public/sheet.html", context)
    response["X-Robots-Tag"] = NO_ROBOTS
    return response


def not_there(request: HttpRequest) -> HttpResponse:
    """The plain sentence for whoever scans a paper that hangs and is not registered yet; the same for no sheet at all."""
    response = render(request, "public/not_there.html", status=404)
    patch_cache_control(response, no_store=True)
    response["X-Robots-Tag"] = NO_ROBOTS
    return response


def gone(request: HttpRequest, posting: Posting, *, row_gone: bool = False) -> HttpResponse:
    """The plain sentence instead of a list that is no longer public."""
    hangs = paper_of.names_are_public(posting, today=clock.today())
    context = {"taken_down": posting.state == PostingState.TAKEN_DOWN, "row_gone": row_gone and hangs}
    response = render(request, "public/gone.html", context, status=410)
    patch_cache_control(response, no_store=True)
    response["X-Robots-Tag"] = NO_ROBOTS
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


@require_safe
@revalidated
def year_in_figures(request: HttpRequest) -> HttpResponse:
    """Counts and money of a year's announced cases by programme and by village: no names, no categories."""
    years = sorted(
        set(announced().order_by().values_list("programme__year", flat=True).distinct()), reverse=True
    )
    places = list(Region.objects.filter(level__in=[RegionLevel.COUNTY, RegionLevel.TOWNSHIP]))
    asked = _number(request.GET.get("year", ""))
    year = asked if asked in years else (years[0] if years else clock.today().year)
    place = next(
        (one for one in places if one.code == request.GET.get("place")), places[0] if places else None
    )
    context: dict[str, Any] = {"years": years, "year": year, "places": places, "place": place, "tables": []}
    if place is not None:
        programmes, villages = _figures(place, year=year, today=clock.today())
        context |= {
            "tables": [("按项目", "项目", programmes), ("按村（社区）", "村（社区）", villages)],
            "cases": sum(group.cases for group in programmes),
            "amount": sum(group.amount for group in programmes),
        }
    return render(request, "public/statistics.html", context)


def _figures(place: Region, *, year: int, today: date) -> tuple[list[Group], list[Group]]:
    """The groups by programme and by village, counted once for each state of the announcements.

    Publishing and revoking both raise a sheet's revision, so that the sum of them names what was counted.
    """
    state = announced().aggregate(sheets=Count("pk"), changes=Sum("revision"))
    key = f"figures:{place.code}:{year}:{today}:{state['sheets']}:{state['changes']}"

    def counted() -> tuple[list[Group], list[Group]]:
        return (
            statistics.by_programme(place, year=year, as_of=today),
            statistics.by_village(place, year=year, as_of=today),
        )

    return cache.get_or_set(key, counted, FIGURES_KEPT) or ([], [])
