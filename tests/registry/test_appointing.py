"""Making and ending appointments: the level, the days and the person must fit."""

import threading
from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from registry import appointments
from registry.models import (
    Appointment,
    Region,
    Role,
    User,
)
from tests.registry import places

START, END = date(2021, 3, 1), date(2021, 9, 30)
LEVEL_OF_ROLE = {
    Role.VILLAGE_CLERK: "village",
    Role.TOWNSHIP_REVIEWER: "township",
    Role.DISTRICT_APPROVER: "county",
}


def row(
    user: User, role: Role, region: Region, *, start: date = START, end: date | None = None
) -> Appointment:
    return Appointment.objects.create(user=user, role=role, region=region, starts_on=start, ends_on=end)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("key", ["province", "city", "county", "township", "village"])
def test_a_role_is_given_only_over_regions_of_its_level(
    country: dict[str, Region], role: Role, key: str
) -> None:
    user, boss = places.user(), places.user()
    wanted = Appointment(user=user, role=role, region=country[key], starts_on=START)
    if LEVEL_OF_ROLE.get(role, key) == key:
        wanted.full_clean()
        made = appointments.appoint(
            user, role=role, region=country[key], starts_on=START, by=boss, note="〔示例〕"
        )
        assert (made.user, made.role, made.region, made.starts_on, made.ends_on) == (
            user,
            role,
            country[key],
            START,
            None,
        )
        assert (made.appointed_by, made.ended_by, made.note) == (boss, None, "〔示例〕")
        return
    with pytest.raises(appointments.RoleDoesNotFit, match="不能任职于"):
        appointments.appoint(user, role=role, region=country[key], starts_on=START, by=boss)
    with pytest.raises(ValidationError, match="不能任职于"):
        wanted.full_clean()
    assert not Appointment.objects.exists()


MARCH_TO_JUNE = (date(2021, 3, 1), date(2021, 6, 30))


@pytest.mark.parametrize(
    ("kept", "wanted", "overlaps"),
    [
        (MARCH_TO_JUNE, (date(2021, 7, 1), None), False),
        (MARCH_TO_JUNE, (date(2021, 6, 30), None), True),
        (MARCH_TO_JUNE, (date(2021, 1, 1), date(2021, 2, 28)), False),
        (MARCH_TO_JUNE, (date(2021, 1, 1), date(2021, 3, 1)), True),
        (MARCH_TO_JUNE, (date(2021, 4, 1), date(2021, 5, 1)), True),
        (MARCH_TO_JUNE, (date(2021, 1, 1), None), True),
        ((date(2021, 3, 1), None), (date(2021, 1, 1), date(2021, 2, 28)), False),
        ((date(2021, 3, 1), None), (date(2021, 1, 1), date(2021, 3, 1)), True),
        ((date(2021, 3, 1), None), (date(2030, 1, 1), date(2030, 1, 2)), True),
        ((date(2021, 3, 1), None), (date(2030, 1, 1), None), True),
    ],
)
def test_the_same_role_over_the_same_region_is_not_held_twice_on_one_day(
    country: dict[str, Region],
    kept: tuple[date, date | None],
    wanted: tuple[date, date | None],
    overlaps: bool,
) -> None:
    user, village = places.user(), country["village"]
    first = row(user, Role.VILLAGE_CLERK, village, start=kept[0], end=kept[1])
    second = Appointment(
        user=user, role=Role.VILLAGE_CLERK, region=village, starts_on=wanted[0], ends_on=wanted[1]
    )
    if not overlaps:
        second.full_clean()
        appointments.appoint(
            user, role=Role.VILLAGE_CLERK, region=village, starts_on=wanted[0], ends_on=wanted[1], by=None
        )
        assert Appointment.objects.count() == 2
        return
    with pytest.raises(appointments.AppointmentOverlaps, match="与已有任职重叠。"):
        appointments.appoint(
            user, role=Role.VILLAGE_CLERK, region=village, starts_on=wanted[0], ends_on=wanted[1], by=None
        )
    with pytest.raises(ValidationError, match=r"重叠|长期任职"):
        second.full_clean()
    assert list(Appointment.objects.all()) == [first]


