"""The procedure as Viewflow draws it: on whose desk a case lies. It follows the case's state, never leads it.

Each step is followed by a gateway that reads `application.state`; there is no default case, so that a state
nobody mapped raises and rolls back. Only `workflow.engine` moves the rows.
"""

from collections.abc import Callable
from typing import Any

from django.urls import reverse_lazy
from django.views.generic import RedirectView
from viewflow import this
from viewflow.workflow import flow
from viewflow.workflow.lock import SelectForUpdateLock

from applications.models import Application
from applications.states import State
from registry import appointments, clock
from workflow.models import ApprovalProcess, ReviewTask

ENDED = (State.REJECTED, State.WITHDRAWN, State.LAPSED)

desk = RedirectView.as_view(url=reverse_lazy("desk"))


def when(*states: State) -> Callable[[Any], bool]:
    """A gateway's condition: the case is in one of these states."""

    def holds(activation: Any) -> bool:
        return activation.process.application.state in states

    return holds


class ApprovalFlow(flow.Flow):
    """户申请 → 村级申报 → 乡级审核 → 区级审定, with a posting after each level and the announcement at the end."""

    process_class = ApprovalProcess
    task_class = ReviewTask
    lock_impl = SelectForUpdateLock(nowait=False)
    process_title = "到户项目申报审批"
    process_description = "户申请→村级申报→乡级审核→区级审定，三公示一公告"

    start = flow.StartHandle().Annotation(title="户申请").Next(this.village_review)

    village_review = flow.View(desk).Annotation(title="村级申报").Next(this.after_village_review)
    after_village_review = (
        flow.Switch()
        .Case(this.village_posting, when(State.VILLAGE_POSTING))
        .Case(this.village_correction, when(State.VILLAGE_CORRECTION))
        .Case(this.village_end, when(*ENDED))
    )
    village_posting = flow.Handle().Annotation(title="村级公示").Next(this.after_village_posting)
    after_village_posting = (
        flow.Switch()
        .Case(this.township_review, when(State.TOWNSHIP_REVIEW))
        .Case(this.village_review, when(State.VILLAGE_REVIEW))
        .Case(this.village_correction, when(State.VILLAGE_CORRECTION))
        .Case(this.village_end, when(*ENDED))
    )
    village_correction = (
        flow.View(desk).Annotation(title="退回补正（村级）").Next(this.after_village_correction)
    )
    after_village_correction = (
        flow.Switch()
        .Case(this.village_review, when(State.VILLAGE_REVIEW))
        .Case(this.village_end, when(*ENDED))
    )
    village_end = flow.End().Annotation(title="村级办结")

    township_review = flow.View(desk).Annotation(title="乡级审核").Next(this.after_township_review)
    after_township_review = (
        flow.Switch()
        .Case(this.township_posting, when(State.TOWNSHIP_POSTING))
        .Case(this.township_correction, when(State.TOWNSHIP_CORRECTION))
        .Case(this.township_end, when(*ENDED))
    )
    township_posting = flow.Handle().Annotation(title="乡级公示").Next(this.after_township_posting)
    after_township_posting = (
        flow.Switch()
        .Case(this.district_review, when(State.DISTRICT_REVIEW))
        .Case(this.township_review, when(State.TOWNSHIP_REVIEW))
        .Case(this.village_correction, when(State.VILLAGE_CORRECTION))
        .Case(this.township_end, when(*ENDED))
    )
    township_correction = (
        flow.View(desk).Annotation(title="退回补正（乡级）").Next(this.after_township_correction)
    )
    after_township_correction = (
        flow.Switch()
        .Case(this.township_review, when(State.TOWNSHIP_REVIEW))
        .Case(this.village_review, when(State.VILLAGE_REVIEW))
        .Case(this.township_end, when(*ENDED))
    )
    township_end = flow.End().Annotation(title="乡级办结")

    district_review = flow.View(desk).Annotation(title="区级审定").Next(this.after_district_review)
    after_district_review = (
        flow.Switch()
        .Case(this.district_posting, when(State.DISTRICT_POSTING))
        .Case(this.district_correction, when(State.DISTRICT_CORRECTION))
        .Case(this.township_review, when(State.TOWNSHIP_REVIEW))
        .Case(this.district_end, when(*ENDED))
    )
    district_posting = flow.Handle().Annotation(title="区级公示").Next(this.after_district_posting)
    after_district_posting = (
        flow.Switch()
        .Case(this.announcement, when(State.ANNOUNCEMENT))
        .Case(this.district_review, when(State.DISTRICT_REVIEW))
        .Case(this.village_correction, when(State.VILLAGE_CORRECTION))
        .Case(this.district_end, when(*ENDED))
    )
    district_correction = (
        flow.View(desk).Annotation(title="退回补正（区级）").Next(this.after_district_correction)
    )
    after_district_correction = (
        flow.Switch()
        .Case(this.district_review, when(State.DISTRICT_REVIEW))
        .Case(this.village_review, when(State.VILLAGE_REVIEW))
        .Case(this.district_end, when(*ENDED))
    )
    district_end = flow.End().Annotation(title="区级办结")

    announcement = flow.Handle().Annotation(title="公告").Next(this.after_announcement)
    after_announcement = (
        flow.Switch()
        .Case(this.announced, when(State.ANNOUNCED))
        .Case(this.district_review, when(State.DISTRICT_REVIEW))
        .Case(this.district_end, when(*ENDED))
    )
    announced = flow.End().Annotation(title="已公告")

    def has_view_permission(self, user: Any, obj: Any | None = None) -> bool:
        """The region rule: whoever may read the case may see its process."""
        if obj is None or not user.is_authenticated:
            return False
        reader = appointments.actor(user, on=clock.today())
        return Application.objects.visible_to(reader).filter(pk=obj.application_id).exists()

    def has_manage_permission(self, user: Any, obj: Any | None = None) -> bool:
        """No side door: undo, cancel and reassignment of Viewflow are closed to everybody."""
        return False


def has_a_real_lock() -> bool:
    """Whether the flow waits for its row's lock: Viewflow's default is none, its NOWAIT variant sleeps seconds."""
    lock = ApprovalFlow.lock_impl
    return isinstance(lock, SelectForUpdateLock) and not lock.nowait
