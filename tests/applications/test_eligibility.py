"""Who may apply for what, when, and for how much: each refusal with its own sentence."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from applications import eligibility
from applications.amounts import CapReached
from applications.eligibility import Claim, NotEligible, surroundings
from applications.models import Application, Beneficiary, ProgrammeKind
from applications.states import LIVE, State
from registry.models import Category, Household, Member, MemberStatus
from tests import stages
from tests.workflow import law_stages
from tests.world import World, programme

TODAY = date(2021, 3, 1)


def claim(world: World, household: Household | None = None, **values: Any) -> Claim:
    one = household or world.household()
    given: dict[str, Any] = {
        "programme": world.grain,
        "member": None,
        "payee": one.head,
        "quantity": Decimal(3),
    }
    return Claim(household=one, **{**given, **values})


def travels(world: World, household: Household, member: Member | None) -> Claim:
    return claim(
        world,
        household,
        programme=world.travel,
        member=member,
        payee=member or household.head,
        quantity=Decimal(1),
    )


def assess(world: World, asked: Claim, **values: Any) -> eligibility.Assessment:
    return eligibility.assess(asked, **{"village": world.village, "today": TODAY, **values})


def elsewhere(world: World) -> Claim:
    return claim(world, world.household(village=1))


def not_here(world: World) -> Claim:
    world.grain.region = world.villages[1]
    return claim(world)


def inactive(world: World) -> Claim:
    world.grain.active = False
    return claim(world)


def wrong_category(world: World) -> Claim:
    world.grain.target_categories = [Category.LOW_INCOME.value]
    return claim(world)


def of_kind(kind: ProgrammeKind) -> Callable[[World], Claim]:
    def made(world: World) -> Claim:
        world.grain.kind = kind
        return claim(world)

    return made


def person_missing(world: World) -> Claim:
    return travels(world, world.household(), None)


def person_too_many(world: World) -> Claim:
    household = world.household()
    return claim(world, household, member=household.head)


def stranger_applies(world: World) -> Claim:
    return travels(world, world.household(), world.member(world.household(), name="别户人"))


def stranger_is_paid(world: World) -> Claim:
    return claim(world, payee=world.member(world.household(), name="别户人"))


def applicant(**values: Any) -> Callable[[World], Claim]:
    def made(world: World) -> Claim:
        household = world.household()
        return travels(world, household, world.member(household, name="示例子", **values))

    return made


def payee(**values: Any) -> Callable[[World], Claim]:
    def made(world: World) -> Claim:
        household = world.household()
        return claim(world, household, payee=world.member(household, name="示例子", **values))

    return made


REFUSED: dict[str, tuple[Callable[[World], Claim], str]] = {
    "household of another village": (elsewhere, "该户不属于本村，不能代办。"),
    "programme of another place": (not_here, "项目“示例种植补助”不在本地实施。"),
    "programme out of use": (inactive, "项目“示例种植补助”已停用，不能申报。"),
    "wrong category": (wrong_category, "该户类别是“一般脱贫户”，不在“示例种植补助”的补贴对象之内。"),
    "training": (of_kind(ProgrammeKind.TRAINING), "“示例种植补助”只作记录，不走申报审批。"),
    "loan": (of_kind(ProgrammeKind.FINANCE), "“示例种植补助”只作记录，不走申报审批。"),
    "person missing": (person_missing, "“示例交通补贴”按人补助，请选择申请对象。"),
    "person too many": (person_too_many, "“示例种植补助”按户补助，不需要选择申请对象。"),
    "stranger applies": (stranger_applies, "申请对象别户人不是该户成员。"),
    "stranger is paid": (stranger_is_paid, "收款人别户人不是该户成员。"),
    "applicant dead": (applicant(status=MemberStatus.DECEASED), "申请对象示例子已登记为“死亡”，不能申报。"),
    "applicant gone": (applicant(status=MemberStatus.MOVED), "申请对象示例子已登记为“迁出”，不能申报。"),
    "applicant excluded": (applicant(public_employee=True), "申请对象示例子是财政供养人员，不能申报。"),
    "payee dead": (payee(status=MemberStatus.DECEASED), "收款人示例子已登记为“死亡”，不能申报。"),
    "payee gone": (payee(status=MemberStatus.MOVED), "收款人示例子已登记为“迁出”，不能申报。"),
    "payee excluded": (payee(public_employee=True), "收款人示例子是财政供养人员，不能申报。"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_claim_is_refused_with_its_reason(world: World, why: str) -> None:
    made, sentence = REFUSED[why]
    with pytest.raises(NotEligible) as caught:
        assess(world, made(world))
    assert caught.value.sentence == sentence


@pytest.mark.parametrize(
    ("today", "sentence"),
    [
        (date(2020, 12, 31), "项目“示例种植补助”从2021年01月01日起申报，现在还没有开始。"),
        (date(2021, 1, 1), ""),
        (date(2021, 12, 31), ""),
        (date(2022, 1, 1), "项目“示例种植补助”的申报已于2021年12月31日截止。"),
    ],
)
def test_window_is_open_from_its_first_day_to_its_last(world: World, today: date, sentence: str) -> None:
    asked = claim(world)
    if not sentence:
        assert assess(world, asked, today=today).amount.value == 900
        return
    with pytest.raises(NotEligible) as caught:
        assess(world, asked, today=today)
    assert caught.value.sentence == sentence
    assert assess(world, asked, today=today, in_window=False).amount.value == 900


def test_person_applies_once_a_year_and_again_only_when_the_first_came_to_nothing(world: World) -> None:
    case, moment = stages.reach(world, State.VILLAGE_REVIEW, programme=world.travel, **person(world))
    again = travels(world, case.household, case.member)
    with pytest.raises(NotEligible) as caught:
        assess(world, again)
    assert case.number in caught.value.sentence
    assert caught.value.sentence.endswith("不能重复申报。")
    assert assess(world, again, besides=case.pk).amount.value == 500
    other = world.member(case.household, name="另一人")
    assert assess(world, travels(world, case.household, other)).amount.value == 500
    stages.do(
        law_stages.intake.withdraw(law_stages.refs(case), by=world.clerk, now=moment, opinion="不再申请。")
    )
    assert assess(world, again).amount.value == 500


def person(world: World) -> dict[str, Any]:
    household = world.household()
    return {"household": household, "member": world.member(household, name="示例子"), "quantity": Decimal(1)}


def test_later_version_of_a_programme_is_the_same_programme(world: World) -> None:
    case, _ = stages.reach(world, State.VILLAGE_REVIEW, programme=world.travel, **person(world))
    second = programme(
        world.county,
        code=world.travel.code,
        version=2,
        kind=world.travel.kind,
        beneficiary=Beneficiary.PERSON,
        rule=world.travel.rule,
    )
    asked = travels(world, case.household, case.member)
    with pytest.raises(NotEligible, match="不能重复申报"):
        assess(world, Claim(second, asked.household, asked.member, asked.payee, asked.quantity))


@pytest.mark.parametrize("state", State)
def test_what_counts_against_the_cap_is_what_may_still_be_paid(world: World, state: State) -> None:
    case, _ = law_stages.at(world, state)
    expected = Decimal("900.00") if state in LIVE else Decimal(0)
    other = world.household()
    around = surroundings([claim(world, case.household), claim(world, other)])
    assert around.received(world.grain, case.household) == expected
    assert around.received(world.grain, case.household, besides=case.pk) == 0
    assert around.received(world.grain, other) == 0


def test_household_at_its_cap_is_refused_and_below_it_gets_the_rest(world: World) -> None:
    household = world.household()
    stages.draft(world, household=household, quantity=Decimal(15))
    rest = assess(world, claim(world, household, quantity=Decimal(3)))
    assert rest.amount.value == Decimal("500.00")
    assert rest.given.already == Decimal("4500.00")
    stages.draft(world, household=household, quantity=Decimal(3))
    with pytest.raises(CapReached) as caught:
        assess(world, claim(world, household, quantity=Decimal(1)))
    assert caught.value.sentence == "该户本年度已申报5000.00元，已达到每户每年封顶5000.00元，不能再申报。"


def test_cap_is_shared_by_the_programmes_of_its_group_and_by_no_other(world: World) -> None:
    household = world.household()
    shared = {**world.grain.rule, "cap_group": "种养"}
    one, two, alone = (programme(world.county, rule=rule) for rule in (shared, shared, world.grain.rule))
    stages.draft(world, household=household, programme=one, quantity=Decimal(15))
    assert assess(world, claim(world, household, programme=two)).amount.value == Decimal("500.00")
    assert assess(world, claim(world, household, programme=alone)).amount.value == Decimal("900.00")


def test_heads_of_a_household_are_those_who_live_there(world: World) -> None:
    household = world.household()
    world.member(household, name="子")
    world.member(household, name="亡", status=MemberStatus.DECEASED)
    world.member(household, name="迁", status=MemberStatus.MOVED)
    assert surroundings([claim(world, household)]).heads(household) == 2
    assert assess(world, claim(world, household)).given.heads == 2
    assert Application.objects.count() == 0


def test_a_person_who_moved_to_another_household_does_not_apply_twice(world: World) -> None:
    case, _ = stages.reach(world, State.VILLAGE_REVIEW, programme=world.travel, **person(world))
    assert case.member is not None
    other = world.household()
    case.member.household = other
    case.member.save()
    with pytest.raises(NotEligible, match="不能重复申报"):
        assess(world, travels(world, other, case.member))