def test_another_person_role_or_region_does_not_overlap(country: dict[str, Region]) -> None:
    user, other = places.user(), places.user()
    for person, role, key in [
        (user, Role.VILLAGE_CLERK, "village"),
        (other, Role.VILLAGE_CLERK, "village"),
        (user, Role.SUPERVISOR, "village"),
        (user, Role.VILLAGE_CLERK, "other_village"),
    ]:
        appointments.appoint(person, role=role, region=country[key], starts_on=START, by=None)
    assert Appointment.objects.count() == 4


def test_an_inactive_person_is_not_appointed_and_dates_must_be_in_order(country: dict[str, Region]) -> None:
    idle, user = places.user("〔示例〕停用者"), places.user()
    User.objects.filter(pk=idle.pk).update(is_active=False)
    with pytest.raises(appointments.UserInactive, match="〔示例〕停用者已停用，不能任职。"):
        appointments.appoint(
            idle, role=Role.VILLAGE_CLERK, region=country["village"], starts_on=START, by=None
        )
    with pytest.raises(appointments.AppointmentDatesWrong):
        appointments.appoint(
            user, role=Role.VILLAGE_CLERK, region=country["village"], starts_on=END, ends_on=START, by=None
        )
    assert not Appointment.objects.exists()


def test_the_database_keeps_order_and_one_open_ended_appointment(country: dict[str, Region]) -> None:
    user, village = places.user(), country["village"]
    first = row(user, Role.VILLAGE_CLERK, village)
    with pytest.raises(IntegrityError), transaction.atomic():
        row(user, Role.VILLAGE_CLERK, village, start=END)
    with pytest.raises(IntegrityError), transaction.atomic():
        Appointment.objects.update(ends_on=date(2021, 2, 28))
    assert list(Appointment.objects.values_list("pk", "ends_on")) == [(first.pk, None)]


def test_the_day_given_is_the_last_of_an_ended_appointment(country: dict[str, Region]) -> None:
    user, boss, village = places.user(), places.user(), country["village"]
    made = appointments.appoint(user, role=Role.VILLAGE_CLERK, region=village, starts_on=START, by=boss)
    ended = appointments.end(made, on=END, by=boss)
    assert (ended.ends_on, ended.ended_by, ended.appointed_by) == (END, boss, boss)
    assert appointments.holds(user, Role.VILLAGE_CLERK, village, on=END)
    assert not appointments.holds(user, Role.VILLAGE_CLERK, village, on=date(2021, 10, 1))
    shorter = appointments.end(made, on=date(2021, 8, 31), by=boss)
    assert shorter.ends_on == date(2021, 8, 31)


@pytest.mark.parametrize("on", [date(2021, 2, 28), END, date(2021, 10, 1)])
def test_an_appointment_is_not_ended_before_its_start_nor_made_longer(
    country: dict[str, Region], on: date
) -> None:
    made = row(places.user(), Role.VILLAGE_CLERK, country["village"], end=END)
    with pytest.raises(appointments.AppointmentDatesWrong):
        appointments.end(made, on=on, by=None)
    made.refresh_from_db()
    assert (made.ends_on, made.ended_by) == (END, None)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_two_overlapping_appointments_at_once_one_is_refused() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("two connections to one test database need PostgreSQL")
    region, user = places.country()["village"], places.user()
    start, results = threading.Barrier(2), []

    def appoint(day: int) -> None:
        start.wait(timeout=10)
        try:
            appointments.appoint(
                user,
                role=Role.VILLAGE_CLERK,
                region=region,
                starts_on=START,
                ends_on=date(2021, 5, day),
                by=None,
            )
            results.append("appointed")
        except appointments.AppointmentOverlaps:
            results.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=appoint, args=[day]) for day in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(results) == ["appointed", "refused"]
    assert Appointment.objects.count() == 1
