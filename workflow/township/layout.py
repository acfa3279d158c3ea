"""Laying the synthetic township out: places, staff, programmes, 328 households with their people."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.auth.hashers import make_password
from django.db import transaction

from applications.models import Programme
from registry.models import Appointment, Region, Role, User
from registry.refusal import Refused
from workflow.township import people, programmes, settling
from workflow.township.places import COUNTY, REPLAYED, STAFF, TOWNSHIP, UNITS

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
            regions = settling.write_regions(REPLAYED)
            _staff(regions, now)
            say("补贴项目")
            programmes.write(regions[COUNTY], window=programmes.Window.of_the_year())
            say("户和人员")
            settling.settle(people.families(), [regions[unit.code] for unit in UNITS])
    return _read()


def _staff(regions: dict[str, Region], now: datetime) -> None:
    """The staff with their appointments, in one statement each: the people are new, so nothing can overlap."""
    users = User.objects.bulk_create(
        User(  # type: ignore[misc]
            username=post.username,
            name=post.name,
            phone=settling.phone(number),
            password=make_password(None),
            date_joined=now,
        )
        for number, post in enumerate(STAFF, 1)
    )
    Appointment.objects.bulk_create(
        Appointment(
            user=user, role=post.role, region=regions[post.place], starts_on=APPOINTED_ON, note="〔示例〕"
        )
        for user, post in zip(users, STAFF, strict=True)
    )


def _read() -> Township:
    """The township as the database has it, found by codes and appointments."""
    codes = [place.code for place in REPLAYED.places]
    regions = {region.code: region for region in Region.objects.filter(code__in=codes)}
    if len(regions) != len(codes):
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
