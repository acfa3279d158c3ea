"""Households and members: what the database itself keeps, and what is read from the rows."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from pytest_django import DjangoAssertNumQueries

from registry import appointments
from registry.identity import Sex
from registry.models import (
    Household,
    Interest,
    InterestKind,
    Member,
    MemberStatus,
    MonitorPeriod,
    MonitorType,
    Region,
    Relationship,
    Role,
)
from tests.registry import places

NUMBER = places.id_number("990101", date(1961, 5, 6), 2)


@pytest.fixture
def home(country: dict[str, Region]) -> Household:
    return places.household(country["village"])


def test_a_household_has_one_head(home: Household) -> None:
    head = places.member(home)
    assert home.head == head
    with pytest.raises(IntegrityError), transaction.atomic():
        places.member(home)
    assert list(home.members.all()) == [head]
    assert places.household(home.village).head is None


def test_an_id_number_is_registered_once_and_empty_ones_do_not_count(home: Household) -> None:
    places.member(home, id_number=NUMBER)
    for _ in range(2):
        places.member(home, relationship=Relationship.CHILD)
    with pytest.raises(IntegrityError), transaction.atomic():
        places.member(home, relationship=Relationship.CHILD, id_number=NUMBER)
    assert Member.objects.count() == 3


@pytest.mark.parametrize("status", [MemberStatus.DECEASED, MemberStatus.MOVED])
def test_a_member_who_left_has_a_date(home: Household, status: MemberStatus) -> None:
    member = places.member(home)
    with pytest.raises(IntegrityError), transaction.atomic():
        Member.objects.filter(pk=member.pk).update(status=status)
    assert Member.objects.get().status == MemberStatus.ALIVE
    Member.objects.filter(pk=member.pk).update(status=status, status_on=date(2021, 3, 1))
    assert Member.objects.get().status == status


def test_birth_date_and_sex_come_from_the_number(home: Household) -> None:
    member = places.member(home, id_number=NUMBER)
    assert (member.birth_date, member.sex) == (date(1961, 5, 6), Sex.FEMALE)
    assert member.sex.label == "女"
    nameless = places.member(home, relationship=Relationship.CHILD)
    assert (nameless.birth_date, nameless.sex) == (None, None)


def test_a_household_is_monitored_once_at_a_time_and_may_be_marked_again(home: Household) -> None:
    assert home.monitor_type == ""
    first = MonitorPeriod.objects.create(
        household=home, monitor_type=MonitorType.SUDDEN, marked_on=date(2021, 1, 1)
    )
    assert home.monitor_type == MonitorType.SUDDEN
    with pytest.raises(IntegrityError), transaction.atomic():
        MonitorPeriod.objects.create(
            household=home, monitor_type=MonitorType.UNSTABLE, marked_on=date(2021, 2, 1)
        )
    assert MonitorPeriod.objects.count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        MonitorPeriod.objects.filter(pk=first.pk).update(cleared_on=date(2020, 12, 31))
    MonitorPeriod.objects.filter(pk=first.pk).update(cleared_on=date(2021, 6, 1))
    assert home.monitor_type == ""
    MonitorPeriod.objects.create(
        household=home, monitor_type=MonitorType.UNSTABLE, marked_on=date(2021, 9, 1)
    )
    assert home.monitor_type == MonitorType.UNSTABLE


def test_a_list_of_households_needs_three_queries(
    country: dict[str, Region], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(5):
        places.member(places.household(country["village"]))
    with django_assert_num_queries(3):
        rows = Household.objects.prefetch_related("members", "monitor_periods")
        assert [(row.head.name, row.monitor_type) for row in rows] == [("〔示例〕李四", "")] * 5


def test_nothing_in_the_registry_takes_a_person_with_it(home: Household) -> None:
    places.member(home)
    Interest.objects.create(
        user=places.user(), household=home, kind=InterestKind.OWN, declared_on=date(2021, 1, 1)
    )
    for erase in (
        home.delete,
        home.village.delete,
        Household.objects.all().delete,
        Region.objects.all().delete,
    ):
        with pytest.raises(ProtectedError):
            erase()
    assert (Household.objects.count(), Member.objects.count(), Region.objects.count()) == (
        1,
        1,
        len(places.TREE),
    )


def test_an_interest_is_declared_once(home: Household) -> None:
    user = places.user()
    Interest.objects.create(user=user, household=home, kind=InterestKind.OWN, declared_on=date(2021, 1, 1))
    with pytest.raises(IntegrityError), transaction.atomic():
        Interest.objects.create(
            user=user, household=home, kind=InterestKind.RELATIVE, declared_on=date(2021, 2, 1)
        )
    assert Interest.objects.get().kind == InterestKind.OWN


def test_no_name_of_a_row_shows_a_number(home: Household) -> None:
    member = places.member(home, id_number=NUMBER, phone="13800000000", card_number="6200000000000001234")
    home.phone = "13800000000"
    home.save()
    user = places.user(phone="13800000000")
    for row in (member, home, user):
        for text in (str(row), repr(row)):
            assert not any(secret in text for secret in (NUMBER, "13800000000", "6200000000000001234"))


@pytest.mark.parametrize(
    ("role", "key", "seen"),
    [
        (Role.VILLAGE_CLERK, "village", ["village"]),
        (Role.TOWNSHIP_REVIEWER, "township", ["village", "other_village"]),
        (Role.DISTRICT_APPROVER, "county", ["village", "other_village", "far_village"]),
        (Role.SUPERVISOR, "other_township", ["far_village"]),
        (None, "county", []),
    ],
)
def test_a_village_sees_itself_a_township_its_villages_a_district_all(
    country: dict[str, Region], role: Role | None, key: str, seen: list[str]
) -> None:
    homes = {place: places.household(country[place]) for place in ("village", "other_village", "far_village")}
    user = places.user()
    if role:
        appointments.appoint(user, role=role, region=country[key], starts_on=date(2021, 1, 1), by=None)
    actor = appointments.actor(user, on=date(2021, 6, 1))
    assert list(Household.objects.visible_to(actor).order_by("pk")) == [homes[place] for place in seen]
