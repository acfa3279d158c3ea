"""Visits and meetings that count, and those that do not (入户核实, 民主评议)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from applications.models import Application, AppraisalMeeting, MeetingKind, VerificationVisit
from applications.states import State
from tests import stages
from tests.workflow.refusing import refused
from tests.world import World, photo
from workflow import fieldwork, intake, reviews
from workflow.fieldwork import Minutes, VerifierName
from workflow.results import Ref

QIAN = VerifierName("钱队员", "驻村工作队")
SUN = VerifierName("孙队员", "驻村工作队")
MINUTES = Minutes(
    kind=MeetingKind.ASSEMBLY,
    held_on=date(2021, 3, 1),
    place="村部",
    entitled=30,
    present=20,
    chair="钱主任",
    recorder="孙文书",
    minutes="逐户评议。",
)


@pytest.fixture
def case(world: World) -> Application:
    """Handed in on 1 March, neither visited nor appraised."""
    made = stages.draft(world)
    stages.do(intake.submit([Ref.of(made)], by=world.clerk, now=world.now))
    return stages.again(made)


def visit(world: World, case: Application, **values: object) -> VerificationVisit:
    given: dict[str, object] = {
        "by": world.clerk,
        "now": world.now,
        "visited_on": date(2021, 3, 1),
        "verifiers": [VerifierName(world.clerk.name), QIAN],
        "findings": "情况与申请一致。",
        "confirmed": True,
    }
    return fieldwork.record_visit(Ref.of(stages.again(case)), **{**given, **values})  # type: ignore[arg-type]


BAD_VISITS: dict[str, tuple[Callable[[World], dict[str, object]], str]] = {
    "by one person": (lambda w: {"verifiers": [QIAN]}, "须有两名以上核实人"),
    "by one person named twice": (
        lambda w: {"verifiers": [QIAN, VerifierName(" 钱队员 ")]},
        "须有两名以上核实人",
    ),
    "by the enterer and nobody": (
        lambda w: {"verifiers": [VerifierName(w.clerk.name), VerifierName(" ")]},
        "须有两名以上核实人",
    ),
    "tomorrow": (lambda w: {"visited_on": date(2021, 3, 2)}, "核实日期不能晚于今天"),
    "before the application": (lambda w: {"visited_on": date(2021, 2, 28)}, "核实日期不能早于申请日期"),
    "without findings": (lambda w: {"findings": " "}, "请写明核实情况"),
    "written down by the township": (lambda w: {"by": w.reviewer}, "您没有这项任职"),
    "written down by another village": (lambda w: {"by": w.clerks[1]}, "您没有这项任职"),
    "with a photo that is none": (
        lambda w: {"photos": [photo(), type(photo())("假.jpg", b"not a photo")]},
        "不是JPG或PNG照片",
    ),
}


@pytest.mark.parametrize("name", BAD_VISITS)
def test_a_visit_that_does_not_count_is_refused(world: World, case: Application, name: str) -> None:
    values, words = BAD_VISITS[name]
    given = values(world)
    refused(lambda: visit(world, case, **given), words)


def test_two_verifiers_one_of_whom_did_not_enter_the_case_are_enough(world: World, case: Application) -> None:
    made = visit(world, case)
    assert [person.name for person in made.verifiers.all()] == ["王村一", "钱队员"]
    assert stages.again(case).revision == case.revision + 1


def test_a_verifier_named_twice_among_three_is_kept_once(world: World, case: Application) -> None:
    made = visit(world, case, verifiers=[QIAN, SUN, QIAN])
    assert [person.name for person in made.verifiers.all()] == ["钱队员", "孙队员"]


def test_a_visit_after_the_village_has_declared_is_refused(world: World) -> None:
    declared, moment = stages.reach(world, State.VILLAGE_POSTING)
    refused(lambda: visit(world, declared, now=moment), "可以修改")


def meet(
    world: World, votes: dict[int, int], minutes: Minutes, *, village: int = 0, days: int = 0
) -> AppraisalMeeting:
    return fieldwork.record_meeting(
        world.villages[village],
        minutes=minutes,
        votes=votes,
        by=world.clerks[village],
        now=world.now + timedelta(days=days),
    )


BAD_MEETINGS: dict[str, tuple[Minutes, str]] = {
    "one short of two thirds": (replace(MINUTES, present=19), "须有应到人数三分之二以上到会"),
    "half of a committee": (
        replace(MINUTES, kind=MeetingKind.COMMITTEE, entitled=6, present=3),
        "须有应到人数过半数到会",
    ),
    "half of a village group": (
        replace(MINUTES, kind=MeetingKind.GROUP, entitled=20, present=10),
        "须有应到人数过半数到会",
    ),
    "more present than entitled": (replace(MINUTES, present=31), "实到人数不能多于应到人数"),
    "nobody entitled and nobody there": (replace(MINUTES, entitled=0, present=0), "到会"),
    "tomorrow": (replace(MINUTES, held_on=date(2021, 3, 2)), "会议日期不能晚于今天"),
    "before the application": (replace(MINUTES, held_on=date(2021, 2, 28)), "申请日期晚于会议日期"),
    "without chair": (replace(MINUTES, chair=" "), "请填写主持人"),
    "without recorder": (replace(MINUTES, recorder=""), "请填写记录人"),
    "without record": (replace(MINUTES, minutes=""), "请填写会议记录"),
}


@pytest.mark.parametrize("name", BAD_MEETINGS)
def test_a_meeting_that_does_not_count_is_refused(world: World, case: Application, name: str) -> None:
    minutes, words = BAD_MEETINGS[name]
    refused(lambda: meet(world, {case.pk: 0}, minutes), words)


QUORATE = [
    (MeetingKind.ASSEMBLY, 30, 20),
    (MeetingKind.ASSEMBLY, 31, 21),
    (MeetingKind.COMMITTEE, 6, 4),
    (MeetingKind.GROUP, 21, 11),
]


@pytest.mark.parametrize(("kind", "entitled", "present"), QUORATE)
def test_a_quorate_meeting_appraises(
    world: World, case: Application, kind: MeetingKind, entitled: int, present: int
) -> None:
    made = meet(world, {case.pk: present}, replace(MINUTES, kind=kind, entitled=entitled, present=present))
    assert [(item.application_id, item.in_favour) for item in made.items.all()] == [(case.pk, present)]


def test_more_votes_than_people_present_are_refused(world: World, case: Application) -> None:
    refused(lambda: meet(world, {case.pk: 21}, MINUTES), "同意人数不能多于实到人数")


def test_fewer_votes_than_none_are_refused(world: World, case: Application) -> None:
    refused(lambda: meet(world, {case.pk: -1}, MINUTES), "同意人数")


def test_a_meeting_about_no_case_is_refused(world: World) -> None:
    refused(lambda: meet(world, {}, MINUTES), "请至少选择一件")


def test_a_meeting_about_a_case_that_does_not_exist_is_refused(world: World, case: Application) -> None:
    refused(lambda: meet(world, {case.pk: 20, case.pk + 1000: 20}, MINUTES), "没有找到")


def test_a_village_appraises_its_own_cases_only(world: World, case: Application) -> None:
    refused(lambda: meet(world, {case.pk: 20}, MINUTES, village=1), "不属于示例2村")


def test_a_case_that_is_not_under_village_review_is_not_appraised(world: World) -> None:
    draft = stages.draft(world)
    refused(lambda: meet(world, {draft.pk: 20}, MINUTES), "不在待村级申报环节")


def test_one_bad_case_keeps_the_whole_meeting_out(world: World, case: Application) -> None:
    other = stages.draft(world)
    refused(lambda: meet(world, {case.pk: 20, other.pk: 20}, MINUTES), "不在待村级申报环节")


def test_only_the_village_records_its_meeting(world: World, case: Application) -> None:
    refused(
        lambda: fieldwork.record_meeting(
            world.village, minutes=MINUTES, votes={case.pk: 20}, by=world.reviewer, now=world.now
        ),
        "您没有这项任职",
    )


def handed_in(world: World) -> Application:
    case = stages.draft(world)
    stages.do(intake.submit([Ref.of(case)], by=world.clerk, now=world.now))
    return case


def visited(world: World, *, confirmed: bool = True) -> Application:
    case = handed_in(world)
    fieldwork.record_visit(
        Ref(case.pk),
        by=world.clerk,
        now=world.now,
        visited_on=date(2021, 3, 1),
        verifiers=[VerifierName("孙队员"), VerifierName("钱队员")],
        findings="到户查看。",
        confirmed=confirmed,
    )
    return case


def voted_down(world: World) -> Application:
    case = visited(world)
    meet(world, {case.pk: 10}, MINUTES)
    return case


VILLAGE_WORK: dict[str, tuple[Callable[[World], Application], str]] = {
    "not visited": (handed_in, "还没有登记情况属实的入户核实"),
    "found not as stated": (lambda world: visited(world, confirmed=False), "还没有登记情况属实的入户核实"),
    "not appraised": (visited, "还没有经过民主评议"),
    "half of the votes": (voted_down, "民主评议没有通过"),
}


@pytest.mark.parametrize("name", VILLAGE_WORK)
def test_the_village_declares_nothing_before_its_work_is_done(world: World, name: str) -> None:
    make, words = VILLAGE_WORK[name]
    case = make(world)
    refused(lambda: reviews.pass_on([Ref.of(stages.again(case))], by=world.clerk, now=world.now), words)
