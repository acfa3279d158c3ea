"""What is overdue (督办): every due date that has passed, with the level that holds it and who was told."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from workflow import deadlines, worklists
from workflow.views.base import StaffView

PER_PAGE = 50


class OverdueList(StaffView):
    """The overdue matters of the person's regions, the oldest first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        today = self.actor.on
        rows = worklists.overdue(self.actor, today=today)
        page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
        for row in page:
            row.days_late = (today - row.due_on).days  # type: ignore[attr-defined]
            row.level = deadlines.level_of(row)  # type: ignore[attr-defined]
        return render(request, "desk/overdue_list.html", {"page_obj": page})


overdue_list = OverdueList.as_view()
