"""What is overdue (督办): every due date that has passed, with the level that holds it and who was told."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from applications.states import Level
from workflow import deadlines, overdue
from workflow.views import badges
from workflow.views.base import StaffView

PER_PAGE = 50


class OverdueList(StaffView):
    """The overdue matters of the person's regions, the oldest first; all of them, or those of one level."""

    def get(self, request: HttpRequest) -> HttpResponse:
        today = self.actor.on
        rows = overdue.late(self.actor, today=today)
        asked = request.GET.get("level", "")
        level = Level(asked) if asked in Level.values else None
        if level is not None:
            rows = rows.filter(overdue.lies_with(level))
        page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
        for row in page:
            row.days_late = (today - row.due_on).days  # type: ignore[attr-defined]
            row.level = deadlines.level_of(row)  # type: ignore[attr-defined]
        rests = overdue.resting(self.actor)
        if level is not None:
            rests = rests.filter(overdue.lies_with(level))
        resting = list(rests[: PER_PAGE + 1])
        for row in resting:
            row.level = deadlines.level_of(row)  # type: ignore[attr-defined]
            row.due = badges.of_rest(row.paused_on)  # type: ignore[arg-type, attr-defined]
        counts = overdue.by_level(self.actor, today=today)
        context = {
            "page_obj": page,
            "level": level,
            "levels": [(one, counts[one]) for one in Level],
            "total": sum(counts.values()),
            "resting": resting[:PER_PAGE],
            "more_resting": len(resting) > PER_PAGE,
        }
        return render(request, "desk/overdue_list.html", context)


overdue_list = OverdueList.as_view()
