"""On whose desk a case lies: taken, given back, handed over, urged; a taken case is its holder's to decide."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from applications import history
from applications.models import Application, HistoryEntry
from applications.states import State
from notifications.models import Message
from registry.models import Interest, User
from tests import stages
from tests.workflow.refusing import refused
from tests.world import World
from workflow import consistency, custody, engine, intake, reviews, sweeps
from workflow.models import RefusalCode, ReviewTask
from workflow.results import Conflict, Ref, one
from workflow.reviews import FaultText

WHY = "同事出差。"


@pytest.fixture
def waiting(world: World) -> tuple[Application, datetime]:
    return stages.reach(world, State.TOWNSHIP_REVIEW)


def ref(case: Application) -> list[Ref]:
    return [Ref.of(stages.again(case))]


def owner(case: Application) -> User | None:
    return engine.open_tasks([case.pk])[case.pk].owner


def lines(case: Application) -> list[tuple[str, str]]:
    acts = {"take", "take_over", "give_back", "hand_over", "urge"}
    found = HistoryEntry.objects.filter(application=case, act__in=acts).order_by("seq")
    return list(found.values_list("act", "by__name"))


def told(event: str) -> list[str]:
    return sorted(Message.objects.filter(event=event).values_list("recipient__name", flat=True))


def test_a_case_is_taken_and_given_back(world: World, waiting: tuple[Application, datetime]) -> None:
    case, now = waiting
    stages.do(custody.take(ref(case), by=world.reviewer, now=now))
    task = ReviewTask.objects.get(process__approvalprocess__application=case, finished=None)
    assert (task.owner, task.assigned, task.status) == (world.reviewer, now, "ASSIGNED")
    stages.do(custody.give_back(ref(case), by=world.reviewer, now=now))
    task.refresh_from_db()
    assert (task.owner, task.assigned, task.status) == (None, None, "NEW")
    assert lines(case) == [("take", "李审核"), ("give_back", "李审核")]
    assert stages.again(case).state == State.TOWNSHIP_REVIEW
    assert history.faults(stages.again(case)) == []
    assert list(consistency.faults()) == []


DECISIONS: dict[str, Any] = {
    "pass": lambda refs, **told: reviews.pass_on(refs, **told),
    "return": lambda refs, **told: reviews.send_back(refs, faults=[FaultText("缺合同。")], **told),
    "refuse": lambda refs, **told: reviews.reject(
        refs, reason_code=RefusalCode.FACTS, opinion="与事实不符。", **told
    ),
}


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_taken_case_is_decided_by_its_holder_alone(
    world: World, waiting: tuple[Application, datetime], decision: str
) -> None:
    case, now = waiting
    stages.do(custody.take(ref(case), by=world.reviewer, now=now))
    decide = DECISIONS[decision]
    refused(lambda: decide(ref(case), by=world.second_reviewer, now=now), "由李审核办理")
    stages.do(decide(ref(case), by=world.reviewer, now=now))


def test_taking_over_needs_a_reason_and_tells_the_former_holder(
    world: World, waiting: tuple[Application, datetime]
) -> None:
    case, now = waiting
    stages.do(custody.take(ref(case), by=world.reviewer, now=now))
    other = world.second_reviewer
    refused(lambda: custody.take(ref(case), by=other, now=now), "接手必须写明理由")
    refused(lambda: custody.take(ref(case), by=world.reviewer, now=now, reason=WHY), "已经由您办理")
    stages.do(custody.take(ref(case), by=other, now=now, reason=WHY))
    assert owner(case) == other
    assert told("taken_over") == ["李审核"]
    assert lines(case)[-1] == ("take_over", "李复核")
    stages.do(reviews.pass_on(ref(case), by=other, now=now))
    done = ReviewTask.objects.filter(
        process__approvalprocess__application=case, flow_task__endswith=".township_review"
    )
    assert done.get().owner == other


def test_a_case_is_handed_to_a_colleague_who_is_told(
    world: World, waiting: tuple[Application, datetime]
) -> None:
    case, now = waiting
    to = world.second_reviewer
    stages.do(custody.hand_over(ref(case), to=to, by=world.reviewer, now=now, reason=WHY))
    assert (owner(case), told("handed_over")) == (to, ["李复核"])
    assert lines(case) == [("hand_over", "李审核")]
    refused(
        lambda: custody.hand_over(ref(case), to=world.reviewer, by=world.reviewer, now=now, reason=WHY),
        "只有李复核可以转办",
    )


WRONG_HANDS = [
    ("clerk", "reviewer", "second_reviewer", "同事", "这一步由当地的"),
    ("reviewer", "reviewer", "approver", "同事", "不能办理这件申请"),
    ("reviewer", "reviewer", "stranger", "同事", "不能办理这件申请"),
    ("reviewer", "reviewer", "reviewer", "同事", "已经由李审核办理"),
    ("reviewer", "reviewer", "second_reviewer", " ", "转办必须写明理由"),
]


@pytest.mark.parametrize(("by", "_", "to", "reason", "words"), WRONG_HANDS)
def test_wrong_hands_are_refused(
    world: World, waiting: tuple[Application, datetime], by: str, _: str, to: str, reason: str, words: str
) -> None:
    case, now = waiting
    people = {"by": getattr(world, by), "to": getattr(world, to)}
    refused(lambda: custody.hand_over(ref(case), now=now, reason=reason, **people), words)


def test_nobody_takes_or_is_handed_a_relatives_case(
    world: World, waiting: tuple[Application, datetime]
) -> None:
    case, now = waiting
    Interest.objects.create(user=world.second_reviewer, household=case.household, declared_on=now.date())
    refused(lambda: custody.take(ref(case), by=world.second_reviewer, now=now), "近亲属")
    refused(
        lambda: custody.hand_over(
            ref(case), to=world.second_reviewer, by=world.reviewer, now=now, reason=WHY
        ),
        "近亲属",
    )


@pytest.mark.parametrize("state", [State.DRAFT, State.TOWNSHIP_POSTING, State.ANNOUNCED])
def test_there_is_nothing_to_take_outside_reviews_and_corrections(world: World, state: State) -> None:
    case, now = stages.reach(world, state)
    refused(lambda: custody.take(ref(case), by=world.reviewer, now=now), "只有待审核和退回补正中的申请")


def test_only_the_holder_gives_back(world: World, waiting: tuple[Application, datetime]) -> None:
    case, now = waiting
    refused(lambda: custody.give_back(ref(case), by=world.reviewer, now=now), "还没有人取件")
    stages.do(custody.take(ref(case), by=world.reviewer, now=now))
    refused(lambda: custody.give_back(ref(case), by=world.second_reviewer, now=now), "由李审核办理")


def test_a_taken_correction_still_may_be_withdrawn_and_lapse(
    world: World, waiting: tuple[Application, datetime]
) -> None:
    case, now = waiting
    stages.returned(world, case, by=world.reviewer, now=now)
    stages.do(custody.take(ref(case), by=world.clerk, now=now))
    refused(lambda: intake.resubmit(ref(case), by=world.second_clerk, now=now), "由王村一办理")
    late = now + timedelta(days=30)
    sweeps.remind(now=late)
    stages.do(reviews.lapse(ref(case), by=world.reviewer, now=late, opinion="逾期未补正。"))


def test_urging_reaches_the_holder_once_a_day(world: World, waiting: tuple[Application, datetime]) -> None:
    case, now = waiting
    stages.do(custody.urge(ref(case), by=world.clerk, now=now, reason="农户来问。"))
    assert told("urged") == ["李复核", "李审核"]
    refused(
        lambda: custody.urge(ref(case), by=world.second_clerk, now=now, reason="再催。"), "今天已经催办过"
    )
    stages.do(custody.take(ref(case), by=world.reviewer, now=now))
    tomorrow = now + timedelta(days=1)
    stages.do(custody.urge(ref(case), by=world.clerk, now=tomorrow, reason="农户来问。"))
    assert told("urged") == ["李复核", "李审核", "李审核"]
    assert [act for act, _ in lines(case)] == ["urge", "take", "urge"]


@pytest.mark.parametrize("who", ["reviewer", "approver", "supervisor", "stranger"])
def test_only_a_level_below_urges(world: World, waiting: tuple[Application, datetime], who: str) -> None:
    case, now = waiting
    refused(
        lambda: custody.urge(ref(case), by=getattr(world, who), now=now, reason="催。"), "由下级经办人提出"
    )


@pytest.mark.parametrize("state", [State.DRAFT, State.VILLAGE_REVIEW, State.ANNOUNCED])
def test_there_is_nobody_to_urge_below_the_township_or_after_the_end(world: World, state: State) -> None:
    case, now = stages.reach(world, state)
    refused(lambda: custody.urge(ref(case), by=world.clerk, now=now, reason="催。"), "等待上级办理")


def test_a_reminder_from_below_does_not_send_the_reviewers_page_out_of_date(
    world: World, waiting: tuple[Application, datetime]
) -> None:
    case, now = waiting
    shown = Ref.of(case)
    stages.do(custody.urge(ref(case), by=world.clerk, now=now, reason="农户来问。"))
    stages.do(reviews.pass_on([shown], by=world.reviewer, now=now))
    other, now = stages.reach(world, State.TOWNSHIP_REVIEW)
    shown = Ref.of(other)
    stages.do(custody.take(ref(other), by=world.second_reviewer, now=now))
    with pytest.raises(Conflict):
        one(reviews.pass_on([shown], by=world.reviewer, now=now))


def test_the_same_click_twice_answers_with_the_first_result(
    world: World, waiting: tuple[Application, datetime]
) -> None:
    case, now = waiting
    refs, key = ref(case), stages.key()
    first = custody.take(refs, by=world.reviewer, now=now, key=key)
    assert custody.take(refs, by=world.reviewer, now=now, key=key) == first
    assert lines(case) == [("take", "李审核")]


def test_many_are_taken_in_a_number_of_statements_that_does_not_grow(
    world: World, django_assert_max_num_queries: Any
) -> None:
    cases = [stages.reach(world, State.TOWNSHIP_REVIEW) for _ in range(4)]
    now = max(moment for _, moment in cases)
    refs = [Ref.of(stages.again(case)) for case, _ in cases]
    with django_assert_max_num_queries(22):
        custody.take(refs, by=world.reviewer, now=now)
    assert {owner(case) for case, _ in cases} == {world.reviewer}
