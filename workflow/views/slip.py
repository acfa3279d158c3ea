"""The slip that the village hands to the household (查询凭条): its code, where to ask, whom to call."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from applications.states import State
from workflow.views import qr
from workflow.views.base import StaffView
from workflow.views.case import OfCase

NOT_YET = "草稿还没有提交，提交以后才有查询凭条。"


class Slip(OfCase, StaffView):
    """One case's slip, to print. A draft has none: nothing was handed in."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if self.case.state == State.DRAFT:
            raise PermissionDenied(NOT_YET)
        village = self.case.village
        address = request.build_absolute_uri(reverse("public-progress"))
        context = {
            "case": self.case,
            "address": address,
            # Behind the #, so that the browser keeps the code to itself: no log and no history of a server has it.
            "qr": qr.svg(f"{address}#{self.case.inquiry_code}"),
            "places": [place for place in (village, village.parent) if place is not None],
        }
        return render(request, "desk/slip.html", context)


application_slip = Slip.as_view()
