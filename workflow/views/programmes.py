"""Pages of programmes (补贴项目): the year's list, one version, and for the administrator its making and change."""

from datetime import date
from functools import cached_property
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Max
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from applications.amounts import UnitPriceRule
from applications.models import Programme, ProgrammePinned
from applications.states import Level
from registry import clock
from registry.models import Category, Region, Role
from registry.refusal import Refused
from workflow import permissions, programmes, worklists
from workflow.forms.base import new_key
from workflow.forms.programmes import RULE_KINDS, ProgrammeForm, initial
from workflow.permissions import Verdict
from workflow.programmes import BadProgramme
from workflow.views.base import StaffView, VerbView

PER_PAGE = 50


class ProgrammeList(StaffView):
    """The programmes of a year in the person's regions and those above them, each version in a row."""

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = worklists.programmes(self.actor)
        years = sorted(set(rows.order_by().values_list("year", flat=True)), reverse=True)
        asked = request.GET.get("year", "")
        known = {f"{year}": year for year in years}
        if asked and asked not in known:
            raise Http404
        year = known.get(asked) or next(iter(years), self.actor.on.year)
        shown = rows.filter(year=year).select_related("region").annotate(cases=Count("applications"))
        page = Paginator(shown.order_by("region__code", "code", "-version"), PER_PAGE).get_page(
            request.GET.get("page")
        )
        latest = rows.filter(year=year).order_by().values_list("region", "code").annotate(Max("version"))
        newest = {(region, code): version for region, code, version in latest}
        for programme in page:
            last = newest[programme.region_id, programme.code]
            programme.standing = standing(programme, last, today=self.actor.on)  # type: ignore[attr-defined]
        context = {
            "page_obj": page,
            "years": years,
            "year": year,
            "keeps": Role.ADMINISTRATOR in self.actor.roles,
        }
        return render(request, "desk/programme_list.html", context)


def standing(programme: Programme, newest: int, *, today: date) -> dict[str, str]:
    """Whether a version takes new applications, in a word."""
    if programme.version < newest:
        return {"label": f"已有第{newest}版", "tone": "quiet"}
    if not programme.active:
        return {"label": "已停用", "tone": "quiet"}
    if today < programme.opens_on:
        return {"label": "未开始", "tone": "open"}
    if today > programme.closes_on:
        return {"label": "已截止", "tone": "quiet"}
    return {"label": "受理中", "tone": "good"}


class ProgrammeDetail(StaffView):
    """A version with the columns that districts publish, its plans and papers, and who changed what."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        rows = worklists.programmes(self.actor).select_related("region")
        programme = get_object_or_404(rows, pk=pk)
        versions = list(programme.versions)
        keeps = permissions.may_keep_programmes(self.actor, programme.region)
        pinned = ProgrammePinned().sentence if programme.is_pinned else ""
        context = {
            "programme": programme,
            "standing": standing(programme, versions[0].version, today=self.actor.on),
            "versions": versions,
            "changes": list(programme.changes.select_related("by")),
            "may_edit": keeps and Verdict(not pinned, pinned),
            "may_revise": keeps and Verdict(versions[0] == programme, "该项目已有更新的版本。"),
            "keeps": keeps,
            "categories": [
                label for value, label in Category.choices if value in programme.target_categories
            ],
            "rule": programme.parsed_rule,
            "per_unit": isinstance(programme.parsed_rule, UnitPriceRule),
            "plans": sorted(
                programme.posting_plans.all(), key=lambda plan: list(Level).index(Level(plan.level))
            ),
            "papers": list(programme.required_papers.all()),
            "terms": [
                ("村级申报", programme.village_review_days),
                ("乡级审核", programme.township_review_days),
                ("区级审定", programme.district_review_days),
                ("张贴公示", programme.waiting_days),
                ("公告", programme.announcement_days),
                ("退回补正", programme.correction_days),
                ("异议受理", programme.acceptance_days),
                ("异议办结", programme.objection_days),
                ("到期前催办", programme.reminder_days),
                ("到期前标为临近", programme.near_days),
                ("超期后报上级（0为到期次日）", programme.escalation_days),
            ],
        }
        return render(request, "desk/programme_detail.html", context)


class KeepingView(VerbView):
    """A form of the administrator's; the kind of its rule is chosen above it, by links."""

    template_name = "desk/programme_form.html"
    form_class = ProgrammeForm
    submit_label = "保存"
    kept: Programme

    @property
    def rule_kind(self) -> str:
        kind = self.request.GET.get("rule") or self.usual_kind
        if kind not in RULE_KINDS:
            raise Http404
        return kind

    @property
    def usual_kind(self) -> str:
        return "unit_price"

    def permitted(self) -> Verdict:
        raise NotImplementedError

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated and self.actor.holdings and not (verdict := self.permitted()):
            raise PermissionDenied(verdict.reason)
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "rule_kind": self.rule_kind}

    def keep(self, form: ProgrammeForm, **told: Any) -> Programme:
        """Call the verb."""
        raise NotImplementedError

    def act(self, form: forms.Form) -> None:
        assert isinstance(form, ProgrammeForm)
        told = {"by": self.request.user, "now": clock.now(), "key": form.cleaned_data["key"]}
        self.kept = self.keep(form, **told)
        self.success_message = f"{self.kept}第{self.kept.version}版已保存。"

    def show_refusal(self, form: forms.Form, refused: Refused) -> None:
        """Faults of single fields stand at them."""
        if isinstance(form, ProgrammeForm) and isinstance(refused, BadProgramme):
            form.add_faults(refused.faults)
        else:
            super().show_refusal(form, refused)

    def get_success_url(self) -> str:
        return self.kept.get_absolute_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kinds = [(kind, label, kind == self.rule_kind) for kind, label in RULE_KINDS.items()]
        return super().get_context_data(**{"kinds": kinds, **kwargs})


