"""The year's figures: the summary paragraph with the rows behind each figure, and the statistics page."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Model, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import floatformat
from django.urls import reverse
from django.utils.http import urlencode

from applications.models import ProgrammeKind
from registry.models import Category, Household, Member, Region
from workflow import spreadsheets, statistics, summaries
from workflow.forms.figures import FigureForm
from workflow.summaries import LIFTED, LIFTED_OUT, Of
from workflow.views.base import StaffView

PER_PAGE = 50
RECORDS = (ProgrammeKind.TRAINING, ProgrammeKind.FINANCE)
HOUSEHOLD_KINDS = {LIFTED: "已脱贫户", **{category.value: category.label for category in Category}}
UNITS = {Of.CASES: "条", Of.HOUSEHOLDS: "户", Of.PERSONS: "人"}


@dataclass(frozen=True)
class Asked:
    """Which figures: of a region the person may see, a year, at the end of a day."""

    region: Region
    year: int
    as_of: date

    @property
    def query(self) -> str:
        return urlencode({"region": self.region.code, "year": f"{self.year}", "as_of": f"{self.as_of}"})


class FiguresView(StaffView):
    """What the pages of figures share. A region of somebody else's is no region (404), a bad year is told (400)."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        today = self.actor.on
        form = FigureForm(request.GET, regions=self.regions(), today=today)
        region = form.region_asked
        if region is None:
            raise Http404
        if not form.is_valid():
            return render(request, "desk/figures_asked.html", {"form": form}, status=400)
        data = form.cleaned_data
        asked = Asked(region, data["year"] or today.year, data["as_of"] or today)
        # What was not asked for is shown as what was taken for it.
        shown = {"region": region.code, "year": f"{asked.year}", "as_of": asked.as_of.isoformat()}
        self.form = FigureForm(shown, regions=form.regions, today=today)
        return self.answer(request, asked, **kwargs)

    def answer(self, request: HttpRequest, asked: Asked, **kwargs: Any) -> HttpResponse:
        raise NotImplementedError

    def regions(self) -> list[Region]:
        """Counties, townships and villages within the person's appointments."""
        levels = ["county", "township", "village"]
        return list(
            Region.objects.within(self.actor.may_read_prefixes).filter(level__in=levels).order_by("code")
        )


def linked(parts: Iterable[summaries.Part], asked: Asked) -> list[dict[str, str]]:
    """The pieces of a sentence with the addresses of the rows behind its figures."""
    return [{"text": part.text, "url": _address(part.kind, part.of, asked)} for part in parts]


def _address(kind: str, of: str, asked: Asked) -> str:
    return f"{reverse('summary-rows', args=[kind])}?{asked.query}&of={of}" if kind else ""


class SummaryView(FiguresView):
    """The paragraph as the township writes it, each figure a link to its rows."""

    def answer(self, request: HttpRequest, asked: Asked, **kwargs: Any) -> HttpResponse:
        region, year, as_of = asked.region, asked.year, asked.as_of
        found = summaries.lines(region, year=year, as_of=as_of)
        table = summaries.household_table(region, as_of=as_of)
        total = [summaries.lifted_out(table)] if table else []
        context = {
            "asked": asked,
            "form": self.form,
            "paragraph": linked(summaries.parts(region, found, year=year, as_of=as_of), asked),
            "household_sentence": linked(summaries.household_parts(region, table), asked),
            "lines": [
                {
                    "line": line,
                    "label": kind.label,
                    "record": kind in RECORDS,
                    "urls": {of.value: _address(kind, of, asked) for of in Of},
                }
                for kind, line in found.items()
            ],
            "table": [
                {
                    "line": line,
                    "label": HOUSEHOLD_KINDS[line.category],
                    "urls": {of.value: _address(line.category, of, asked) for of in Of},
                    "part": line.category in LIFTED_OUT,
                }
                for line in [*total, *table]
            ],
        }
        return render(request, "desk/summary.html", context)


class SummaryRowsView(FiguresView):
    """The rows behind one figure: as many as the figure says, of the same region, year and day."""

    def answer(self, request: HttpRequest, asked: Asked, **kwargs: Any) -> HttpResponse:
        kind = kwargs["kind"]
        of_programmes = kind in ProgrammeKind
        of = request.GET.get("of", Of.CASES if of_programmes else Of.HOUSEHOLDS)
        try:
            rows = (_of_programmes if of_programmes else _of_categories)(asked, kind, Of(of))
        except ValueError:
            raise Http404 from None
        context = {
            "asked": asked,
            "label": ProgrammeKind(kind).label if of_programmes else HOUSEHOLD_KINDS[kind],
            "year": asked.year if of_programmes else None,
            "of": of,
            "unit": UNITS[Of(of)],
            "record": kind in RECORDS,
            "page_obj": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
            "total": rows.aggregate(total=Sum("amount"))["total"] if of == Of.CASES else None,
        }
        return render(request, "desk/summary_rows.html", context)


