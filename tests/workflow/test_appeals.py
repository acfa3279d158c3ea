"""An objector asks the level above, once, to look again (复核): when, how often, by whom, and what it holds up."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from applications.models import Application
from applications.states import Level, State
from notifications.models import Message
from registry import appointments
from registry.models import Role
from tests import stages
from tests.workflow import invariants
from tests.workflow.refusing import refused
from tests.world import World
from workflow import appeals, objections, permissions, reviews, sweeps
from workflow.models import (
    Channel,
    Deadline,
    Objection,
    ObjectionOutcome,
    ObjectionState,
    PostingEntry,
    PostingKind,
    Telling,
    Way,
)
from workflow.objections import Complaint
from workflow.results import Ref

S = ObjectionState
NOT_UPHELD, CORRECTED, CANCELLED = ObjectionOutcome


def objected(world: World, *, level: Level = Level.VILLAGE) -> tuple[Application, Objection, datetime]:
    """A named objection to a row on the board of a level."""
    state = {
        Level.VILLAGE: State.VILLAGE_POSTING,
        Level.TOWNSHIP: State.TOWNSHIP_POSTING,
        Level.DISTRICT: State.DISTRICT_POSTING,
    }[level]
    case, moment = stages.reach(world, state)
    posting = stages.displayed(world, [case], kind=PostingKind(level.value), now=moment)
    complaint = Complaint(Channel.WEB, "面积不足。", name="吴异议人", phone="5550000")
    entry = PostingEntry.objects.get(posting=posting)
    return case, objections.lodge(entry, complaint=complaint, now=moment), moment


def handler(world: World, level: str) -> Any:
    return {"village": world.clerk, "township": world.reviewer, "district": world.approver}[level]


def brought_to(world: World, objection: Objection, state: ObjectionState, *, now: datetime) -> None:
    """By the real verbs; where it is decided, not upheld."""
    told: dict[str, Any] = {"by": handler(world, objection.handling_level), "now": now}
    people = ["丙", "丁"] if objection.appeal_of_id else ["甲", "乙"]
    if state in {S.ACCEPTED, S.INVESTIGATING, S.DECIDED}:
        objections.accept(objection, **told)
    if state in {S.INVESTIGATING, S.DECIDED}:
        objections.investigate(objection, investigators=people, **told)
    if state is S.DECIDED:
        objections.decide(objection, outcome=NOT_UPHELD, findings="丈量。", reason="足额。", **told)
    if state is S.NOT_ACCEPTED:
        objections.not_accept(objection, reason="没有事实。", **told)
    if state is S.WITHDRAWN:
        objections.withdraw(objection, reason="撤回。", **told)
    if state is S.PASSED_ON:
        objections.pass_on(objection, to="区纪委〔示例〕", reason="移送。", **told)


def again(objection: Objection) -> Objection:
    return Objection.objects.select_related("application__village").get(pk=objection.pk)


@pytest.mark.parametrize("state", S)
def test_an_appeal_follows_a_decision_or_a_refusal_to_take_it_on_and_nothing_else(
    world: World, state: ObjectionState
) -> None:
    _, objection, moment = objected(world)
    brought_to(world, objection, state, now=moment)
    if state in {S.DECIDED, S.NOT_ACCEPTED}:
        made = appeals.lodge(again(objection), facts="没有去地里量过。", now=moment)
        assert (made.state, made.handling_level, made.appeal_of) == (S.RECEIVED, "township", objection)
        assert (made.objector_name, made.objector_phone, made.facts) == (
            "吴异议人",
            "5550000",
            "没有去地里量过。",
        )
        assert made.receipt != objection.receipt
        assert invariants.faults() == []
    else:
        refused(
            lambda: appeals.lodge(again(objection), facts="没有去地里量过。", now=moment),
            "才可以申请复核",
        )


def decided_as(
    world: World, outcome: ObjectionOutcome, *, level: Level = Level.VILLAGE
) -> tuple[Application, Objection, datetime]:
    case, objection, moment = objected(world, level=level)
    stages.decided(objection, outcome, by=handler(world, objection.handling_level), now=moment)
    return case, again(objection), moment


@pytest.mark.parametrize(("outcome", "open_to"), [(NOT_UPHELD, True), (CORRECTED, True), (CANCELLED, False)])
def test_whoever_was_right_in_full_has_nothing_to_appeal(
    world: World, outcome: ObjectionOutcome, open_to: bool
) -> None:
    _, objection, moment = decided_as(world, outcome)
    if open_to:
        assert appeals.lodge(objection, facts="还有一处。", now=moment).is_open
    else:
        refused(lambda: appeals.lodge(objection, facts="还有一处。", now=moment), "才可以申请复核")


@pytest.mark.parametrize("level", Level)
def test_it_is_handled_one_level_up_and_over_the_district_there_is_none(world: World, level: Level) -> None:
    _, objection, moment = decided_as(world, NOT_UPHELD, level=level)
    if level.above is None:
        refused(lambda: appeals.lodge(objection, facts="不服。", now=moment), "没有上一级")
        return
    made = appeals.lodge(objection, facts="不服。", now=moment)
    assert made.handling_level == level.above
    told = set(Message.objects.filter(event="appeal_received").values_list("recipient", flat=True))
    people = {
        Level.TOWNSHIP: {world.reviewer.pk, world.second_reviewer.pk},
        Level.DISTRICT: {world.approver.pk, world.second_approver.pk},
    }
    assert told == people[level.above]
    below = handler(world, level)
    refused(lambda: objections.accept(made, by=below, now=moment), "您没有这项任职")
    assert not permissions.may_see_objector(appointments.actor(below, on=moment.date()), made)
    assert objections.accept(made, by=handler(world, level.above), now=moment).state == S.ACCEPTED


def test_only_once(world: World) -> None:
    _, objection, moment = decided_as(world, NOT_UPHELD)
    made = appeals.lodge(objection, facts="不服。", now=moment)
    refused(lambda: appeals.lodge(objection, facts="还是不服。", now=moment), "已经申请过复核")
    brought_to(world, made, S.DECIDED, now=moment)
    refused(lambda: appeals.lodge(objection, facts="还是不服。", now=moment), "已经申请过复核")
    refused(lambda: appeals.lodge(again(made), facts="还是不服。", now=moment), "复核只能申请一次")


BAD: dict[str, tuple[str, str]] = {
    "without a word": (" \n", "请写明异议的具体事实"),
    "too long": ("多" * 5001, "控制在5000字以内"),
}


@pytest.mark.parametrize("name", BAD)
def test_an_appeal_says_what_is_wrong(world: World, name: str) -> None:
    facts, words = BAD[name]
    _, objection, moment = decided_as(world, NOT_UPHELD)
    refused(lambda: appeals.lodge(objection, facts=facts, now=moment), words)


def at_nine(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time())) + timedelta(hours=9)


def test_ten_working_days_from_the_outcome(world: World) -> None:
    # Monday 1 March 2021, the first day not counted: Monday 15 March is the tenth working day.
    _, objection, _ = decided_as(world, NOT_UPHELD)
    late = at_nine(date(2021, 3, 16))
    refused(lambda: appeals.lodge(objection, facts="不服。", now=late), "申请复核的期限是2021-03-15")
    assert appeals.lodge(objection, facts="不服。", now=at_nine(date(2021, 3, 15))).is_open


def test_the_term_runs_from_the_day_the_objector_was_told(world: World) -> None:
    _, objection, _ = decided_as(world, NOT_UPHELD)
    told_on = date(2021, 3, 10)
    objections.tell(
        objection,
        matter=Telling.OUTCOME,
        way=Way.BY_PHONE,
        told_on=told_on,
        by=world.clerk,
        now=at_nine(told_on),
    )
    refused(lambda: appeals.lodge(objection, facts="不服。", now=at_nine(date(2021, 3, 25))), "2021-03-24")
    assert appeals.lodge(objection, facts="不服。", now=at_nine(date(2021, 3, 24))).is_open


def test_an_open_appeal_holds_the_case_like_an_open_objection(world: World) -> None:
    case, objection, _ = objected(world)
    sweeps.run(now=world.later(11))
    brought_to(world, objection, S.DECIDED, now=world.later(12))
    assert stages.again(case).state == State.TOWNSHIP_REVIEW
    made = appeals.lodge(again(objection), facts="不服。", now=world.later(13))
    refs = [Ref.of(stages.again(case))]
    refused(lambda: reviews.pass_on(refs, by=world.reviewer, now=world.later(13)), "该申请有1件未办结异议")
    brought_to(world, made, S.DECIDED, now=world.later(14))
    refs = [Ref.of(stages.again(case))]
    stages.do(reviews.pass_on(refs, by=world.second_reviewer, now=world.later(14)))
    assert invariants.faults() == []


def test_an_appeal_within_the_period_keeps_its_row_from_passing_until_it_is_decided(world: World) -> None:
    case, objection, _ = decided_as(world, NOT_UPHELD)
    made = appeals.lodge(objection, facts="不服。", now=world.later(2))
    sweeps.run(now=world.later(11))
    assert stages.again(case).state == State.VILLAGE_POSTING
    brought_to(world, made, S.DECIDED, now=world.later(12))
    assert stages.again(case).state == State.TOWNSHIP_REVIEW


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (NOT_UPHELD, State.VILLAGE_POSTING),
        (CORRECTED, State.VILLAGE_CORRECTION),
        (CANCELLED, State.REJECTED),
    ],
)
def test_the_case_follows_the_appeal(world: World, outcome: ObjectionOutcome, state: State) -> None:
    case, objection, moment = decided_as(world, NOT_UPHELD)
    made = appeals.lodge(objection, facts="不服。", now=moment)
    stages.decided(made, outcome, by=world.reviewer, now=moment)
    assert stages.again(case).state == state
    assert again(objection).outcome == NOT_UPHELD
    assert invariants.faults() == []


def test_an_appeal_has_the_due_dates_of_an_objection(world: World) -> None:
    _, objection, _ = decided_as(world, NOT_UPHELD)
    made = appeals.lodge(objection, facts="不服。", now=world.later(1))
    open_due = lambda: Deadline.objects.get(objection=made, settled_at__isnull=True)  # noqa: E731
    assert (open_due().kind, open_due().due_on) == ("acceptance", date(2021, 3, 4))
    objections.accept(made, by=world.reviewer, now=world.later(1))
    assert (open_due().kind, open_due().due_on) == ("objection", date(2021, 3, 16))
    assert sweeps.escalate(now=at_nine(date(2021, 3, 17))) >= 1
    told = Message.objects.filter(event="escalation", fact=f"deadline:{open_due().pk}")
    assert set(told.values_list("recipient", flat=True)) == {world.approver.pk, world.second_approver.pk}


Act = Callable[[World, Objection, datetime], Any]


def test_others_look_into_it_and_another_person_decides(world: World) -> None:
    _, objection, moment = decided_as(world, NOT_UPHELD)
    made = appeals.lodge(objection, facts="不服。", now=moment)
    appointments.appoint(
        world.clerk,
        role=Role.TOWNSHIP_REVIEWER,
        region=world.township,
        starts_on=date(2020, 1, 1),
        by=None,
    )
    refused(lambda: objections.accept(made, by=world.clerk, now=moment), "原来的异议是您办结的")
    objections.accept(made, by=world.reviewer, now=moment)
    refused(
        lambda: objections.investigate(
            made, by=world.reviewer, now=moment, investigators=["调查甲", "新调查人"]
        ),
        "调查甲参加过原来的调查",
    )


def test_officers_of_the_place_write_down_an_appeal_and_others_do_not(world: World) -> None:
    _, objection, moment = decided_as(world, NOT_UPHELD)
    for other in (world.stranger, world.supervisor, world.clerks[1]):
        refused(
            lambda by=other: appeals.lodge(  # type: ignore[misc]
                objection, facts="不服。", now=moment, by=by, channel=Channel.LETTER
            ),
            "只有当地的经办人可以登记异议",
        )
    made = appeals.lodge(objection, facts="不服。", now=moment, by=world.reviewer, channel=Channel.LETTER)
    assert (made.channel, made.received_by) == (Channel.LETTER, world.reviewer)
