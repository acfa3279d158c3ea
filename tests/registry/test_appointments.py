"""Appointments: role × region × dates, one answer for the person, the list and the verb."""

from datetime import date

import pytest
from django.contrib.auth.models import AnonymousUser
from pytest_django import DjangoAssertNumQueries

from registry import appointments
from registry.models import (
    Appointment,
    Interest,
    InterestKind,
    Region,
    RegionLevel,
    Role,
    User,
)
from tests.registry import places

START, END = date(2021, 3, 1), date(2021, 9, 30)


def row(
    user: User, role: Role, region: Region, *, start: date = START, end: date | None = None
) -> Appointment:
    return Appointment.objects.create(user=user, role=role, region=region, starts_on=start, ends_on=end)


@pytest.mark.parametrize(
    ("end", "on", "held"),
    [
        (END, date(2021, 2, 28), False),
        (END, START, True),
        (END, date(2021, 6, 1), True),
        (END, END, True),
        (END, date(2021, 10, 1), False),
        (START, START, True),
        (START, date(2021, 3, 2), False),
        (None, date(2021, 2, 28), False),
        (None, START, True),
        (None, date(2099, 1, 1), True),
    ],
)
def test_an_appointment_counts_from_its_first_to_its_last_day(
    country: dict[str, Region], end: date | None, on: date, held: bool
) -> None:
    user = places.user()
    row(user, Role.TOWNSHIP_REVIEWER, country["township"], end=end)
    assert appointments.holds(user, Role.TOWNSHIP_REVIEWER, country["village"], on=on) is held
    assert appointments.actor(user, on=on).holds(Role.TOWNSHIP_REVIEWER, "990101001001") is held
    assert appointments.holders(Role.TOWNSHIP_REVIEWER, ["990101001001"], on=on) == {
        "990101001001": [user] if held else []
    }


@pytest.mark.parametrize("held", places.TREE)
@pytest.mark.parametrize("asked", places.TREE)
def test_a_role_reaches_its_region_and_all_inside_it_and_nothing_else(
    country: dict[str, Region], held: str, asked: str
) -> None:
    user = places.user()
    row(user, Role.SUPERVISOR, country[held])
    expected = country[held].contains(country[asked])
    actor = appointments.actor(user, on=START)
    assert appointments.holds(user, Role.SUPERVISOR, country[asked], on=START) is expected
    assert actor.holds(Role.SUPERVISOR, country[asked].code) is expected
    assert not appointments.holds(user, Role.ADMINISTRATOR, country[asked], on=START)
    assert not actor.holds(Role.ADMINISTRATOR, country[asked].code)


def test_an_inactive_or_anonymous_person_holds_nothing(country: dict[str, Region]) -> None:
    user = places.user()
    row(user, Role.VILLAGE_CLERK, country["village"])
    Interest.objects.create(
        user=user, household=places.household(country["village"]), kind=InterestKind.OWN, declared_on=START
    )
    stale = User.objects.get(pk=user.pk)
    User.objects.filter(pk=user.pk).update(is_active=False)
    user.refresh_from_db()
    for person in (user, stale, AnonymousUser()):
        actor = appointments.actor(person, on=START)
        assert (actor.holdings, actor.roles, actor.may_read_prefixes) == ((), (), ())
        assert not appointments.holds(person, Role.VILLAGE_CLERK, country["village"], on=START)
    assert appointments.holders(Role.VILLAGE_CLERK, ["990101001001"], on=START) == {"990101001001": []}
    assert appointments.actor(AnonymousUser(), on=START).user_id is None


def test_a_superuser_without_an_appointment_holds_nothing(country: dict[str, Region]) -> None:
    user = places.user(is_superuser=True)
    assert not appointments.holds(user, Role.DISTRICT_APPROVER, country["county"], on=START)
    assert appointments.actor(user, on=START).may_read_prefixes == ()


def test_an_actor_knows_roles_prefixes_and_interests(country: dict[str, Region]) -> None:
    user = places.user()
    row(user, Role.SUPERVISOR, country["county"])
    row(user, Role.TOWNSHIP_REVIEWER, country["other_township"])
    row(user, Role.TOWNSHIP_REVIEWER, country["township"])
    row(user, Role.VILLAGE_CLERK, country["village"], end=START)
    home = places.household(country["village"])
    places.household(country["village"])
    Interest.objects.create(user=user, household=home, kind=InterestKind.RELATIVE, declared_on=START)
    actor = appointments.actor(user, on=date(2021, 6, 1))
    assert (actor.user_id, actor.user, actor.on) == (user.pk, user, date(2021, 6, 1))
    assert actor.roles == (Role.TOWNSHIP_REVIEWER, Role.SUPERVISOR)
    assert actor.prefixes(Role.TOWNSHIP_REVIEWER) == ("990101001", "990101002")
    assert actor.prefixes(Role.SUPERVISOR, Role.VILLAGE_CLERK) == ("990101",)
    assert actor.prefixes(Role.DISTRICT_APPROVER) == ()
    assert actor.prefixes() == actor.may_read_prefixes == ("990101", "990101001", "990101002")
    assert actor.interests == frozenset({home.pk})
    assert {level for level in RegionLevel if actor.is_staff_of(level)} == {RegionLevel.TOWNSHIP}
    assert [holding.region_id for holding in actor.holdings] == [
        country[key].pk for key in ("county", "other_township", "township")
    ]


@pytest.mark.parametrize("appointments_held", [0, 1, 8])
def test_an_actor_costs_one_query(
    country: dict[str, Region], appointments_held: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    user = places.user()
    for region in list(country.values())[:appointments_held]:
        row(user, Role.SUPERVISOR, region)
    with django_assert_num_queries(1):
        actor = appointments.actor(user, on=START)
    with django_assert_num_queries(0):
        assert len(actor.holdings) == appointments_held
        assert actor.holds(Role.SUPERVISOR, "990000000000") is (appointments_held > 0)
        appointments.actor(AnonymousUser(), on=START)
        appointments.actor(places.User(pk=1, is_active=False), on=START)


def test_holders_are_found_for_many_regions_in_one_query(
    country: dict[str, Region], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first, second, gone = places.user("〔示例〕甲"), places.user("〔示例〕乙"), places.user("〔示例〕丙")
    row(second, Role.TOWNSHIP_REVIEWER, country["township"])
    row(first, Role.TOWNSHIP_REVIEWER, country["township"])
    row(first, Role.TOWNSHIP_REVIEWER, country["county"])
    row(gone, Role.TOWNSHIP_REVIEWER, country["township"], end=START)
    row(second, Role.VILLAGE_CLERK, country["far_village"])
    codes = {region.code for region in country.values()} | {"990101", "990101001"}
    with django_assert_num_queries(1):
        found = appointments.holders(Role.TOWNSHIP_REVIEWER, codes, on=date(2021, 6, 1))
    assert found == {
        "990000000000": [],
        "990100000000": [],
        "990101000000": [first],
        "990101": [first],
        "990102000000": [],
        "990101001000": [first, second],
        "990101001": [first, second],
        "990101001001": [first, second],
        "990101001010": [first, second],
        "990101002000": [first],
        "990101002001": [first],
    }