def _of_programmes(asked: Asked, kind: str, of: Of) -> QuerySet[Any]:
    """Cases or records of one kind of help; the households, or the persons, among them."""
    scope: Any = {"year": asked.year, "as_of": asked.as_of}
    rows: Any = (
        summaries.records(asked.region, **scope).select_related("member")
        if kind in RECORDS
        else summaries.announced(asked.region, **scope).select_related("member", "payee")
    )
    rows = rows.filter(programme__kind=kind)
    if of is Of.CASES:
        return rows.select_related("household", "village", "programme").order_by("village__code", "pk")
    column = "household" if of is Of.HOUSEHOLDS else "member"
    return _people(of, {"pk__in": rows.order_by().values(column)})


def _of_categories(asked: Asked, kind: str, of: Of) -> QuerySet[Any]:
    """Households of one category, or of all that are lifted out; the living persons among them."""
    categories = LIFTED_OUT if kind == LIFTED else [Category(kind)]
    if of is Of.PERSONS:
        found: QuerySet[Any] = summaries.persons(asked.region, categories=categories, as_of=asked.as_of)
    elif of is Of.HOUSEHOLDS:
        found = summaries.households(asked.region, categories=categories)
    else:
        raise ValueError(f"Households of a category are not counted by {of}.")
    return _people(of, {"pk__in": found.order_by().values("pk")})


def _people(of: Of, which: dict[str, Any]) -> QuerySet[Any]:
    """Households or members, in the order of the villages, with what the page shows of them."""
    rows: QuerySet[Any, Model]
    if of is Of.HOUSEHOLDS:
        rows = Household.objects.filter(**which).select_related("village").prefetch_related("members")
        return rows.order_by("village__code", "number")
    rows = Member.objects.filter(**which).select_related("household__village")
    return rows.order_by("household__village__code", "household__number", "pk")


@dataclass(frozen=True)
class Table:
    """One table of the statistics page, as shown, plotted and exported: a name and figures in each row."""

    title: str
    columns: list[str]
    rows: list[list[spreadsheets.Value]]
    plotted: int
    empty: str

    @property
    def shown(self) -> list[list[str]]:
        """Each cell as text."""
        return [[_shown(value) for value in row] for row in self.rows]

    @property
    def plot(self) -> str:
        """What the plot draws: one bar per row."""
        rows = [(row[0], float(row[self.plotted])) for row in self.rows]  # type: ignore[arg-type]
        return json.dumps({"kind": "bar", "rows": rows}, ensure_ascii=False)

    @property
    def plot_title(self) -> str:
        return f"{self.title}：{self.columns[self.plotted]}"


def _shown(value: spreadsheets.Value) -> str:
    return floatformat(value, "2g") if isinstance(value, Decimal) else f"{value}"


def tables(asked: Asked) -> list[Table]:
    """The tables of the statistics page."""
    region = asked.region
    scope: Any = {"year": asked.year, "as_of": asked.as_of}
    counted = ["件数", "户数", "人数", "金额（元）"]
    none = "还没有已公告的申请。"
    return [
        *(
            Table(
                f"按{first}",
                [first, *counted],
                [[one.name, one.cases, one.households, one.persons, one.amount] for one in groups],
                4,
                none,
            )
            for first, groups in (
                ("项目", statistics.by_programme(region, **scope)),
                ("村", statistics.by_village(region, **scope)),
            )
        ),
        Table(
            "各环节天数",
            ["环节", "次数", "平均天数", "中位天数", "最长天数"],
            [
                [one.label, one.stays, one.mean, one.middle, one.longest]
                for one in statistics.days_per_step(region, **scope)
            ],
            2,
            "还没有办完的环节。",
        ),
        Table(
            "办理结果",
            ["结果", "件数", "已提交件数", "占已提交（%）"],
            [[one.label, one.cases, one.of, one.percent] for one in statistics.shares(region, **scope)],
            3,
            "",
        ),
    ]


class StatisticsView(FiguresView):
    """Tables and plots; ?export=1 gives the same as a workbook."""

    def answer(self, request: HttpRequest, asked: Asked, **kwargs: Any) -> HttpResponse:
        found = tables(asked)
        if request.GET.get("export"):
            return _workbook(asked, found)
        return render(request, "desk/statistics.html", {"asked": asked, "form": self.form, "tables": found})


def _workbook(asked: Asked, found: list[Table]) -> HttpResponse:
    """The tables that the page shows, one sheet each."""
    body = spreadsheets.write([spreadsheets.Sheet(table.title, table.columns, table.rows) for table in found])
    response = HttpResponse(body, content_type=spreadsheets.CONTENT_TYPE)
    name = f"statistics-{asked.region.code}-{asked.year}-{asked.as_of:%Y%m%d}.xlsx"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


summary = SummaryView.as_view()
summary_rows = SummaryRowsView.as_view()
statistics_page = StatisticsView.as_view()
