"""Steps in the handling of an objection (异议办理), one page each."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404

from registry import clock
from workflow import objections, permissions
from workflow.forms.objections import (
    DecideForm,
    InvestigateForm,
    PassOnForm,
    PlainForm,
    ReasonForm,
    TellForm,
)
from workflow.models import (
    OPEN_OBJECTION,
    Deadline,
    Objection,
    ObjectionOutcome,
    ObjectionState,
    Telling,
    Way,
)
from workflow.views import sheet
from workflow.views.base import VerbView


def seen(rows: QuerySet[Objection]) -> QuerySet[Objection]:
    """With the day it is due, the day of its reminder, and what the page names."""
    due = Deadline.objects.filter(objection=OuterRef("pk"), settled_at__isnull=True)
    return rows.annotate(
        due_on=Subquery(due.values("due_on")[:1]), near_on=Subquery(due.values("near_on")[:1])
    ).select_related(
        "application__village", "application__programme", "posting__region", "entry", "appeal_of", "appeal"
    )


@dataclass(frozen=True)
class StepPage:
    """One step of the handling as a page: from which states, and what it says."""

    slug: str
    label: str
    sources: frozenset[str]
    form: type[forms.Form]
    explanation: str
    done: str


STEP_PAGES = {
    page.slug: page
    for page in (
        StepPage(
            "accept",
            "受理",
            frozenset({ObjectionState.RECEIVED}),
            PlainForm,
            "异议写明了具体事实，予以受理。从现在起计算办结期限。",
            "异议已受理。",
        ),
        StepPage(
            "investigate",
            "开始调查",
            frozenset({ObjectionState.ACCEPTED}),
            InvestigateForm,
            "调查要有两人以上，与该申请有利害关系的人不参加。",
            "调查人已登记，调查开始。",
        ),
        StepPage(
            "decide",
            "办结",
            frozenset({ObjectionState.INVESTIGATING}),
            DecideForm,
            "写明调查认定的事实、处理结果和理由。署名的异议人要告知结果。",
            "异议已办结。",
        ),
        StepPage(
            "not-accept",
            "不予受理",
            frozenset({ObjectionState.RECEIVED}),
            ReasonForm,
            "只有没有写明具体事实，或者同一事实已经办结的，才可以不予受理。理由会记入该异议的记录。",
            "异议不予受理。",
        ),
        StepPage(
            "withdraw",
            "登记撤回",
            OPEN_OBJECTION,
            ReasonForm,
            "异议人自己要求撤回的，在这里写明撤回的情况。撤回后公示的天数照算。",
            "异议已按异议人的要求撤回。",
        ),
        StepPage(
            "pass-on",
            "移送",
            OPEN_OBJECTION,
            PassOnForm,
            "反映乡镇或者区里自身问题的，移送能够处理的单位。",
            "异议已移送。",
        ),
        StepPage(
            "confirm",
            "登记电话核实",
            OPEN_OBJECTION,
            PlainForm,
            "短时间内收到的网上异议过多，这一件照收，要打电话核实。没有留电话的，按写明的事实决定是否受理。",
            "已登记核实。",
        ),
        StepPage(
            "tell",
            "登记告知",
            frozenset(ObjectionState) - {ObjectionState.RECEIVED, ObjectionState.WITHDRAWN},
            TellForm,
            "署名的异议人，受理和办理结果都要告知，并说明可以向上一级申请复核。",
            "已登记告知。",
        ),
    )
}


class ObjectionStep(VerbView):
    """One step of the handling, by the level that handles it."""

    template_name = "desk/objection_form.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if kwargs["step"] not in STEP_PAGES:
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    @property
    def page(self) -> StepPage:
        return STEP_PAGES[self.kwargs["step"]]

    @cached_property
    def objection(self) -> Objection:
        rows = seen(Objection.objects.visible_to(self.actor)).select_related("application__household")
        found = get_object_or_404(rows, pk=self.kwargs["pk"])
        verdict = permissions.may_handle(self.actor, found)
        if not verdict:
            raise PermissionDenied(verdict.reason)
        return found

    def get_form_class(self) -> type[forms.Form]:
        return self.page.form

    def act(self, form: forms.Form) -> None:
        typed = form.cleaned_data
        told: dict[str, Any] = {"by": self.request.user, "now": clock.now(), "key": typed["key"]}
        step, objection = self.page.slug, self.objection
        if step == "accept":
            objections.accept(objection, **told)
        elif step == "not-accept":
            objections.not_accept(objection, reason=typed["reason"], **told)
        elif step == "investigate":
            assert isinstance(form, InvestigateForm)
            objections.investigate(objection, investigators=form.names, **told)
        elif step == "withdraw":
            objections.withdraw(objection, reason=typed["reason"], **told)
        elif step == "pass-on":
            objections.pass_on(objection, to=typed["to"], reason=typed["reason"], **told)
        elif step == "confirm":
            objections.confirm(objection, **told)
        elif step == "tell":
            told |= {
                "matter": Telling(typed["matter"]),
                "way": Way(typed["way"]),
                "told_on": typed["told_on"],
            }
            objections.tell(objection, **told)
        else:
            objections.decide(
                objection,
                outcome=ObjectionOutcome(typed["outcome"]),
                findings=typed["findings"],
                reason=typed["reason"],
                **told,
            )

    @property
    def success_message(self) -> str:  # type: ignore[override]
        return self.page.done

    def get_initial(self) -> dict[str, Any]:
        return {"told_on": self.actor.on, "matter": self.objection.due_telling}

    def get_success_url(self) -> str:
        return self.objection.get_absolute_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        objection = self.objection
        wrong = objection.state not in self.page.sources
        now_is = f"该异议现在是“{objection.get_state_display()}”，不能办理“{self.page.label}”。"
        return super().get_context_data(
            **{
                "page_title": f"异议{self.page.label}",
                "submit_label": self.page.label,
                "explanation": self.page.explanation,
                "objection": objection,
                "row": sheet.allowed(objection.entry.row),
                "may_see": permissions.may_see_objector(self.actor, objection),
                "why_not": now_is if wrong else "",
                "back_url": objection.get_absolute_url(),
                **kwargs,
            }
        )


objection_step = ObjectionStep.as_view()
