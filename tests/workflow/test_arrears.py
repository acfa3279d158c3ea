"""An act on a case finds what the clock has done, whether or not a round has come by since (ADR 21)."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from applications.models import Application, HistoryEntry
from applications.states import State
from notifications.models import Message
from tests import stages
from tests.workflow import invariants
from tests.world import World
from workflow import intake, objections, postings, reviews
from workflow.models import Channel, Deadline, EntryOutcome, Posting, PostingEntry, PostingKind, PostingState
from workflow.objections import Complaint
from workflow.results import Ref, Result


def hanging(world: World) -> tuple[Application, Posting]:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    return stages.again(case), stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)


def test_an_objection_after_the_last_day_finds_the_sheet_closed_and_its_case_gone_on(world: World) -> None:
    case, posting = hanging(world)
    late = stages.after(posting) + timedelta(days=3)
    objection = stages.lodged(world, case, posting, now=late)
    assert objection.late
    assert Posting.objects.get().state == PostingState.CLOSED
    assert PostingEntry.objects.get().outcome == EntryOutcome.PASSED
    assert stages.again(case).state == State.TOWNSHIP_REVIEW
    due = Deadline.objects.get(application=case, objection=None, settled_at=None)
    assert (due.starts_on, due.paused_on) == (
        timezone.localdate(stages.after(posting)),
        timezone.localdate(late),
    )
    assert invariants.faults() == []


def test_an_objection_received_within_the_period_holds_its_entry_though_written_down_later(
    world: World,
) -> None:
    case, posting = hanging(world)
    entry = PostingEntry.objects.get()
    complaint = Complaint(Channel.PHONE, "面积不实。", anonymous=True)
    received, written = stages.after(posting) - timedelta(hours=2), stages.after(posting) + timedelta(hours=9)
    made = objections.lodge(entry, complaint=complaint, now=written, by=world.clerk, received_at=received)
    assert not made.late
    assert postings.close(posting.pk, now=written).data == {"passed": 0, "held": 1}
    assert PostingEntry.objects.get().outcome == EntryOutcome.NOT_PASSED
    assert stages.again(case).state == State.VILLAGE_POSTING


def test_the_end_of_an_objection_after_the_last_day_finds_its_entry_held(world: World) -> None:
    case, posting = hanging(world)
    objection = stages.lodged(world, case, posting, now=world.now + timedelta(days=2))
    late = stages.after(posting) + timedelta(days=4)
    stages.decided(objection, "not_upheld", by=world.clerk, now=late)
    posting.refresh_from_db()
    assert "期满时1件有未办结异议" in posting.certificate
    assert PostingEntry.objects.get().outcome == EntryOutcome.PASSED
    assert stages.again(case).state == State.TOWNSHIP_REVIEW
    assert Deadline.objects.get(
        application=case, objection=None, settled_at=None
    ).starts_on == timezone.localdate(late)


def _withdraw(world: World, ref: Ref) -> Sequence[Result]:
    return intake.withdraw([ref], by=world.clerk, now=_late(), opinion="申请人不再需要。")


def _reject(world: World, ref: Ref) -> Sequence[Result]:
    return reviews.reject([ref], by=world.clerk, now=_late(), reason_code="facts", opinion="与事实不符。")


def _correct(world: World, ref: Ref) -> Sequence[Result]:
    return reviews.correct([ref], by=world.clerk, now=_late(), opinion="面积有误。")


def _late() -> datetime:
    return stages.after(Posting.objects.get()) + timedelta(days=1)


@pytest.mark.parametrize("act", [_withdraw, _reject, _correct])
def test_a_row_of_a_sheet_that_is_over_is_not_taken_out_and_the_officer_is_shown_what_changed(
    world: World, act: Callable[[World, Ref], Sequence[Result]]
) -> None:
    case, posting = hanging(world)
    (result,) = act(world, Ref.of(stages.again(case)))
    assert not result.done
    assert [change.text for change in result.changes] == ["村级公示期满，无未办结异议。"]
    assert PostingEntry.objects.get(posting=posting).outcome == EntryOutcome.PASSED
    assert stages.again(case).state == State.TOWNSHIP_REVIEW


def test_a_withdrawal_after_the_last_day_leaves_the_entry_as_it_ran(world: World) -> None:
    case, posting = hanging(world)
    (result,) = _withdraw(world, Ref(case.pk))
    assert result.done
    assert PostingEntry.objects.get(posting=posting).outcome == EntryOutcome.PASSED
    assert stages.again(case).state == State.WITHDRAWN


def test_a_sheet_that_cannot_be_closed_stops_no_act(world: World) -> None:
    case, posting = hanging(world)
    entry = PostingEntry.objects.get()
    PostingEntry.objects.update(row={**entry.row, "amount": "9000.00"})
    (result,) = _withdraw(world, Ref(case.pk))
    assert result.done
    assert stages.again(case).state == State.WITHDRAWN
    assert PostingEntry.objects.get(posting=posting).outcome == EntryOutcome.REMOVED


def test_a_covered_case_that_waits_for_its_round_is_released_before_an_objection(world: World) -> None:
    case, moment = stages.reach(world, State.DISTRICT_REVIEW)
    stages.do(
        reviews.return_to_township([Ref.of(case)], by=world.approver, now=moment, opinion="请重审面积。")
    )
    stages.passed(world, [case], by=world.reviewer, now=moment)
    sheet = Posting.objects.get(kind=PostingKind.VILLAGE)
    later = moment + timedelta(days=5)
    stages.lodged(world, case, sheet, now=later)
    assert stages.again(case).state == State.DISTRICT_REVIEW
    due = Deadline.objects.get(application=case, objection=None, settled_at=None)
    assert (due.starts_on, due.paused_on) == (timezone.localdate(moment), timezone.localdate(later))


def test_an_act_within_the_period_makes_nothing_up(world: World) -> None:
    case, posting = hanging(world)
    lines, messages = HistoryEntry.objects.count(), Message.objects.count()
    objections_now = stages.after(posting) - timedelta(seconds=1)
    stages.lodged(world, case, posting, now=objections_now)
    assert Posting.objects.get().state == PostingState.DISPLAYED
    assert HistoryEntry.objects.count() == lines + 1
    assert Message.objects.exclude(event="objection_received").count() == messages
