"""Full numbers: only for those who decide, only with a reason, and each look is a line that stays."""

from dataclasses import replace
from typing import Any

import pytest

from applications.models import Disclosure, Purpose, Way
from registry.models import Interest, InterestKind
from registry.refusal import Refused
from tests.world import World
from workflow import disclosures
from workflow.disclosures import Need, NoReason
from workflow.permissions import NotAllowed

NEED = Need(Purpose.ACCOUNT, "核对开户名与身份证是否一致")


def test_a_look_is_written_down_with_who_when_and_why(world: World) -> None:
    household = world.household()
    made = disclosures.show(household, need=NEED, by=world.reviewer, now=world.now)
    made.refresh_from_db()
    assert (made.by, made.at, made.household, made.way, made.purpose, made.reason) == (
        world.reviewer,
        world.now,
        household,
        Way.SCREEN,
        Purpose.ACCOUNT,
        "核对开户名与身份证是否一致",
    )
    disclosures.show(household, need=NEED, by=world.reviewer, now=world.now)
    assert Disclosure.objects.count() == 2
    assert Disclosure.objects.values("batch").distinct().count() == 2


@pytest.mark.parametrize("who", ["clerk", "reviewer", "approver"])
def test_whoever_decides_on_the_households_cases_may_look(world: World, who: str) -> None:
    assert disclosures.show(world.household(), need=NEED, by=getattr(world, who), now=world.now).pk


@pytest.mark.parametrize("who", ["supervisor", "administrator", "stranger"])
def test_whoever_reads_or_works_elsewhere_may_not(world: World, who: str) -> None:
    with pytest.raises(NotAllowed, match="完整号码只对当地的经办人开放"):
        disclosures.show(world.household(), need=NEED, by=getattr(world, who), now=world.now)
    assert Disclosure.objects.count() == 0


def test_neighbour_villages_clerk_may_not(world: World) -> None:
    with pytest.raises(NotAllowed):
        disclosures.show(world.household(), need=NEED, by=world.clerks[1], now=world.now)
    assert Disclosure.objects.count() == 0


def test_nobody_looks_at_the_numbers_of_their_kin(world: World) -> None:
    household = world.household()
    Interest.objects.create(
        user=world.clerk, household=household, kind=InterestKind.RELATIVE, declared_on=world.now.date()
    )
    with pytest.raises(NotAllowed, match="近亲属"):
        disclosures.show(household, need=NEED, by=world.clerk, now=world.now)
    assert Disclosure.objects.count() == 0


@pytest.mark.parametrize("reason", ["", "   ", "看看", " 看 "])
def test_reason_that_says_nothing_is_refused(world: World, reason: str) -> None:
    acts: list[Any] = [
        lambda need: disclosures.show(world.household(), need=need, by=world.clerk, now=world.now),
        lambda need: disclosures.export([world.household()], need=need, by=world.approver, now=world.now),
    ]
    for act in acts:
        with pytest.raises(NoReason):
            act(replace(NEED, reason=reason))
    assert Disclosure.objects.count() == 0


def test_export_leaves_a_line_for_each_household_under_one_batch(world: World) -> None:
    households = [world.household() for _ in range(3)]
    made = disclosures.export(households, need=NEED, by=world.approver, now=world.now)
    assert [one.household for one in made] == households
    assert {one.way for one in made} == {Way.EXPORT}
    assert len({one.batch for one in made}) == 1


@pytest.mark.parametrize("who", ["clerk", "reviewer", "supervisor", "administrator", "stranger"])
def test_only_the_district_exports_full_numbers(world: World, who: str) -> None:
    with pytest.raises(Refused, match="完整号码由区级审定员导出"):
        disclosures.export([world.household()], need=NEED, by=getattr(world, who), now=world.now)
    assert Disclosure.objects.count() == 0
