"""The comparison of lists (各级名单比对): every difference between the postings and their announcement, with its event."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from applications.models import Application
from applications.states import State
from registry.appointments import Actor
from workflow import comparison, permissions
from workflow.models import EntryOutcome, Posting, PostingState
from workflow.permissions import Verdict
from workflow.views.base import StaffView


def may_be_compared(posting: Posting, actor: Actor) -> Verdict:
    """Whether the page of a sheet offers the comparison; a correction has no lists of its own behind it."""
    return permissions.may_compare(actor, posting) if _has_lists(posting) else Verdict(False)


def _has_lists(posting: Posting) -> bool:
    return posting.is_announcement and not posting.entries.filter(outcome=EntryOutcome.REVOKED).exists()


class AnnouncementComparison(StaffView):
    """Village, township and district lists beside the announcement: what differs first, what agrees folded away."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        posting = get_object_or_404(
            Posting.objects.visible_to(self.actor).select_related("region", "programme"), pk=pk
        )
        if not _has_lists(posting):
            raise Http404
        verdict = permissions.may_compare(self.actor, posting)
        if not verdict:
            raise PermissionDenied(verdict.reason)
        listed = Application.objects.filter(pk__in=posting.entries.order_by().values("application"))
        cases = list(
            listed.select_related("programme", "village", "household", "payee").order_by(
                "village__code", "pk"
            )
        )
        ready = [case for case in cases if case.state == State.ANNOUNCEMENT]
        compared = ready if posting.state == PostingState.DRAFT else cases
        found = comparison.compare(posting, compared)
        differing = [line for line in found.lines if line.differences or line.faults]
        context = {
            "posting": posting,
            "faults": found.faults,
            "differing": sorted(differing, key=lambda line: not line.faults),
            "absent": sorted(found.absent, key=lambda line: not line.faults),
            "same": [line for line in found.lines if not line.differences and not line.faults],
            "going_elsewhere": len(cases) - len(compared),
        }
        return render(request, "desk/announcement_comparison.html", context)


announcement_comparison = AnnouncementComparison.as_view()
