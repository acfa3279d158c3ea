"""An objection stops the one case it names, wherever it lies, and nothing else (异议)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from applications.models import Application
from applications.states import OPEN, Level, State
from notifications.models import Message
from registry import appointments
from registry.models import Interest, InterestKind
from tests import stages
from tests.workflow.refusing import refused
from tests.world import World
from workflow import (
    announcements,
    consistency,
    intake,
    objections,
    permissions,
    reviews,
    sweeps,
    worklists,
)
from workflow.models import (
    Channel,
    EntryOutcome,
    Objection,
    ObjectionOutcome,
    ObjectionState,
    Posting,
    PostingEntry,
    PostingKind,
    RefusalCode,
)
from workflow.objections import Complaint
from workflow.results import Ref

VILLAGE = PostingKind.VILLAGE
NOT_UPHELD, CORRECTED, CANCELLED = ObjectionOutcome


def ref(case: Application) -> list[Ref]:
    return [Ref.of(stages.again(case))]


def village_entry(case: Application) -> PostingEntry:
    return PostingEntry.objects.filter(application=case, level=VILLAGE).latest("pk")


def against(case: Application, *, now: datetime, **values: Any) -> Objection:
    """An anonymous objection from the web to the case's row on the village's sheet."""
    complaint = Complaint(Channel.WEB, "该户实际种植面积不足。", anonymous=True, **values)
    return objections.lodge(village_entry(case), complaint=complaint, now=now)


def on_village_board(world: World) -> tuple[Application, datetime]:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    stages.displayed(world, [case], kind=VILLAGE, now=moment)
    return case, moment


def test_one_of_forty_is_objected_to_and_thirty_nine_go_on(world: World) -> None:
    cases = [stages.draft(world) for _ in range(40)]
    intake.submit([Ref.of(case) for case in cases], by=world.clerk, now=world.now)
    for case in cases:
        stages.visit(world, case)
    stages.meeting(world, cases)
    stages.passed(world, cases, by=world.clerk, now=world.now)
    posting = stages.displayed(world, cases, kind=VILLAGE, now=world.now)
    objection = against(cases[7], now=world.later(6))
    assert sweeps.run(now=world.later(10)).closed == 0
    assert sweeps.run(now=world.later(11)).closed == 1
    states = [stages.again(case).state for case in cases]
    assert states.count(State.TOWNSHIP_REVIEW) == 39
    assert states[7] == State.VILLAGE_POSTING
    assert Posting.objects.get(pk=posting.pk).certificate.endswith(
        "期满时1件有未办结异议，暂不通过，待异议办结后处理。其余39件公示期间无异议，公示有效。"
    )
    stages.decided(objection, NOT_UPHELD, by=world.clerk, now=world.later(12))
    assert stages.again(cases[7]).state == State.TOWNSHIP_REVIEW
    assert village_entry(cases[7]).outcome == EntryOutcome.PASSED
    assert Posting.objects.count() == 1
    assert list(consistency.faults()) == []


ENDS: dict[str, Callable[[World, Objection, datetime], object]] = {
    "not upheld": lambda w, one, now: stages.decided(one, NOT_UPHELD, by=w.clerk, now=now),
    "not accepted": lambda w, one, now: objections.not_accept(
        one, by=w.clerk, now=now, reason="没有写明事实。"
    ),
    "withdrawn": lambda w, one, now: objections.withdraw(one, by=w.clerk, now=now, reason="本人来电撤回。"),
    "passed on": lambda w, one, now: objections.pass_on(
        one, by=w.clerk, now=now, to="示例区纪委〔示例〕", reason="反映镇干部。"
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_an_objection_that_ends_within_the_period_lets_the_case_pass_with_the_others(
    world: World, name: str
) -> None:
    case, _ = on_village_board(world)
    ENDS[name](world, against(case, now=world.later(2)), world.later(5))
    assert stages.again(case).state == State.VILLAGE_POSTING
    sweeps.run(now=world.later(10))
    assert stages.again(case).state == State.VILLAGE_POSTING
    sweeps.run(now=world.later(11))
    assert stages.again(case).state == State.TOWNSHIP_REVIEW


@pytest.mark.parametrize("name", ENDS)
def test_an_objection_that_ends_after_the_period_lets_the_case_pass_at_once(world: World, name: str) -> None:
    case, _ = on_village_board(world)
    objection = against(case, now=world.later(10))
    sweeps.run(now=world.later(11))
    assert stages.again(case).state == State.VILLAGE_POSTING
    ENDS[name](world, objection, world.later(13))
    assert stages.again(case).state == State.TOWNSHIP_REVIEW
    assert Posting.objects.count() == 1


def test_a_case_with_two_objections_waits_for_the_second(world: World) -> None:
    case, _ = on_village_board(world)
    first, second = (against(case, now=world.later(day)) for day in (2, 3))
    sweeps.run(now=world.later(11))
    stages.decided(first, NOT_UPHELD, by=world.clerk, now=world.later(12))
    assert stages.again(case).state == State.VILLAGE_POSTING
    stages.decided(second, NOT_UPHELD, by=world.clerk, now=world.later(13))
    assert stages.again(case).state == State.TOWNSHIP_REVIEW


def returned(world: World, state: State) -> tuple[Application, datetime]:
    case, moment = stages.reach(world, state)
    officer = world.reviewer if state is State.TOWNSHIP_REVIEW else world.approver
    stages.returned(world, case, by=officer, now=moment)
    return case, moment


def corrected(world: World) -> tuple[Application, datetime]:
    case, moment = stages.reach(world, State.TOWNSHIP_POSTING)
    stages.do(reviews.correct(ref(case), by=world.reviewer, now=moment, opinion="面积有误。"))
    return case, moment


def restarted(world: World) -> tuple[Application, datetime]:
    case, moment = corrected(world)
    stages.do(intake.resubmit(ref(case), by=world.clerk, now=moment))
    return case, moment


def rejected(world: World) -> tuple[Application, datetime]:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    code = RefusalCode.FACTS
    stages.do(reviews.reject(ref(case), by=world.reviewer, now=moment, reason_code=code, opinion="不符。"))
    return case, moment


def straight(state: State) -> Callable[[World], tuple[Application, datetime]]:
    return lambda world: stages.reach(world, state)


WHEREVER: dict[State, tuple[Callable[[World], tuple[Application, datetime]], State, State]] = {
    # state: (how to get there, where "corrected" leads, where "cancelled" leads)
    State.VILLAGE_REVIEW: (restarted, State.VILLAGE_CORRECTION, State.REJECTED),
    State.VILLAGE_POSTING: (on_village_board, State.VILLAGE_CORRECTION, State.REJECTED),
    State.TOWNSHIP_REVIEW: (straight(State.TOWNSHIP_REVIEW), State.TOWNSHIP_CORRECTION, State.REJECTED),
    State.TOWNSHIP_POSTING: (straight(State.TOWNSHIP_POSTING), State.VILLAGE_CORRECTION, State.REJECTED),
    State.DISTRICT_REVIEW: (straight(State.DISTRICT_REVIEW), State.DISTRICT_CORRECTION, State.REJECTED),
    State.DISTRICT_POSTING: (straight(State.DISTRICT_POSTING), State.VILLAGE_CORRECTION, State.REJECTED),
    State.ANNOUNCEMENT: (straight(State.ANNOUNCEMENT), State.DISTRICT_REVIEW, State.REJECTED),
    State.VILLAGE_CORRECTION: (corrected, State.VILLAGE_CORRECTION, State.REJECTED),
    State.TOWNSHIP_CORRECTION: (
        lambda w: returned(w, State.TOWNSHIP_REVIEW),
        State.TOWNSHIP_CORRECTION,
        State.REJECTED,
    ),
    State.DISTRICT_CORRECTION: (
        lambda w: returned(w, State.DISTRICT_REVIEW),
        State.DISTRICT_CORRECTION,
        State.REJECTED,
    ),
    State.ANNOUNCED: (straight(State.ANNOUNCED), State.ANNOUNCED, State.ANNOUNCED),
    State.REJECTED: (rejected, State.REJECTED, State.REJECTED),
}


@pytest.mark.parametrize("outcome", ObjectionOutcome)
@pytest.mark.parametrize("state", WHEREVER)
def test_an_objection_is_decided_wherever_its_case_lies(
    world: World, state: State, outcome: ObjectionOutcome
) -> None:
    reach, if_corrected, if_cancelled = WHEREVER[state]
    case, moment = reach(world)
    assert stages.again(case).state == state
    objection = against(case, now=moment)
    stages.decided(objection, outcome, by=world.clerk, now=moment)
    assert stages.again(case).state == {CORRECTED: if_corrected, CANCELLED: if_cancelled}.get(outcome, state)
    assert Objection.objects.get().state == ObjectionState.DECIDED
    if outcome != NOT_UPHELD and state in OPEN:
        assert village_entry(case).outcome == EntryOutcome.REMOVED
    assert list(consistency.faults()) == []


@pytest.mark.parametrize(("outcome", "told"), [(NOT_UPHELD, False), (CORRECTED, True), (CANCELLED, True)])
def test_the_district_is_told_of_what_it_has_to_revoke(
    world: World, outcome: ObjectionOutcome, told: bool
) -> None:
    case, moment = stages.reach(world, State.ANNOUNCED)
    stages.decided(against(case, now=moment), outcome, by=world.clerk, now=moment)
    messages = Message.objects.filter(event="to_revoke", application=case)
    people = {world.approver.pk, world.second_approver.pk} if told else set()
    assert set(messages.values_list("recipient", flat=True)) == people
    on = moment.date()
    seen = {
        who: list(worklists.to_revoke(appointments.actor(getattr(world, who), on=on)))
        for who in ("approver", "reviewer", "clerk", "supervisor", "stranger")
    }
    assert seen.pop("approver") == ([Objection.objects.get()] if told else [])
    assert not any(seen.values())
    if told:
        stages.do(reviews.revoke(ref(case), by=world.approver, now=moment, opinion="异议成立。"))
        assert not worklists.to_revoke(appointments.actor(world.approver, on=on)).exists()


def test_what_was_corrected_before_the_announcement_is_not_to_be_revoked(world: World) -> None:
    case, moment = stages.reach(world, State.DISTRICT_REVIEW)
    stages.decided(against(case, now=moment), CORRECTED, by=world.clerk, now=moment)
    assert stages.again(case).state == State.DISTRICT_CORRECTION
    stages.do(intake.resubmit(ref(case), by=world.clerk, now=moment))
    moment = stages.forward(world, case, State.VILLAGE_POSTING, moment)
    # The township's list stands, so that it is not posted there again.
    for step in (State.TOWNSHIP_REVIEW, State.TOWNSHIP_POSTING):
        moment = stages.forward(world, case, step, moment)
    assert sweeps.run(now=moment).released == 1
    for step in stages.ORDER[stages.ORDER.index(State.DISTRICT_POSTING) :]:
        moment = stages.forward(world, case, step, moment)
    assert stages.again(case).state == State.ANNOUNCED
    assert not Message.objects.filter(event="to_revoke").exists()
    assert not worklists.to_revoke(appointments.actor(world.approver, on=moment.date())).exists()


FORWARD: dict[State, Callable[[World, Application, datetime], Any]] = {
    State.TOWNSHIP_REVIEW: lambda w, case, now: reviews.pass_on(ref(case), by=w.reviewer, now=now),
    State.DISTRICT_REVIEW: lambda w, case, now: reviews.pass_on(ref(case), by=w.approver, now=now),
    State.VILLAGE_REVIEW: lambda w, case, now: reviews.pass_on(ref(case), by=w.clerk, now=now),
}


@pytest.mark.parametrize("state", FORWARD)
def test_no_review_is_passed_with_an_open_objection_but_a_return_is_free(world: World, state: State) -> None:
    case, moment = WHEREVER[state][0](world)
    against(case, now=moment)
    words = "该申请有1件未办结异议，办结之前不能进入下一步"
    refused(lambda: FORWARD[state](world, case, moment), words)
    officer = {State.TOWNSHIP_REVIEW: world.reviewer, State.DISTRICT_REVIEW: world.approver}
    stages.returned(world, case, by=officer.get(state, world.clerk), now=moment)


def test_a_late_objection_keeps_the_case_from_being_announced_until_it_is_decided(world: World) -> None:
    case, moment = stages.reach(world, State.ANNOUNCEMENT)
    objection = against(case, now=moment)
    assert objection.late
    sheet = stages.sheet(world, [case], kind=PostingKind.ANNOUNCEMENT, now=moment)
    announcements.write_items(sheet, items=stages.ITEMS, by=world.approver, now=moment)
    refused(
        lambda: announcements.publish(sheet.pk, by=world.approver, now=moment),
        "名单中没有可以公告的申请。该申请有1件未办结异议",
    )
    stages.decided(objection, NOT_UPHELD, by=world.clerk, now=moment)
    assert announcements.publish(sheet.pk, by=world.approver, now=moment)[0].done
    assert stages.again(case).state == State.ANNOUNCED


@pytest.mark.parametrize(("days", "late"), [(9.9, False), (10.6, False), (10.7, True)])
def test_late_is_what_came_in_after_the_last_day(world: World, days: float, late: bool) -> None:
    case, _ = on_village_board(world)
    assert against(case, now=world.later(days)).late is late


@pytest.mark.parametrize("concerned", [False, True])
def test_what_concerns_village_cadres_is_handled_by_the_township(world: World, concerned: bool) -> None:
    case, _ = on_village_board(world)
    objection = against(case, now=world.later(1), concerns_cadre=concerned)
    handler, other = (world.reviewer, world.clerk) if concerned else (world.clerk, world.reviewer)
    refused(lambda: objections.accept(objection, by=other, now=world.later(1)), "您没有这项任职")
    assert objections.accept(objection, by=handler, now=world.later(1)).state == ObjectionState.ACCEPTED
    clerk = appointments.actor(world.clerk, on=world.later(1).date())
    assert bool(permissions.may_see_objector(clerk, objection)) is not concerned


@pytest.mark.parametrize("kind", InterestKind)
def test_a_declared_tie_of_a_clerk_takes_the_objection_to_the_township(
    world: World, kind: InterestKind
) -> None:
    case, _ = on_village_board(world)
    Interest.objects.create(
        user=world.second_clerk, household=case.household, kind=kind, declared_on=world.now.date()
    )
    objection = against(case, now=world.later(1))
    assert (objection.concerns_cadre, objection.handling_level) == (False, "township")
    clerk = appointments.actor(world.clerk, on=world.later(1).date())
    assert not permissions.may_see_objector(clerk, objection)


def test_a_tie_elsewhere_changes_nothing(world: World) -> None:
    case, _ = on_village_board(world)
    for user in (world.clerks[1], world.reviewer):
        Interest.objects.create(
            user=user, household=case.household, kind=InterestKind.RELATIVE, declared_on=world.now.date()
        )
    objection = against(case, now=world.later(1))
    assert objection.handling_level == "village"
    reviewer = appointments.actor(world.reviewer, on=world.later(1).date())
    assert not permissions.may_see_objector(reviewer, objection)


def test_who_knows_the_objector_is_one_rule_for_one_and_for_many(world: World) -> None:
    everybody = [
        *world.clerks,
        world.second_clerk,
        world.reviewer,
        world.approver,
        world.supervisor,
        world.administrator,
        world.stranger,
    ]
    case, moment = stages.reach(world, State.DISTRICT_REVIEW)
    Interest.objects.create(
        user=world.second_reviewer, household=case.household, kind=InterestKind.OWN, declared_on=moment.date()
    )
    for level in Level:
        entry = PostingEntry.objects.filter(application=case).order_by("pk").first()
        assert entry is not None
        made = objections.lodge(entry, complaint=complaint(), now=moment)
        Objection.objects.filter(pk=made.pk).update(handling_level=level)
    for person in (*everybody, world.second_reviewer):
        actor = appointments.actor(person, on=moment.date())
        rows = Objection.objects.select_related("application__village")
        one_by_one = {one.pk for one in rows if permissions.may_see_objector(actor, one)}
        assert set(Objection.objects.disclosed_to(actor).values_list("pk", flat=True)) == one_by_one, person
        assert one_by_one <= set(Objection.objects.visible_to(actor).values_list("pk", flat=True))


def test_nobody_handles_an_objection_to_their_own_household(world: World) -> None:
    case, _ = on_village_board(world)
    objection = against(case, now=world.later(1))
    Interest.objects.create(
        user=world.clerk, household=case.household, kind=InterestKind.OWN, declared_on=world.now.date()
    )
    refused(lambda: objections.accept(objection, by=world.clerk, now=world.later(1)), "请由其他经办人办理")


def complaint(**values: object) -> Complaint:
    base: dict[str, object] = {"channel": Channel.WEB, "facts": "面积不足。", "anonymous": True}
    return Complaint(**{**base, **values})  # type: ignore[arg-type]


BAD_COMPLAINTS: dict[str, tuple[Complaint, timedelta, str]] = {
    "without facts": (complaint(facts=" \n"), timedelta(0), "请写明异议的具体事实"),
    "ten megabytes": (complaint(facts="多" * 10 * 1024 * 1024), timedelta(0), "控制在5000字以内"),
    "one character too many": (complaint(facts="多" * 5001), timedelta(0), "控制在5000字以内"),
    "named without a name": (complaint(anonymous=False, name=" "), timedelta(0), "实名异议请填写姓名"),
    "received in an hour": (complaint(), timedelta(hours=1), "收到时间不能晚于现在"),
    "received before the sheet hung": (complaint(), timedelta(days=-5), "收到时间"),
}


@pytest.mark.parametrize("name", BAD_COMPLAINTS)
def test_a_complaint_that_cannot_be_looked_into_is_refused(world: World, name: str) -> None:
    bad, shift, words = BAD_COMPLAINTS[name]
    case, moment = on_village_board(world)
    entry = village_entry(case)
    refused(lambda: objections.lodge(entry, complaint=bad, now=moment, received_at=moment + shift), words)


def test_there_is_no_objection_to_what_nobody_has_seen(world: World) -> None:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    stages.sheet(world, [case], kind=VILLAGE, now=moment)
    refused(lambda: against(case, now=moment), "该名单还没有公示，不能提出异议")


def test_only_officers_of_the_place_write_down_what_came_in_by_telephone(world: World) -> None:
    case, moment = on_village_board(world)
    entry, phoned = village_entry(case), complaint(channel=Channel.PHONE)
    for other in (world.supervisor, world.stranger, world.clerks[1]):
        refused(
            lambda by=other: objections.lodge(entry, complaint=phoned, now=moment, by=by),  # type: ignore[misc]
            "只有当地的经办人可以登记异议",
        )
    assert objections.lodge(entry, complaint=phoned, now=moment, by=world.clerk).received_by == world.clerk
