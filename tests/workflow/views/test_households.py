"""Households: scoped, searchable, and never a full number."""

import re
from datetime import date
from decimal import Decimal

import pytest

from applications.states import State
from registry import categories
from registry.models import Category, Interest, MemberStatus, MonitorPeriod, MonitorType, User
from tests import stages
from tests.workflow.views.pages import as_, clock_at, queries, url
from tests.world import World, programme
from workflow import intake
from workflow.results import Ref

LIST = "/households/"


def listed(person: User, query: str = "") -> list[int]:
    return [household.pk for household in as_(person).get(f"{LIST}{query}").context["page_obj"]]


def test_households_are_listed_and_shown_within_the_region(world: World) -> None:
    mine, far = world.household(), world.household(village=1)
    for person, seen in (
        (world.clerk, [mine.pk]),
        (world.clerks[1], [far.pk]),
        (world.reviewer, [mine.pk, far.pk]),
        (world.supervisor, [mine.pk, far.pk]),
        (world.stranger, []),
    ):
        assert listed(person) == seen
        for household in (mine, far):
            status = 200 if household.pk in seen else 404
            assert as_(person).get(url("household-detail", household.pk)).status_code == status


def test_households_are_found_by_number_by_any_members_name_and_by_village(world: World) -> None:
    first, second = world.household(name="欧阳示例"), world.household(village=1, name="王示例")
    world.member(second, name="欧阳小示例")
    for query, found in (
        ("?q=欧阳", [first.pk, second.pk]),
        ("?q=小示例", [second.pk]),
        (f"?q={first.number}", [first.pk]),
        (f"?village={world.villages[1].pk}", [second.pk]),
        (f"?village={world.village.pk}&q=小示例", []),
        ("?village=nonsense", [first.pk, second.pk]),
    ):
        assert listed(world.reviewer, query) == found, query


def test_page_of_a_household_shows_no_full_number(world: World) -> None:
    household = world.household()
    household.phone = "〔示例〕12345678901"
    household.save()
    member = world.member(household, phone="〔示例〕98765432109", status=MemberStatus.MOVED)
    page = as_(world.clerk).get(url("household-detail", household.pk)).content.decode()
    for one in (household.head, member):
        assert one is not None
        assert one.id_number not in page
        assert one.card_number not in page
        assert f"{one.id_number[:2]}*************{one.id_number[-3:]}" in page
    assert household.phone not in page
    assert member.phone not in page
    assert "迁出（2020-12-01）" in page


def test_page_of_a_household_shows_its_monitoring_and_its_cases(world: World) -> None:
    household = world.household(category=Category.MARGINAL)
    MonitorPeriod.objects.create(
        household=household,
        monitor_type=MonitorType.SUDDEN,
        marked_on=date(2020, 5, 1),
        cleared_on=date(2020, 9, 1),
    )
    MonitorPeriod.objects.create(
        household=household, monitor_type=MonitorType.MARGINAL, marked_on=date(2021, 1, 5)
    )
    case = stages.draft(world, household=household)
    with clock_at(world.now):
        page = as_(world.clerk).get(url("household-detail", household.pk)).content.decode()
        (shown,) = as_(world.clerk).get(LIST).context["page_obj"]
    for text in ("边缘易致贫户", "突发严重困难", "2020-09-01", "没有消除", case.number):
        assert text in page
    assert (shown.monitored_as, shown.people) == ("边缘易致贫", 1)


def test_household_page_offers_to_enter_only_to_its_clerk_without_kinship(world: World) -> None:
    household = world.household()
    link = f"{url('application-new')}?household={household.pk}"
    address = url("household-detail", household.pk)
    assert link in as_(world.clerk).get(address).content.decode()
    for person in (world.reviewer, world.supervisor):
        assert link not in as_(person).get(address).content.decode()
    Interest.objects.create(user=world.clerk, household=household, kind="own", declared_on=world.now.date())
    page = as_(world.clerk).get(address).content.decode()
    assert link not in page
    assert "这是您本人家庭或近亲属家庭的申请" in page


@pytest.mark.parametrize("count", [5, 120])
def test_household_list_takes_twelve_queries_however_many_there_are(world: World, count: int) -> None:
    for _ in range(count):
        world.household()
    assert queries(as_(world.clerk), LIST) <= 12
    assert len(listed(world.clerk)) == min(count, 50)


def test_caps_of_the_year_and_sums_of_every_year_stand_on_the_page(world: World) -> None:
    rule = {**world.grain.rule, "cap_group": "产业"}
    grain, stock = (programme(world.county, rule=rule, name=name) for name in ("示例粮食", "示例养殖"))
    older = programme(world.county, rule=rule, name="示例旧项目", year=2020, opens_on=date(2020, 1, 1))
    household = world.household()
    stages.draft(world, household=household, programme=older, quantity=Decimal(2))
    _, moment = stages.reach(world, State.ANNOUNCED, household=household, programme=grain)
    stages.draft(world, household=household, programme=stock, quantity=Decimal(4), now=moment)
    with clock_at(moment):
        response = as_(world.clerk).get(url("household-detail", household.pk))
    (cap,) = response.context["caps"]
    assert (cap.cap, cap.received, cap.under_way, cap.left, cap.percent) == (5000, 900, 1200, 2900, 42)
    assert set(cap.programmes) == {"示例粮食", "示例养殖"}
    lines = [
        (line.year, line.cases, line.announced, line.received, line.under_way)
        for line in response.context["years"]
    ]
    assert lines == [(2021, 2, 1, 900, 1200), (2020, 1, 0, 0, 600)]
    text = response.content.decode()
    for told in ("5000.00", "2900.00", "42%", "示例粮食、示例养殖", "2020年"):
        assert told in text


def test_what_was_withdrawn_counts_against_no_cap(world: World) -> None:
    household = world.household()
    case, moment = stages.reach(world, State.VILLAGE_REVIEW, household=household)
    stages.do(intake.withdraw([Ref.of(case)], by=world.clerk, now=moment, opinion="不种了"))
    with clock_at(moment):
        response = as_(world.clerk).get(url("household-detail", household.pk))
    assert response.context["caps"] == []
    (line,) = response.context["years"]
    assert (line.cases, line.announced, line.received, line.under_way) == (1, 0, 0, 0)


def test_history_of_the_category_stands_beside_that_of_monitoring(world: World) -> None:
    household, other = world.household(), world.household()
    stages.draft(world, household=household)
    household.category = Category.MARGINAL
    household.save()
    categories.record({household: Category.GENERAL}, on=date(2021, 2, 3), by=world.administrator)
    client = as_(world.clerk)
    with clock_at(world.now):
        text = client.get(url("household-detail", household.pk)).content.decode()
        bare = client.get(url("household-detail", other.pk)).content.decode()
        assert queries(client, url("household-detail", household.pk)) <= 13
    rows = [row[:3] for row in re.findall(r"<td[^>]*>([^<]*)</td>" * 3, text)]
    assert ("一般脱贫户", "登记以来", "—") in rows
    assert ("边缘易致贫户", "2021-02-03", "周管理") in rows
    assert '<td data-label="从哪天起">登记以来</td>' in bare
