"""Pages that draft a sheet (拟稿): what waits for one, the picker with its preview, and throwing a draft away."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Value
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import urlencode

from applications.models import Application, Programme
from applications.states import State
from registry import clock
from registry.appointments import Actor
from registry.models import Region
from registry.scope import within
from workflow import drafts, permissions, sheets, supplements, worklists
from workflow.forms.postings import SheetForm
from workflow.models import (
    OPEN_OBJECTION,
    Objection,
    Posting,
    PostingEntry,
    PostingKind,
    PostingState,
)
from workflow.steps import LEVEL_ROLE
from workflow.views import sheet
from workflow.views.base import VerbView

SHEET_KINDS = (PostingKind.VILLAGE, PostingKind.TOWNSHIP, PostingKind.DISTRICT)


@dataclass(frozen=True)
class Group:
    """Cases of one programme that wait for a sheet of one region."""

    kind: PostingKind
    region: Region
    programme: str
    programme_id: int
    count: int
    held: int
    due_on: date | None

    @property
    def url(self) -> str:
        return address(self.kind, self.region.pk, self.programme_id)


def address(kind: PostingKind, region: int, programme: int, *, supplements: int | None = None) -> str:
    """Where a sheet of this kind, region and programme is drafted, maybe as a supplement to an earlier one."""
    query: dict[str, str | int] = {"kind": kind.value, "region": region, "programme": programme}
    if supplements is not None:
        query["supplements"] = supplements
    return f"{reverse('posting-new')}?{urlencode(query)}"


def waiting_groups(actor: Actor) -> tuple[list[Group], list[Group]]:
    """What waits for a sheet at the person's levels, and what waits for an announcement. Two queries at most."""
    desks = [
        (kind, holding.region_id)
        for holding in actor.holdings
        for kind in PostingKind
        if LEVEL_ROLE[kind.level] == holding.role
    ]
    if not desks:
        return [], []
    regions = Region.objects.in_bulk([region for _, region in desks])
    parts = [_tally(_cases(kind, regions[region]), kind, region) for kind, region in desks]
    rows = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    groups = [
        Group(
            kind=PostingKind(row["on_sheet"]),
            region=regions[row["in_region"]],
            programme=f"{row['programme__year']}年{row['programme__name']}",
            programme_id=row["programme_id"],
            count=row["count"],
            held=row["held"],
            due_on=row["due_on"],
        )
        for row in rows
    ]
    groups.sort(key=lambda group: (group.due_on or date.max, group.region.code, group.programme))
    announcing = [group for group in groups if group.kind is PostingKind.ANNOUNCEMENT]
    return [group for group in groups if group not in announcing], announcing


def _cases(kind: PostingKind, region: Region) -> QuerySet[Application]:
    if kind is PostingKind.ANNOUNCEMENT:
        return Application.objects.filter(within([region.prefix]), state=State.ANNOUNCEMENT)
    return drafts.waiting(kind, region)


def _tally(cases: QuerySet[Application], kind: PostingKind, region: int) -> Any:
    """One row per programme: how many wait, how many of them an objection holds, and until when."""
    due = Q(deadlines__settled_at__isnull=True, deadlines__objection__isnull=True)
    return (
        cases.order_by()
        .annotate(on_sheet=Value(kind.value), in_region=Value(region))
        .values("on_sheet", "in_region", "programme_id", "programme__year", "programme__name")
        .annotate(
            count=Count("pk", distinct=True),
            held=Count("pk", filter=Q(objections__state__in=list(OPEN_OBJECTION)), distinct=True),
            due_on=Min("deadlines__due_on", filter=due),
        )
    )


@dataclass(frozen=True)
class Pick:
    """One case in the picker: its public row, whether it is ticked, and what speaks against picking it."""

    case: Application
    ticked: bool
    held: bool
    earlier: str = ""


@dataclass(frozen=True)
class Heap:
    """Picks that may share a sheet; `source` is the sheet that theirs supplements."""

    picks: list[Pick]
    source: Posting | None
    url: str


