"""The letter that answers a named objector (异议答复书): findings, decision, reason, and the way to an appeal."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from applications.states import Level
from registry import masking
from registry.models import Region
from registry.scope import lineage
from workflow import appeals, permissions
from workflow.drafts import REGION_LEVEL
from workflow.models import Objection, ObjectionOutcome, ObjectionState
from workflow.views.base import StaffView
from workflow.views.objecting import seen

FOLLOWS = {
    ObjectionOutcome.NOT_UPHELD: "名单上的这一条不变。",
    ObjectionOutcome.CORRECTED: "名单上的这一条已经撤出公示，更正以后重新公示满期。",
    ObjectionOutcome.CANCELLED: "这一件申请不予批准，不再列入名单。",
}
"""What a decision means for the row that was complained of."""


class ObjectionReply(StaffView):
    """The letter on A4, for the level that handled the objection; it never goes below, nor names the receipt."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        objection = get_object_or_404(seen(Objection.objects.visible_to(self.actor)), pk=pk)
        verdict = permissions.may_answer(self.actor, objection)
        if not verdict:
            raise PermissionDenied(verdict.reason)
        context = {
            "objection": objection,
            # In full it is asked for with a reason, and written in by hand: a print lies about on a desk.
            "name": masking.mask_name(objection.objector_name),
            "posting": objection.posting,
            "decision": _decision(objection),
            "follows": FOLLOWS[ObjectionOutcome(objection.outcome)] if objection.outcome else "",
            "route": _route(objection),
            "body": _body(objection),
            "address": request.build_absolute_uri(reverse("public-receipt")),
        }
        response = render(request, "desk/objection_reply.html", context)
        response["Cache-Control"] = "no-store"
        return response


def _decision(objection: Objection) -> str:
    if objection.outcome:
        return ObjectionOutcome(objection.outcome).label
    if objection.state == ObjectionState.PASSED_ON:
        return f"移送{objection.passed_to}处理"
    return ObjectionState(objection.state).label


def _route(objection: Objection) -> str:
    """Where the objector may turn who does not agree: once to the level above, else outside this system."""
    above = Level(objection.handling_level).above
    try:
        appeals.refuse_unappealable(objection)
    except appeals.NoAppeal as closed:
        if objection.outcome == ObjectionOutcome.CANCELLED or objection.state == ObjectionState.PASSED_ON:
            return "仍有意见的，可以向上级主管部门、纪委反映，也可以拨打12317。"
        return f"{closed.sentence}仍有意见的，可以向上级主管部门、纪委反映，也可以拨打12317。"
    assert above is not None
    return (
        f"对本答复不服的，可以在收到之日起{appeals.APPEAL_DAYS}个工作日内，凭回执编号向{above.label}申请一次复核："
        "当面、来电或者在网上提出都可以。"
    )


def _body(objection: Objection) -> str:
    """The full name of the body that answers."""
    codes = lineage(objection.application.village.code)
    level = REGION_LEVEL[Level(objection.handling_level)]
    region = Region.objects.get(code__in=codes, level=level)
    return region.body_name or region.name


objection_reply = ObjectionReply.as_view()
