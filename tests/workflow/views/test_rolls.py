"""The township's summary: which cases, their totals per village, who prints it, on A4 and in Word."""

from decimal import Decimal

import pytest

from applications.states import State
from tests import stages
from tests.workflow.views.pages import as_, clock_at, queries, url
from tests.workflow.views.test_printing import of_document
from tests.world import World
from workflow import reviews
from workflow.models import PostingKind
from workflow.proceedings import Cut
from workflow.results import Ref


def roll(world: World, **query: object) -> str:
    asked = "&".join(f"{name}={value}" for name, value in {"programme": world.grain.pk, **query}.items())
    return f"{url('township-roll')}?{asked}"


@pytest.fixture
def passed(world: World) -> World:
    """Two cases of the first village, one of them cut, one of the second; and three that do not belong."""
    first, moment = stages.reach(world, State.TOWNSHIP_REVIEW, household=world.household(name="示例甲"))
    world.member(first.household, name="示例甲之子")
    second, _ = stages.reach(world, State.TOWNSHIP_REVIEW, household=world.household(name="示例乙"))
    third, _ = stages.reach(
        world, State.TOWNSHIP_REVIEW, village=1, household=world.household(village=1, name="示例丙")
    )
    stages.reach(world, State.TOWNSHIP_REVIEW, household=world.household(name="示例未审"))
    refused, _ = stages.reach(world, State.TOWNSHIP_REVIEW, household=world.household(name="示例拒绝"))
    stages.do(
        reviews.reject(
            [Ref.of(refused)], by=world.reviewer, now=moment, reason_code="facts", opinion="没有种植"
        )
    )
    cut = {second.pk: Cut(Decimal(2), Decimal(600), "2亩×300元=600元")}
    stages.do(reviews.pass_on([Ref.of(second)], by=world.reviewer, now=moment, opinion="核实为2亩", cuts=cut))
    stages.passed(world, [first, third], by=world.reviewer, now=moment)
    returned, _ = stages.reach(world, State.TOWNSHIP_POSTING, household=world.household(name="示例收回"))
    stages.do(reviews.take_back([Ref.of(returned)], by=world.reviewer, now=moment, opinion="再核实"))
    world.now = moment
    return world


def test_holds_what_the_township_passed_with_totals_per_village(passed: World) -> None:
    response = as_(passed.reviewer).get(roll(passed))
    paper = response.context["roll"]
    assert [[line.name for line in village.lines] for village in paper.villages] == [
        ["示例甲", "示例乙"],
        ["示例丙"],
    ]
    totals = [*(village.total for village in paper.villages), paper.total]
    assert [(t.cases, t.households, t.persons, t.claimed, t.amount) for t in totals] == [
        (2, 2, 3, 1800, 1500),
        (1, 1, 1, 900, 900),
        (3, 3, 4, 2700, 2400),
    ]
    text = response.content.decode()
    for told in (
        "示例1村小计　2件 2户 3人",
        "合计　3件 3户 4人",
        "2400.00",
        "示例镇人民政府（盖章）",
        "核减",
    ):
        assert told in text
    for absent in ("示例未审", "示例拒绝", "示例收回"):
        assert absent not in text


def test_persons_of_a_programme_per_person_are_those_helped(world: World) -> None:
    household = world.household(name="示例户")
    for name in ("示例工一", "示例工二"):
        stages.reach(
            world,
            State.TOWNSHIP_POSTING,
            household=household,
            member=world.member(household, name=name),
            programme=world.travel,
            quantity=Decimal(1),
        )
    response = as_(world.reviewer).get(f"{url('township-roll')}?programme={world.travel.pk}")
    total = response.context["roll"].total
    assert (total.cases, total.households, total.persons, total.amount) == (2, 1, 2, 1000)


def test_can_be_narrowed_to_a_sheet_and_to_days(passed: World) -> None:
    cases = list(passed.grain.applications.in_states([State.TOWNSHIP_POSTING]).order_by("pk"))
    posting = stages.displayed(passed, cases[:1], kind=PostingKind.TOWNSHIP, now=passed.now)
    client = as_(passed.reviewer)
    of_sheet = client.get(roll(passed, posting=posting.pk))
    assert of_sheet.context["roll"].total.cases == 1
    assert posting.number in of_sheet.content.decode()
    day = passed.now.date()
    assert client.get(roll(passed, since=day, until=day)).context["roll"].total.cases == 3
    assert client.get(roll(passed, until="2021-01-02")).context["roll"].total.cases == 0
    other = client.get(
        f"{url('township-roll')}?programme={passed.grain.pk}&since=2021-05-02&until=2021-05-01"
    )
    assert other.status_code == 422


@pytest.mark.parametrize("query", ["programme=999999", "programme=x", "programme=", "posting=5&programme=1x"])
def test_a_bad_choice_prints_nothing(passed: World, query: str) -> None:
    for name in ("township-roll", "township-roll-document"):
        response = as_(passed.reviewer).get(f"{url(name)}?{query}")
        assert response.status_code == 422
        assert "示例甲" not in response.content.decode()


def test_the_document_says_the_same(passed: World) -> None:
    address = roll(passed).replace(url("township-roll"), url("township-roll-document"))
    words = of_document(as_(passed.approver).get(address))
    assert "示例镇2021年示例种植补助上报汇总表" in words
    assert "示例1村小计：2件，2户，3人，申报1800.00元，核定1500.00元" in words
    assert "合计：3件，3户，4人，申报2700.00元，核定2400.00元" in words
    assert "示例镇人民政府（盖章）" in words


def test_a_village_prints_none_and_another_township_finds_nothing(passed: World) -> None:
    for clerk in passed.clerks:
        assert as_(clerk).get(roll(passed)).status_code == 403
    stranger = as_(passed.stranger)
    assert stranger.get(roll(passed, township=passed.township.code)).status_code == 404
    own = stranger.get(roll(passed))
    assert own.status_code == 422
    assert "示例甲" not in own.content.decode()


def test_takes_twelve_queries_however_long_it_is(passed: World) -> None:
    client = as_(passed.reviewer)
    with clock_at(passed.now):
        few = queries(client, roll(passed))
        stages.reach(passed, State.TOWNSHIP_POSTING, household=passed.household(name="示例丁"))
        assert queries(client, roll(passed)) == few <= 12


def test_the_list_of_cases_leads_to_it_but_not_for_a_village(passed: World) -> None:
    link = f"{url('township-roll')}?programme={passed.grain.pk}"
    listed = f"{url('application-list')}?programme={passed.grain.pk}"
    with clock_at(passed.now):
        assert link in as_(passed.reviewer).get(listed).content.decode()
        assert url("township-roll") not in as_(passed.clerk).get(listed).content.decode()
