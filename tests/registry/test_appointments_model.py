"""The answers about appointments agree with a plain model of the rule, for random appointments and days."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import appointments
from registry.models import Appointment, Region, Role, User
from tests.registry import places

DAY_ZERO = date(2021, 1, 1)
DAYS = st.integers(0, 12).map(lambda n: DAY_ZERO + timedelta(days=n))
KEYS = tuple(places.TREE)
PEOPLE = 3


@dataclass(frozen=True)
class Draw:
    person: int
    role: Role
    key: str
    starts_on: date
    ends_on: date | None


@st.composite
def draws(draw: st.DrawFn) -> Draw:
    starts_on = draw(DAYS)
    length = draw(st.none() | st.integers(0, 6))
    return Draw(
        person=draw(st.integers(0, PEOPLE - 1)),
        role=draw(st.sampled_from(Role)),
        key=draw(st.sampled_from(KEYS)),
        starts_on=starts_on,
        ends_on=None if length is None else starts_on + timedelta(days=length),
    )


def above_or_same(key: str) -> set[str]:
    """Walk up the parents: the reference knows nothing of codes."""
    found, step = set(), key
    while step:
        found.add(step)
        step = places.TREE[step][2] or ""
    return found


def model_holds(drawn: list[Draw], active: list[bool], person: int, role: Role, key: str, on: date) -> bool:
    return active[person] and any(
        d.person == person
        and d.role == role
        and d.key in above_or_same(key)
        and d.starts_on <= on
        and (d.ends_on is None or on <= d.ends_on)
        for d in drawn
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    drawn=st.lists(
        draws(),
        max_size=12,
        unique_by=lambda d: (d.person, d.role, d.key, d.ends_on or (d.ends_on, None)),
    ),
    active=st.lists(st.booleans(), min_size=PEOPLE, max_size=PEOPLE),
    on=DAYS,
)
def test_holds_equals_the_plain_model(
    country: dict[str, Region], drawn: list[Draw], active: list[bool], on: date
) -> None:
    with transaction.atomic():
        people = [places.user(is_active=flag) for flag in active]
        Appointment.objects.bulk_create(
            Appointment(
                user=people[d.person],
                role=d.role,
                region=country[d.key],
                starts_on=d.starts_on,
                ends_on=d.ends_on,
            )
            for d in drawn
        )
        compare(country, people, drawn, active, on)
        transaction.set_rollback(True)


def compare(
    country: dict[str, Region], people: list[User], drawn: list[Draw], active: list[bool], on: date
) -> None:
    actors = [appointments.actor(user, on=on) for user in people]
    codes = {key: country[key].code for key in KEYS}
    for role in {d.role for d in drawn} or {Role.VILLAGE_CLERK}:
        found = appointments.holders(role, codes.values(), on=on)
        for key in KEYS:
            expected = [model_holds(drawn, active, n, role, key, on) for n in range(PEOPLE)]
            assert [appointments.holds(user, role, country[key], on=on) for user in people] == expected
            assert [actor.holds(role, codes[key]) for actor in actors] == expected
            assert found[codes[key]] == [user for user, held in zip(people, expected, strict=True) if held]
            assert [
                any(codes[key].startswith(prefix) for prefix in actor.prefixes(role)) for actor in actors
            ] == expected
