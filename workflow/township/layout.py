"""Laying the synthetic township out: places, staff, programmes, 328 households with their people."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.auth.hashers import make_password
from django.db import transaction

from applications.models import Programme
from registry.models import Appointment, Household, Member, Region, Role, User
from registry.refusal import Refused
from workflow.township import people, programmes
from workflow.township.places import COUNTY, PLACES, STAFF, TOWNSHIP, UNITS

APPOINTED_ON = date(2020, 1, 1)

# What every region of the township's line inside its district begins with.
PREFIX = COUNTY.rstrip("0")

Progress = Callable[[str], None]


class HalfLaidOut(Refused):
    """Some of the township is there and some is not."""


@dataclass(frozen=True)
class Unit:
    """A village or the community, with its two clerks."""

    region: Region
    clerk: User
    second: User


@dataclass(frozen=True)
class Township:
    """The rows that the year speaks of."""

    county: Region
    region: Region
    units: tuple[Unit, ...]
    reviewers: tuple[User, ...]
    approvers: tuple[User, ...]
    programmes: dict[str, Programme]


def is_laid_out() -> bool:
    """Whether the township is in this database."""
    return Region.objects.filter(code=TOWNSHIP).exists()


def lay_out(*, now: datetime, progress: Progress | None = None) -> Township:
    """Lay the township out, once; a second call changes nothing and answers with what is there.

    Nobody can log in: passwords are not set here.
    """
    say = progress or (lambda _: None)
    if not is_laid_out():
        with transaction.atomic():
            say("区划和经办人")
            regions = _regions()
            _staff(regions, now)
            say("补贴项目")
            programmes.write(regions[COUNTY])
            say("户和人员")
            _settle(regions)
    return _read()


def _regions() -> dict[str, Region]:
    found: dict[str, Region] = {}
    for place in PLACES:
        found[place.code] = Region.objects.create(
            code=place.code,
            name=place.name,
            level=place.level,
            parent=found[place.above] if place.above else None,
            body_name=place.body,
            short_name=place.short,
            phone=place.phone,
            discipline_phone=place.discipline_phone,
            publisher_code=place.publisher_code,
        )
    return found


def _staff(regions: dict[str, Region], now: datetime) -> None:
    """The staff with their appointments, in one statement each: the people are new, so nothing can overlap."""
    users = User.objects.bulk_create(
        User(  # type: ignore[misc]
            username=post.username,
            name=post.name,
            phone="〔示例〕",
            password=make_password(None),
            date_joined=now,
        )
        for post in STAFF
    )
    Appointment.objects.bulk_create(
        Appointment(
            user=user, role=post.role, region=regions[post.place], starts_on=APPOINTED_ON, note="〔示例〕"
        )
        for user, post in zip(users, STAFF, strict=True)
    )


def _settle(regions: dict[str, Region]) -> None:
    families = people.families()
    households = Household.objects.bulk_create(
        Household(  # type: ignore[misc]
            number=family.number,
            village=regions[UNITS[family.unit].code],
            group=family.group,
            category=family.category,
            address=f"{UNITS[family.unit].name}{family.group}〔示例〕",
            phone="〔示例〕",
        )
        for family in families
    )
    cards = iter(range(1, 10_000))
    Member.objects.bulk_create(
        Member(  # type: ignore[misc]
            household=household,
            name=person.name,
            relationship=person.relationship,
            id_number=person.id_number,
            phone="〔示例〕",
            bank="示例银行〔示例〕",
            card_number=f"〔示例〕HT{next(cards):06d}",
            card_holder=person.name,
        )
        for household, family in zip(households, families, strict=True)
        for person in family.people
    )


def _read() -> Township:
    """The township as the database has it, found by codes and appointments."""
    regions = {region.code: region for region in Region.objects.filter(code__in=[p.code for p in PLACES])}
    if len(regions) != len(PLACES):
        raise HalfLaidOut("示例镇的区划不完整，请换一个空数据库重新载入。")
    held: dict[tuple[str, str], list[User]] = {}
    rows = Appointment.objects.filter(region__in=regions.values(), starts_on=APPOINTED_ON)
    for row in rows.select_related("user", "region").order_by("pk"):
        held.setdefault((row.role, row.region.code), []).append(row.user)
    county, township = regions[COUNTY], regions[TOWNSHIP]
    return Township(
        county=county,
        region=township,
        units=tuple(Unit(regions[unit.code], *held[Role.VILLAGE_CLERK, unit.code][:2]) for unit in UNITS),
        reviewers=tuple(held[Role.TOWNSHIP_REVIEWER, township.code]),
        approvers=tuple(held[Role.DISTRICT_APPROVER, county.code]),
        programmes={row.code: row for row in Programme.objects.filter(region=county, year=programmes.YEAR)},
    )
