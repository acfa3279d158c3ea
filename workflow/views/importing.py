"""Pages of lists from Excel (导入): choose and download, upload, look at the result row by row, confirm, watch it go."""

import logging
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import content_disposition_header

from applications.models import Programme
from notifications import outbox
from registry import clock
from registry.models import Region, Role
from registry.refusal import Refused
from registry.scope import within
from workflow import claim_rows, household_sheet, imports, spreadsheets, tasks, worklists
from workflow.forms.imports import ConfirmForm, UploadForm, WhatForm
from workflow.models import ImportJob, ImportRow, ImportState, RowState
from workflow.views.base import StaffView
from workflow.views.picking import programmes_open
from workflow.workbooks import FAULT

log = logging.getLogger("imports")

SHOWN_ROWS = 100
RECENT = 10


class ImportView(StaffView):
    """For those who enter applications of a village, and those who keep its register."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and self.actor.holdings and not self.able:
            raise PermissionDenied(
                "Excel导入由村级经办人（申请）和系统管理员（户和成员）办理，您没有这项任职。"
            )
        found: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return found

    @property
    def able(self) -> bool:
        return bool({Role.VILLAGE_CLERK, Role.ADMINISTRATOR} & set(self.actor.roles))

    @cached_property
    def asked(self) -> WhatForm:
        villages = worklists.villages(self.actor, Role.VILLAGE_CLERK, Role.ADMINISTRATOR)
        enters = Role.VILLAGE_CLERK in self.actor.roles
        given = self.request.GET
        return WhatForm(
            given if {"what", "village"} <= set(given) else None,
            initial={"what": given.get("what")},
            villages=villages,
            programmes=self._programmes() if enters else [],
            registers=Role.ADMINISTRATOR in self.actor.roles,
        )

    def _programmes(self) -> list[Programme]:
        """The programmes open today in one of the villages where the person enters."""
        codes = worklists.villages(self.actor, Role.VILLAGE_CLERK).values_list("code", flat=True)
        found = {row.pk: row for code in codes for row in programmes_open(code, today=self.actor.on)}
        return list(found.values())

    def chosen(self) -> tuple[Region, Programme | None]:
        """The village and programme asked for; a village where the person does not enter such a list is not found."""
        if not self.asked.is_valid():
            raise Http404
        village, programme = self.asked.cleaned_data["village"], self.asked.programme
        role = Role.VILLAGE_CLERK if programme else Role.ADMINISTRATOR
        if not self.actor.holds(role, village.code):
            raise Http404
        if programme is not None and not programme.region.contains(village):
            raise Http404
        return village, programme


class ImportList(ImportView):
    """Choose what to import, download its template, upload it; and the lists uploaded lately."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if not self.asked.is_bound:
            return self._page(None)
        self.chosen()
        return self._page(UploadForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        village, programme = self.chosen()
        form = UploadForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._page(form, status=422)
        try:
            job = imports.take_in(
                form.cleaned_data["workbook"],
                village=village,
                programme=programme,
                by=request.user,  # type: ignore[arg-type]
                now=clock.now(),
            )
        except Refused as refused:
            form.add_error("workbook", refused.sentence)
            return self._page(form, status=422)
        return HttpResponseRedirect(reverse("import-detail", args=[job.pk]))

    def _page(self, form: UploadForm | None, status: int = 200) -> HttpResponse:
        mine = ImportJob.objects.filter(by=self.actor.user_id).select_related("village", "programme")
        rows = mine.exclude(state=ImportState.DROPPED).annotate(
            written=Count("rows", filter=Q(rows__state=RowState.MADE)),
            faulty=Count("rows", filter=Q(rows__state=RowState.FAULTY)),
        )
        context = {"asked": self.asked, "form": form, "jobs": rows.order_by("-pk")[:RECENT]}
        return render(self.request, "desk/import_list.html", context, status=status)


class ImportTemplate(ImportView):
    """The workbook to fill in, with the village's households."""

    def get(self, request: HttpRequest) -> HttpResponse:
        village, programme = self.chosen()
        if programme is not None:
            return _workbook(claim_rows.template(programme, village), f"{programme}-{village}")
        body = claim_rows.workbook(
            household_sheet.COLUMNS, household_sheet.marks(village), household_sheet.template_rows(village)
        )
        return _workbook(body, f"户和成员-{village}")


class OfJob(ImportView):
    """Pages of one list: only its uploader sees it, since it holds what stood in their file."""

    @cached_property
    def job(self) -> ImportJob:
        rows = ImportJob.objects.filter(by=self.actor.user_id).select_related("village", "programme", "by")
        here = rows.filter(within(self.actor.prefixes(Role.VILLAGE_CLERK, Role.ADMINISTRATOR)))
        return get_object_or_404(here, pk=self.kwargs["pk"])


class ImportDetail(OfJob):
    """The rows with their faults before anything is written, the progress while it is, and what became of them."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        if "progress" in request.GET:
            if self.job.state != ImportState.RUNNING:
                # The whole page says what became of it.
                return HttpResponse(headers={"HX-Refresh": "true"})
            return render(request, "desk/_import_progress.html", {"job": self.job, "count": self._count()})
        return self._page()

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        by, now, job = self.job.by, clock.now(), self.job
        if request.POST.get("step") == "drop":
            try:
                imports.drop(job, by=by, now=now)
            except Refused as refused:
                messages.error(request, refused.sentence)
                return HttpResponseRedirect(reverse("import-detail", args=[pk]))
            messages.info(request, "这份表没有录入，已经放弃。改好后可以重新上传。")
            return HttpResponseRedirect(reverse("import-list"))
        form = ConfirmForm(request.POST)
        if not form.is_valid():
            return self._page(form, status=422)
        try:
            imports.start(job, by=by, now=now, whole=form.cleaned_data["mode"] == "whole")
        except imports.ImportOver:
            # A second click: the page shows how far it is.
            return HttpResponseRedirect(reverse("import-detail", args=[pk]))
        except Refused as refused:
            form.add_error("mode", refused.sentence)
            return self._page(form, status=422)
        outbox.wake(tasks.work_off_imports, job.pk, at=now)
        return HttpResponseRedirect(reverse("import-detail", args=[pk]))

    def _count(self) -> dict[str, int]:
        rows = ImportRow.objects.filter(job=self.job).order_by().values_list("state").annotate(Count("pk"))
        count = {state.value: 0 for state in RowState} | dict(rows)
        # What is settled of what was to be written: a row that turned out faulty is settled too.
        return {**count, "all": sum(count.values()), "settled": sum(count.values()) - count[RowState.GOOD]}

    def _page(self, form: ConfirmForm | None = None, status: int = 200) -> HttpResponse:
        job, count = self.job, self._count()
        lines = {
            state.value: [
                {"row": row, "cells": self._cells(row)}
                for row in job.rows.filter(state=state).select_related("application")[:SHOWN_ROWS]
            ]
            for state in RowState
        }
        same = ImportJob.objects.filter(sha256=job.sha256, state=ImportState.DONE).exclude(pk=job.pk)
        same = same.filter(village=job.village).order_by("pk")
        usual = "good" if count[RowState.FAULTY] else "whole"
        context = {
            "job": job,
            "count": count,
            "lines": lines,
            "most": SHOWN_ROWS,
            "before": same.select_related("by").last() if job.state == ImportState.SHOWN else None,
            "form": form or ConfirmForm(initial={"mode": usual}),
        }
        return render(self.request, "desk/import_detail.html", context, status=status)

    def _cells(self, row: ImportRow) -> list[str]:
        """Who the line is about, for the eye: the household's number and the names, never numbers of people."""
        if not row.given:
            return []
        given = imports.line_of(row).given
        names = (claim_rows.NUMBER, claim_rows.HEAD, claim_rows.PERSON, household_sheet.NAME)
        return [given[name] for name in names if given.get(name)]


class ImportFaults(OfJob):
    """The faulty rows as a workbook of the template's shape, each with its fault: to correct and send in again.

    It holds full numbers, but only what this very person typed and sent in, and nothing of the register: no disclosure
    in the sense of the record of personal data. That it left is one line of the log.
    """

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = self.job
        wanted = claim_rows.columns(job.programme) if job.programme else household_sheet.COLUMNS
        said = (
            claim_rows.marks(job.programme, job.village)
            if job.programme
            else household_sheet.marks(job.village)
        )
        rows = [row for row in job.rows.filter(state=RowState.FAULTY) if row.given]
        body = claim_rows.workbook(
            wanted,
            said,
            [[*(imports.line_of(row).given[column.name] for column in wanted), row.sentence] for row in rows],
            more=[FAULT],
        )
        log.info("faulty rows of import %s given back to their uploader %s", job.pk, job.by_id)
        return _workbook(body, f"有问题的行-{job.village}")


def _workbook(body: bytes, name: str) -> HttpResponse:
    headers = {"Cache-Control": "private, no-store"}
    response = HttpResponse(body, content_type=spreadsheets.CONTENT_TYPE, headers=headers)
    response["Content-Disposition"] = _attachment(f"{name}.xlsx")
    return response


def _attachment(name: str) -> str:
    return content_disposition_header(True, name) or "attachment"


import_list = ImportList.as_view()
import_template = ImportTemplate.as_view()
import_detail = ImportDetail.as_view()
import_faults = ImportFaults.as_view()
