"""That a named objector was told, and that what came in over the limit was confirmed (告知, 电话核实)."""

from datetime import date
from typing import Any

import pytest

from applications.models import HistoryEntry
from applications.states import State
from tests import stages
from tests.workflow.refusing import refused
from tests.world import World
from workflow import objections
from workflow.models import (
    Channel,
    Objection,
    ObjectionState,
    ObjectorTold,
    PostingEntry,
    PostingKind,
    Telling,
    Way,
)
from workflow.objections import Complaint

S = ObjectionState
NAME, PHONE = "吴异议人", "5550000"


def lodged(world: World, **values: Any) -> Objection:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    posting = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    given = {"name": NAME, "phone": PHONE, **values}
    complaint = Complaint(Channel.WEB, "面积不足。", **given)
    return objections.lodge(PostingEntry.objects.get(posting=posting), complaint=complaint, now=moment)


def tell(world: World, objection: Objection, matter: Telling, on: date, *, later: float = 5) -> Objection:
    return objections.tell(
        objection, matter=matter, way=Way.IN_PERSON, told_on=on, by=world.clerk, now=world.later(later)
    )


def test_acceptance_and_outcome_are_each_told_once_with_day_and_way(world: World) -> None:
    objection = lodged(world)
    objections.accept(objection, by=world.clerk, now=world.later(1))
    assert Objection.objects.get().due_telling is Telling.ACCEPTANCE
    tell(world, objection, Telling.ACCEPTANCE, date(2021, 3, 2))
    objections.investigate(objection, by=world.clerk, now=world.later(2), investigators=["甲", "乙"])
    objections.decide(
        objection,
        by=world.clerk,
        now=world.later(3),
        outcome="not_upheld",
        findings="量。",
        reason="足。",  # type: ignore[arg-type]
    )
    assert Objection.objects.get().due_telling is Telling.OUTCOME
    tell(world, objection, Telling.OUTCOME, date(2021, 3, 5))
    assert list(ObjectorTold.objects.values_list("matter", "way", "told_on", "by")) == [
        ("acceptance", "in_person", date(2021, 3, 2), world.clerk.pk),
        ("outcome", "in_person", date(2021, 3, 5), world.clerk.pk),
    ]
    refused(lambda: tell(world, objection, Telling.OUTCOME, date(2021, 3, 5)), "已经登记过告知异议人办理结果")
    lines = list(HistoryEntry.objects.filter(act="objector_told").values_list("text", flat=True))
    assert lines == [
        f"异议（编号{objection.number}）已将受理告知异议人。",
        f"异议（编号{objection.number}）已将办理结果告知异议人。",
    ]


@pytest.mark.parametrize(
    ("on", "matter", "words"),
    [
        (date(2021, 3, 1), Telling.ACCEPTANCE, "告知日期应在受理之日（2021-03-02）和今天之间"),
        (date(2021, 3, 7), Telling.ACCEPTANCE, "告知日期应在受理之日（2021-03-02）和今天之间"),
        (date(2021, 3, 3), Telling.OUTCOME, "该异议还没有办理结果"),
    ],
)
def test_nobody_is_told_before_it_happened_or_tomorrow(
    world: World, on: date, matter: Telling, words: str
) -> None:
    objection = lodged(world)
    objections.accept(objection, by=world.clerk, now=world.later(1))
    refused(lambda: tell(world, objection, matter, on), words)


def test_whoever_left_neither_name_nor_telephone_is_not_told(world: World) -> None:
    objection = lodged(world, anonymous=True, name="", phone="")
    objections.accept(objection, by=world.clerk, now=world.later(1))
    refused(lambda: tell(world, objection, Telling.ACCEPTANCE, date(2021, 3, 2)), "没有留下姓名和电话")


def test_a_withdrawn_objection_has_no_outcome_to_tell(world: World) -> None:
    objection = lodged(world)
    objections.withdraw(objection, by=world.clerk, now=world.later(1), reason="来电撤回。")
    refused(lambda: tell(world, objection, Telling.OUTCOME, date(2021, 3, 2)), "还没有办理结果")


def test_only_the_handling_level_says_that_it_has_told(world: World) -> None:
    objection = lodged(world, concerns_cadre=True)
    objections.accept(objection, by=world.reviewer, now=world.later(1))
    refused(lambda: tell(world, objection, Telling.ACCEPTANCE, date(2021, 3, 2)), "您没有这项任职")


def test_what_came_over_the_limit_is_confirmed_once_and_is_handled_meanwhile(world: World) -> None:
    objection = lodged(world, to_confirm=True)
    assert objection.waits_for_a_call
    objections.accept(objection, by=world.clerk, now=world.later(1))
    done = objections.confirm(objection, by=world.clerk, now=world.later(2))
    assert (done.waits_for_a_call, done.confirmed_by, done.state) == (False, world.clerk, S.ACCEPTED)
    refused(lambda: objections.confirm(objection, by=world.clerk, now=world.later(2)), "不需要电话核实")


def test_what_came_within_the_limit_needs_no_call(world: World) -> None:
    objection = lodged(world)
    refused(lambda: objections.confirm(objection, by=world.clerk, now=world.later(1)), "不需要电话核实")


@pytest.mark.parametrize("secret", [NAME, PHONE])
def test_a_reason_that_names_the_objector_is_refused(world: World, secret: str) -> None:
    objection = lodged(world)
    told: dict[str, Any] = {"by": world.clerk, "now": world.later(1)}
    text, words = f"据{secret}反映，情况不实。", "不能写出异议人的姓名和电话"
    refused(lambda: objections.not_accept(objection, reason=text, **told), words)
    refused(lambda: objections.withdraw(objection, reason=text, **told), words)
    refused(lambda: objections.pass_on(objection, to="区纪委〔示例〕", reason=text, **told), words)
    refused(lambda: objections.pass_on(objection, to=text, reason="移送。", **told), words)
    stages.investigated(objection, by=world.clerk, now=world.later(1))
    refused(
        lambda: objections.decide(
            objection,
            outcome="cancelled",
            findings="丈量。",
            reason=text,
            **told,  # type: ignore[arg-type]
        ),
        words,
    )