class ProgrammeNew(KeepingView):
    """A new programme, for a region the administrator holds."""

    page_title = "新建补贴项目"

    def permitted(self) -> Verdict:
        mine = Role.ADMINISTRATOR in self.actor.roles
        return Verdict(mine, f"补贴项目由{Role.ADMINISTRATOR.label}维护，您没有这项任职。")

    def get_form_kwargs(self) -> dict[str, Any]:
        prefixes = self.actor.prefixes(Role.ADMINISTRATOR)
        regions = Region.objects.within(prefixes).filter(level__in=["county", "township"]).order_by("code")
        return {**super().get_form_kwargs(), "regions": regions}

    def get_initial(self) -> dict[str, Any]:
        return {"year": self.actor.on.year, "target_categories": Category.values}

    def keep(self, form: ProgrammeForm, **told: Any) -> Programme:
        data = form.cleaned_data
        name = {"region": data["region"], "code": data["code"], "year": data["year"]}
        return programmes.create(form.content, **name, **told)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**{"back_url": reverse("programme-list"), **kwargs})


class OfProgramme(KeepingView):
    """A form that begins with what a version says."""

    @cached_property
    def programme(self) -> Programme:
        rows = worklists.programmes(self.actor).select_related("region")
        return get_object_or_404(rows, pk=self.kwargs["pk"])

    @property
    def usual_kind(self) -> str:
        return str(self.programme.rule["kind"])

    def permitted(self) -> Verdict:
        return permissions.may_keep_programmes(self.actor, self.programme.region)

    def get_initial(self) -> dict[str, Any]:
        found = initial(programmes.content_of(self.programme))
        return {**found, "revision": self.programme.changes.count(), "key": new_key()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        back = self.programme.get_absolute_url()
        return super().get_context_data(**{"programme": self.programme, "back_url": back, **kwargs})


class ProgrammeEdit(OfProgramme):
    """Change a version while nobody has applied under it."""

    page_title = "修改补贴项目"

    def get(self, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.programme.is_pinned:
            messages.warning(self.request, ProgrammePinned().sentence)
            return HttpResponseRedirect(self.programme.get_absolute_url())
        return super().get(*args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "fixed_kind": self.programme.version > 1}

    def keep(self, form: ProgrammeForm, **told: Any) -> Programme:
        seen = form.cleaned_data["revision"] or 0
        return programmes.edit(self.programme, form.content, seen=seen, **told)


class ProgrammeRevise(OfProgramme):
    """Lay down the next version, beginning with what this one says."""

    page_title = "另立新版本"
    submit_label = "保存为新版本"

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "fixed_kind": True}

    def keep(self, form: ProgrammeForm, **told: Any) -> Programme:
        seen = form.cleaned_data["revision"] or 0
        columns = {name: getattr(self.programme, name) for name in programmes.SAME_IN_ALL_VERSIONS}
        content = programmes.Content(
            {**columns, **form.content.columns}, form.content.plans, form.content.papers
        )
        return programmes.revise(self.programme, content, seen=seen, **told)


programme_list = ProgrammeList.as_view()
programme_detail = ProgrammeDetail.as_view()
programme_new = ProgrammeNew.as_view()
programme_edit = ProgrammeEdit.as_view()
programme_revise = ProgrammeRevise.as_view()
