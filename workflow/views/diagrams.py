"""The picture of a case's way (流程图) and the flow as a BPMN 2.0 drawing."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from workflow import diagram
from workflow.steps import staff_label
from workflow.views.base import StaffView
from workflow.views.case import OfCase


class CaseDiagram(OfCase, StaffView):
    """Where one case stands in the flow: a picture, a legend in words, and the same as a list."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        context = {
            "case": self.case,
            "picture": diagram.of(self.case),
            "legend": diagram.WORDS,
            "state": staff_label(self.case.state),
        }
        return render(request, "desk/case_diagram.html", context)


class Bpmn(StaffView):
    """The flow for other programs to draw: the same for every case, and about none."""

    def get(self, request: HttpRequest) -> HttpResponse:
        response = HttpResponse(diagram.bpmn(), content_type="application/bpmn+xml; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="approval.bpmn"'
        return response


case_diagram = CaseDiagram.as_view()
bpmn = Bpmn.as_view()
