"""What reviewers may not do, and that trying it changes nothing (审核, 审定)."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.utils import timezone

from applications.models import Application
from applications.states import Level, State
from registry import appointments
from registry.models import Interest, InterestKind, Role, User
from tests import stages
from tests.workflow.refusing import refused
from tests.world import World
from workflow import postings, reviews, sweeps
from workflow.models import Deadline, Decision, Fault, PostingKind, PostingState, RefusalCode
from workflow.proceedings import Cut
from workflow.results import Ref, Result
from workflow.reviews import FaultText
from workflow.steps import POSTING_STATE

FAULT = FaultText("缺少土地承包合同复印件")


def ref(case: Application) -> list[Ref]:
    return [Ref.of(stages.again(case))]


def person(world: World, name: str) -> User:
    return world.clerks[1] if name == "clerk of another village" else getattr(world, name)


REVIEWERS = {
    State.VILLAGE_REVIEW: {"clerk", "second_clerk"},
    State.TOWNSHIP_REVIEW: {"reviewer", "second_reviewer"},
    State.DISTRICT_REVIEW: {"approver", "second_approver"},
}
EVERYBODY = (
    "clerk",
    "second_clerk",
    "clerk of another village",
    "reviewer",
    "second_reviewer",
    "approver",
    "second_approver",
    "supervisor",
    "administrator",
    "stranger",
)


def review_acts(cases: list[Ref], by: User, now: datetime) -> dict[str, Callable[[], list[Result]]]:
    """The three ways out of any review."""
    return {
        "pass": lambda: reviews.pass_on(cases, by=by, now=now),
        "send back": lambda: reviews.send_back(cases, by=by, now=now, faults=[FAULT]),
        "reject": lambda: reviews.reject(
            cases, by=by, now=now, reason_code=RefusalCode.FACTS, opinion="与事实不符。"
        ),
    }


@pytest.mark.parametrize("state", REVIEWERS)
def test_a_review_belongs_to_the_people_of_its_level_and_region(world: World, state: State) -> None:
    case, moment = stages.reach(world, state)
    for name in EVERYBODY:
        if name in REVIEWERS[state]:
            continue
        for act in review_acts(ref(case), person(world, name), moment).values():
            refused(act, "您没有这项任职")
    for name in sorted(REVIEWERS[state]):
        other, at = stages.reach(world, state)
        assert review_acts(ref(other), person(world, name), at)["pass"]()[0].done


@pytest.mark.parametrize("kind", InterestKind)
@pytest.mark.parametrize("state", REVIEWERS)
def test_nobody_decides_their_own_household_s_case_or_a_relative_s(
    world: World, state: State, kind: InterestKind
) -> None:
    case, moment = stages.reach(world, state)
    officer = person(world, min(REVIEWERS[state]))
    Interest.objects.create(user=officer, household=case.household, kind=kind, declared_on=date(2021, 1, 1))
    for act in review_acts(ref(case), officer, moment).values():
        refused(act, "这是您本人家庭或近亲属家庭的申请，请由其他经办人办理")


@pytest.mark.parametrize(
    ("state", "role", "place"),
    [
        (State.TOWNSHIP_REVIEW, Role.TOWNSHIP_REVIEWER, "township"),
        (State.DISTRICT_REVIEW, Role.DISTRICT_APPROVER, "county"),
    ],
)
def test_a_clerk_who_has_become_a_reviewer_decides_no_case_of_the_time_before(
    world: World, state: State, role: Role, place: str
) -> None:
    case, moment = stages.reach(world, state)
    appointments.appoint(
        world.clerk, role=role, region=getattr(world, place), starts_on=date(2021, 3, 1), by=None
    )
    for act in review_acts(ref(case), world.clerk, moment).values():
        refused(act, "您已在村级经办过该申请，同一人不得在两级经办同一申请")


CUTS: dict[str, tuple[Cut, str, str]] = {
    "quantity upwards": (Cut(Decimal(4), Decimal(900), "丈量"), "丈量。", "只能核减数量或金额，不能调高"),
    "amount upwards": (Cut(Decimal(3), Decimal(901), "丈量"), "丈量。", "只能核减数量或金额，不能调高"),
    "to nothing": (Cut(Decimal(0), Decimal(0), "丈量"), "丈量。", "核减后的数量必须大于0"),
    "below nothing": (Cut(Decimal(2), Decimal(-1), "丈量"), "丈量。", "金额不能为负"),
    "without a reason": (Cut(Decimal(2), Decimal(600), "2×300"), " ", "核减数量或金额时必须写明理由"),
    "without its working": (Cut(Decimal(2), Decimal(600), " "), "丈量。", "计算过程"),
    "to an amount above the standard for the quantity": (
        Cut(Decimal(1), Decimal(900), "丈量"),
        "丈量。",
        "标准",
    ),
    "finer than a posted row can show": (Cut(Decimal("2.333"), Decimal(600), "丈量"), "丈量。", "两位小数"),
}


@pytest.mark.parametrize("name", CUTS)
def test_a_cut_that_is_none_is_refused(world: World, name: str) -> None:
    cut, opinion, words = CUTS[name]
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    refused(
        lambda: reviews.pass_on(
            ref(case), by=world.reviewer, now=moment, opinion=opinion, cuts={case.pk: cut}
        ),
        words,
    )


def test_a_cut_is_kept_with_both_figures_and_its_working(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    cut = Cut(Decimal(2), Decimal(600), "2亩 × 300.00元/亩 = 600.00元")
    stages.do(
        reviews.pass_on(ref(case), by=world.reviewer, now=moment, opinion="实测2亩。", cuts={case.pk: cut})
    )
    now, decision = stages.again(case), Decision.objects.get(act="pass_township_review")
    assert (now.claimed_quantity, now.claimed_amount) == (Decimal(3), Decimal(900))
    assert (now.quantity, now.amount, now.working) == (Decimal(2), Decimal(600), cut.working)
    assert (decision.quantity_before, decision.quantity_after) == (Decimal(3), Decimal(2))
    assert (decision.amount_before, decision.amount_after) == (Decimal(900), Decimal(600))
    assert decision.is_cut
    posting = stages.displayed(world, [case], kind=PostingKind.TOWNSHIP, now=moment)
    row = posting.entries.get().row
    assert (row["claimed_amount"], row["amount"], row["quantity"], row["remark"]) == (
        "900.00",
        "600.00",
        "2",
        "核减",
    )


def test_one_refused_case_of_a_list_keeps_its_reason_and_the_others_pass(world: World) -> None:
    first, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    second, _ = stages.reach(world, State.TOWNSHIP_REVIEW)
    up = Cut(Decimal(9), Decimal(900), "丈量")
    results = reviews.pass_on(
        [*ref(first), *ref(second)], by=world.reviewer, now=moment, opinion="丈量。", cuts={first.pk: up}
    )
    assert [one.done for one in results] == [False, True]
    assert stages.again(first).state == State.TOWNSHIP_REVIEW
    assert stages.again(second).state == State.TOWNSHIP_POSTING


WITHOUT_REASON: dict[str, tuple[State, str, Callable[..., list[Result]], str]] = {
    "send back without faults": (
        State.TOWNSHIP_REVIEW,
        "reviewer",
        partial(reviews.send_back, faults=[]),
        "必须一次性列明需要补正的内容",
    ),
    "send back with an empty fault": (
        State.TOWNSHIP_REVIEW,
        "reviewer",
        partial(reviews.send_back, faults=[FaultText("  ")]),
        "必须一次性列明需要补正的内容",
    ),
    "reject without code": (
        State.TOWNSHIP_REVIEW,
        "reviewer",
        partial(reviews.reject, reason_code="", opinion="不符。"),
        "必须选择原因",
    ),
    "reject with an unknown code": (
        State.TOWNSHIP_REVIEW,
        "reviewer",
        partial(reviews.reject, reason_code="because", opinion="不符。"),
        "必须选择原因",
    ),
    "reject without text": (
        State.TOWNSHIP_REVIEW,
        "reviewer",
        partial(reviews.reject, reason_code=RefusalCode.FACTS, opinion=" "),
        "不予批准必须写明理由",
    ),
    "give back to the township": (
        State.DISTRICT_REVIEW,
        "approver",
        partial(reviews.return_to_township, opinion=""),
        "退回乡级重审必须写明理由",
    ),
    "take back": (
        State.TOWNSHIP_POSTING,
        "reviewer",
        partial(reviews.take_back, opinion=""),
        "收回必须写明理由",
    ),
    "correct": (
        State.TOWNSHIP_POSTING,
        "reviewer",
        partial(reviews.correct, opinion=""),
        "更正必须写明公示内容哪里有误",
    ),
    "stop": (State.ANNOUNCEMENT, "approver", partial(reviews.stop, opinion=""), "暂停公告必须写明理由"),
    "revoke": (State.ANNOUNCED, "approver", partial(reviews.revoke, opinion=""), "撤销必须写明理由"),
}


@pytest.mark.parametrize("name", WITHOUT_REASON)
def test_an_act_against_a_household_says_why(world: World, name: str) -> None:
    state, officer, act, words = WITHOUT_REASON[name]
    case, moment = stages.reach(world, state)
    refused(lambda: act(ref(case), by=person(world, officer), now=moment), words)


def test_all_faults_of_a_return_stand_in_one_numbered_list(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    faults = [FAULT, FaultText(" "), FaultText("面积与合同不符")]
    stages.do(reviews.send_back(ref(case), by=world.reviewer, now=moment, faults=faults))
    assert list(Fault.objects.values_list("number", "text")) == [(1, FAULT.text), (2, "面积与合同不符")]
    decision = Decision.objects.get(act="send_back")
    assert decision.opinion == "1. 缺少土地承包合同复印件；2. 面积与合同不符"


def test_a_return_cannot_be_delivered_before_it_is_made(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    refused(
        lambda: reviews.send_back(
            ref(case), by=world.reviewer, now=moment, faults=[FAULT], delivered_on=date(2021, 2, 1)
        ),
        "送达",
    )


def overdue(world: World) -> tuple[Application, Deadline]:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    stages.returned(world, case, by=world.reviewer, now=moment)
    return case, Deadline.objects.get(application=case, settled_at__isnull=True)


def at_nine(day: date, days: int = 0) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(9))) + timedelta(days=days)


def test_a_correction_lapses_neither_early_nor_without_a_reminder(world: World) -> None:
    case, due = overdue(world)
    too_early = "补正期限未满或尚未催办，不能逾期终止"

    def lapse(now: datetime, by: User = world.reviewer) -> Sequence[Result]:
        return reviews.lapse(ref(case), by=by, now=now, opinion="逾期未补正。")

    refused(lambda: lapse(at_nine(due.due_on, 1)), too_early)
    sweeps.remind(now=at_nine(due.due_on, -1))
    refused(lambda: lapse(at_nine(due.due_on)), too_early)
    refused(lambda: lapse(at_nine(due.due_on, 1), world.clerk), "您没有这项任职")
    refused(lambda: lapse(at_nine(due.due_on, 1), world.approver), "您没有这项任职")
    assert lapse(at_nine(due.due_on, 1))[0].done
    assert stages.again(case).state == State.LAPSED


@pytest.mark.parametrize("level", [Level.TOWNSHIP, Level.DISTRICT])
def test_a_row_corrected_on_display_lapses_by_the_level_that_corrected_it(world: World, level: Level) -> None:
    officers = {Level.VILLAGE: world.clerk, Level.TOWNSHIP: world.reviewer, Level.DISTRICT: world.approver}
    case, moment = stages.reach(world, POSTING_STATE[level])
    stages.do(reviews.correct(ref(case), by=officers[level], now=moment, opinion="面积有误。"))
    assert stages.again(case).state == State.VILLAGE_CORRECTION
    due = Deadline.objects.get(application=case, objection__isnull=True, settled_at__isnull=True)
    sweeps.remind(now=at_nine(due.due_on, -1))
    late = at_nine(due.due_on, 1)

    def lapse(by: User) -> Sequence[Result]:
        return reviews.lapse(ref(case), by=by, now=late, opinion="逾期未补正。")

    for other in set(Level) - {level}:
        refused(lambda by=officers[other]: lapse(by), "您没有这项任职")  # type: ignore[misc]
    assert lapse(officers[level])[0].done
    assert stages.again(case).state == State.LAPSED
    assert Decision.objects.get(act="lapse").level == level


def test_what_hangs_on_a_board_is_not_taken_back(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_POSTING)
    posting = stages.displayed(world, [case], kind=PostingKind.TOWNSHIP, now=moment)
    refused(
        lambda: reviews.take_back(ref(case), by=world.reviewer, now=moment, opinion="重审。"),
        "正在公示栏上公示，不能直接收回",
    )
    postings.take_down(posting, by=world.reviewer, now=moment, reason="标题有误。")
    stages.do(reviews.take_back(ref(case), by=world.reviewer, now=moment, opinion="重审。"))
    assert stages.again(case).state == State.TOWNSHIP_REVIEW


def test_a_revoked_result_leaves_its_announcement_up_with_a_notice(world: World) -> None:
    case, moment = stages.reach(world, State.ANNOUNCED)
    stages.do(reviews.revoke(ref(case), by=world.approver, now=moment, opinion="经查不符合条件。"))
    entry, correction = case.entries.filter(level=PostingKind.ANNOUNCEMENT).order_by("pk")
    assert stages.again(case).state == State.REVOKED
    assert (entry.posting.state, correction.outcome) == (PostingState.CORRECTED, "revoked")
    assert (entry.outcome, entry.outcome_reason) == ("removed", "撤销：经查不符合条件。")
