"""Which compulsory papers a case lacks, in two statements for any number of cases."""

from decimal import Decimal
from typing import Any

import pytest

from applications import papers
from applications.models import RequiredPaper
from tests import stages
from tests.world import World, photo
from workflow import intake
from workflow.results import Ref


def require(world: World, name: str, *, compulsory: bool = True) -> RequiredPaper:
    return RequiredPaper.objects.create(programme=world.grain, name=name, compulsory=compulsory)


def hand_in(world: World, case: Any, paper: RequiredPaper | None) -> None:
    intake.attach(Ref.of(stages.again(case)), paper=paper, upload=photo(), by=world.clerk, now=world.now)


def test_compulsory_paper_is_missing_until_a_file_stands_for_it(world: World) -> None:
    contract, _ = require(world, "土地承包合同"), require(world, "照片", compulsory=False)
    card = require(world, "一卡通复印件")
    case, other = stages.draft(world), stages.draft(world)
    assert papers.missing([case]) == {case.pk: ["土地承包合同", "一卡通复印件"]}
    hand_in(world, case, None)
    assert papers.missing([case]) == {case.pk: ["土地承包合同", "一卡通复印件"]}
    hand_in(world, case, contract)
    hand_in(world, case, contract)
    assert papers.missing([case, other]) == {
        case.pk: ["一卡通复印件"],
        other.pk: ["土地承包合同", "一卡通复印件"],
    }
    hand_in(world, case, card)
    assert papers.missing([case]) == {case.pk: []}


def test_each_case_is_asked_for_the_papers_of_its_own_programme(world: World) -> None:
    require(world, "土地承包合同")
    household = world.household()
    travel = stages.draft(
        world,
        household=household,
        programme=world.travel,
        member=household.head,
        quantity=Decimal(1),
    )
    assert papers.missing([travel]) == {travel.pk: []}


@pytest.mark.parametrize("count", [0, 1, 12])
def test_number_of_statements_does_not_grow_with_the_cases(
    world: World, django_assert_num_queries: Any, count: int
) -> None:
    require(world, "土地承包合同")
    cases = [stages.draft(world) for _ in range(count)]
    # Django asks nothing for an empty list of keys.
    with django_assert_num_queries(1 if cases else 0):
        found = papers.missing(cases)
    assert found == {case.pk: ["土地承包合同"] for case in cases}
