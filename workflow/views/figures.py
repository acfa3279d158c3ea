"""The year's figures: the summary paragraph with the rows behind each figure, and the statistics page."""

import json
from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from applications.models import ProgrammeKind
from registry import clock
from registry.models import Region
from workflow import spreadsheets, statistics, summaries
from workflow.views.base import StaffView

RECORDS = (ProgrammeKind.TRAINING, ProgrammeKind.FINANCE)


class FiguresView(StaffView):
    """What the pages of figures share: a region the person may see, a year, a day."""

    def regions(self) -> list[Region]:
        """Counties, townships and villages within the person's appointments."""
        levels = ["county", "township", "village"]
        return list(
            Region.objects.within(self.actor.may_read_prefixes).filter(level__in=levels).order_by("code")
        )

    def asked(self, request: HttpRequest) -> dict[str, Any]:
        regions = self.regions()
        today = clock.today()
        code = request.GET.get("region") or (regions[0].code if regions else "")
        region = next((one for one in regions if one.code == code), None)
        if region is None:
            raise Http404
        try:
            year = int(request.GET.get("year", today.year))
            as_of = date.fromisoformat(request.GET.get("as_of", "")) if request.GET.get("as_of") else today
        except ValueError:
            raise Http404 from None
        if not 2000 <= year <= 2100:
            raise Http404
        years = range(today.year, 2019, -1)
        return {"regions": regions, "region": region, "year": year, "as_of": as_of, "years": years}


class SummaryView(FiguresView):
    """The paragraph as the township writes it, each figure a link to its rows."""

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = self.asked(request)
        region, year, as_of = asked["region"], asked["year"], asked["as_of"]
        context = {
            **asked,
            "paragraph": summaries.paragraph(region, year=year, as_of=as_of),
            "household_sentence": summaries.household_sentence(region, as_of=as_of),
            "lines": [
                {"line": line, "label": kind.label, "record": kind in RECORDS}
                for kind, line in summaries.lines(region, year=year, as_of=as_of).items()
            ],
            "table": summaries.household_table(region, as_of=as_of),
        }
        return render(request, "desk/summary.html", context)


class SummaryRowsView(FiguresView):
    """The rows behind one figure of the paragraph."""

    def get(self, request: HttpRequest, kind: str) -> HttpResponse:
        asked = self.asked(request)
        if kind not in ProgrammeKind.values:
            raise Http404
        scope = {"year": asked["year"], "as_of": asked["as_of"]}
        rows: Any
        if kind in RECORDS:
            rows = summaries.records(asked["region"], **scope).select_related(
                "household", "member", "village", "programme"
            )
        else:
            rows = summaries.announced(asked["region"], **scope).select_related(
                "household", "member", "payee", "village", "programme"
            )
        rows = rows.filter(programme__kind=kind).order_by("village__code", "pk")
        page = Paginator(rows, 50).get_page(request.GET.get("page"))
        label = ProgrammeKind(kind).label
        context = {**asked, "kind": kind, "label": label, "page_obj": page, "record": kind in RECORDS}
        return render(request, "desk/summary_rows.html", context)


class StatisticsView(FiguresView):
    """Tables and plots; ?export=1 gives the same as a workbook."""

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = self.asked(request)
        region, year, as_of = asked["region"], asked["year"], asked["as_of"]
        programmes = statistics.by_programme(region, year=year, as_of=as_of)
        villages = statistics.by_village(region, year=year, as_of=as_of)
        steps = statistics.days_per_step(region, year=year)
        shares = statistics.shares(region, year=year)
        if request.GET.get("export"):
            return self.export(asked, programmes, villages, steps, shares)
        charts = [
            ("按项目金额（元）", "bar", [(group.name, float(group.amount)) for group in programmes]),
            ("按村金额（元）", "bar", [(group.name, float(group.amount)) for group in villages]),
            ("各环节平均天数", "bar", [(step.label, step.mean) for step in steps]),
            ("占已提交申请的比例（%）", "bar", [(share.label, share.percent) for share in shares]),
        ]
        context = {
            **asked,
            "programmes": programmes,
            "villages": villages,
            "steps": steps,
            "shares": shares,
            "charts": [
                {"title": title, "data": json.dumps({"kind": kind, "rows": rows}, ensure_ascii=False)}
                for title, kind, rows in charts
            ],
        }
        return render(request, "desk/statistics.html", context)

    def export(
        self,
        asked: dict[str, Any],
        programmes: list[statistics.Group],
        villages: list[statistics.Group],
        steps: list[statistics.StepTime],
        shares: list[statistics.Share],
    ) -> HttpResponse:
        head = ["件数", "户数", "人数", "金额（元）"]
        body = spreadsheets.write(
            [
                spreadsheets.Sheet(
                    title,
                    [first, *head],
                    [[g.name, g.cases, g.households, g.persons, g.amount] for g in groups],
                )
                for title, first, groups in (("按项目", "项目", programmes), ("按村", "村", villages))
            ]
            + [
                spreadsheets.Sheet(
                    "各环节天数",
                    ["环节", "次数", "平均", "中位", "最长"],
                    [[step.label, step.stays, step.mean, step.middle, step.longest] for step in steps],
                ),
                spreadsheets.Sheet(
                    "办理结果",
                    ["结果", "件数", "已提交", "比例（%）"],
                    [[share.label, share.cases, share.of, share.percent] for share in shares],
                ),
            ]
        )
        response = HttpResponse(body, content_type=spreadsheets.CONTENT_TYPE)
        name = f"statistics-{asked['region'].code}-{asked['year']}.xlsx"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


summary = SummaryView.as_view()
summary_rows = SummaryRowsView.as_view()
statistics_page = StatisticsView.as_view()
