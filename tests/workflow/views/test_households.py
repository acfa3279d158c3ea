"""Households: scoped, searchable, and never a full number."""

from datetime import date

import pytest

from registry.models import Category, Interest, MemberStatus, MonitorPeriod, MonitorType, User
from tests import stages
from tests.workflow.views.pages import as_, clock_at, queries, url
from tests.world import World

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