class PostingNew(VerbView):
    """Draft a sheet from what waits: all ticked, headings prefilled, the exact sheet beside it."""

    template_name = "desk/posting_new.html"
    form_class = SheetForm
    success_message = "公示已拟稿，请打印张贴后登记张贴时间和照片。"
    made: Posting

    @cached_property
    def kind(self) -> PostingKind:
        given = self.request.GET.get("kind", "")
        if given not in PostingKind.values:
            raise Http404
        return PostingKind(given)

    @cached_property
    def region(self) -> Region:
        found = (
            Region.objects.within(self.actor.may_read_prefixes)
            .filter(pk=_number(self.request, "region"))
            .select_related("parent__parent__parent__parent")
            .first()
        )
        if found is None:
            raise Http404
        verdict = permissions.may_prepare(self.actor, self.kind, found)
        if not verdict:
            raise PermissionDenied(verdict.reason)
        return found

    @cached_property
    def programme(self) -> Programme:
        rows = worklists.programmes(self.actor).prefetch_related("posting_plans")
        return get_object_or_404(rows, pk=_number(self.request, "programme"))

    @cached_property
    def cases(self) -> list[Application]:
        rows = _cases(self.kind, self.region).filter(programme=self.programme)
        named = rows.select_related("programme", "village", "household", "payee", "member")
        objected = Objection.objects.open().filter(application=OuterRef("pk"))
        return list(named.annotate(objected=Exists(objected)).order_by("village__code", "pk"))

    @cached_property
    def held(self) -> set[int]:
        """Cases with an open objection: they may hang on a sheet, yet cannot be announced."""
        return {case.pk for case in self.cases if vars(case)["objected"]}

    @cached_property
    def shown_before(self) -> list[PostingEntry]:
        return supplements.shown_before([case.pk for case in self.cases], self.kind)

    @cached_property
    def earlier(self) -> dict[int, PostingEntry]:
        """The entry of this level that each case was shown in before, the latest."""
        return supplements.repeated(self.shown_before)

    @cached_property
    def heaps(self) -> dict[int | None, list[Application]]:
        """What may share a sheet: the cases shown for the first time, and those of each sheet to be supplemented."""
        return supplements.heaps(self.pickable, self.kind, self.shown_before)

    @property
    def pickable(self) -> list[Application]:
        if self.kind is PostingKind.ANNOUNCEMENT:
            return [case for case in self.cases if case.pk not in self.held]
        return self.cases

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "cases": self.pickable}

    def get_initial(self) -> dict[str, Any]:
        heading = drafts.default_heading(self.kind, self.region, self.programme)
        # One heap makes one sheet: the one that was asked for, else the first.
        asked = self.heaps.get(_number(self.request, "supplements"))
        picked = asked or next(iter(self.heaps.values()), [])
        return {**vars(heading), "applications": [case.pk for case in picked]}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "preview" in request.POST:
            form = self.get_form()
            status = 200 if form.is_valid() else 422
            return self.render_to_response(self.get_context_data(form=form), status=status)
        return super().post(request, *args, **kwargs)

    def act(self, form: forms.Form) -> None:
        assert isinstance(form, SheetForm)
        self.made = drafts.prepare(
            kind=self.kind,
            region=self.region,
            programme=self.programme,
            applications=form.cleaned_data["applications"],
            heading=form.heading,
            by=self.request.user,  # type: ignore[arg-type]
            now=clock.now(),
            key=form.cleaned_data["key"],
        )

    def get_success_url(self) -> str:
        return self.made.get_absolute_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        form = context["form"]
        ticked = {str(key) for key in form["applications"].value() or []}
        chosen = [case for case in self.pickable if str(case.pk) in ticked]
        values = _typed(form)
        first = {case.pk for case in self.heaps.get(None, [])}
        again = bool(chosen) and not any(case.pk in first for case in chosen)
        rows = sheets.public_rows(chosen, supplement=again)
        is_announcement = self.kind is PostingKind.ANNOUNCEMENT
        return {
            **context,
            "kind": self.kind,
            "region": self.region,
            "programme": self.programme,
            "is_announcement": is_announcement,
            "picks": [self._pick(case, ticked) for case in self.pickable],
            "heaps": self._heaps(ticked),
            "left_behind": [case for case in self.cases if is_announcement and case.pk in self.held],
            "late_villages": []
            if is_announcement
            else drafts.late_villages(self.kind, self.region, self.programme),
            "other_drafts": list(
                Posting.objects.filter(
                    kind=self.kind, region=self.region, programme=self.programme, state=PostingState.DRAFT
                )
            ),
            "paper": sheet.preview(
                _heading(values), kind=self.kind, region=self.region, programme=self.programme, rows=rows
            ),
        }

    def _pick(self, case: Application, ticked: set[str]) -> Pick:
        entry = self.earlier.get(case.pk)
        return Pick(
            case=case,
            ticked=str(case.pk) in ticked,
            held=case.pk in self.held,
            earlier=f"{entry.posting}第{entry.position}号" if entry else "",
        )

    def _heaps(self, ticked: set[str]) -> list[Heap]:
        """The picks in the heaps that make a sheet each."""
        sources = Posting.objects.in_bulk([key for key in self.heaps if key is not None])
        return [
            Heap(
                picks=[self._pick(case, ticked) for case in cases],
                source=sources[key] if key is not None else None,
                url=address(self.kind, self.region.pk, self.programme.pk, supplements=key),
            )
            for key, cases in self.heaps.items()
        ]


def _number(request: HttpRequest, name: str) -> int:
    """A key from the address; zero, which no row has, where it is none."""
    given = request.GET.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0


def _typed(form: forms.Form) -> Mapping[str, Any]:
    """What the fields hold now, typed or initial, valid or not."""
    return {name: form[name].value() or "" for name in form.fields}


def _heading(values: Mapping[str, Any]) -> drafts.Heading:
    return drafts.Heading(**{name: values[name] for name in (*drafts.REQUIRED, "batch_label")})


posting_new = PostingNew.as_view()
