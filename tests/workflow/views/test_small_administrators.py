"""What holds everywhere (templates, holidays) is changed by whoever administers a county or more, not by a village."""

from datetime import date, timedelta
from typing import Any

import pytest

from registry import appointments
from registry.models import Region, Role, User
from registry.refusal import Refused
from tests.workflow.views.access import ADMINISTRATOR, ROWS, Row
from tests.workflow.views.pages import as_, clock_at, url
from tests.workflow.views.sheets import all_rows
from tests.world import World, user
from workflow import permissions

EVERYWHERE = {"wording-list", "wording-change", "message-wording-change", "holiday-enter"}
PAGES = [row for row in ROWS if row.name in EVERYWHERE]


def administrator(world: World, level: str) -> User:
    """Somebody who administers a region of this level and holds nothing else."""
    places: dict[str, Region | None] = {
        "village": world.village,
        "township": world.township,
        "county": world.county,
        "city": world.county.parent,
    }
    place = places[level]
    assert place is not None
    person = user(f"{level}管理")
    appointments.appoint(person, role=Role.ADMINISTRATOR, region=place, starts_on=date(2020, 1, 1), by=None)
    return person


def test_the_table_of_access_names_these_pages_as_the_administrators() -> None:
    assert {row.name for row in PAGES} == EVERYWHERE
    assert all(row.rule is ADMINISTRATOR for row in PAGES)


@pytest.mark.parametrize("level", ["village", "township", "county", "city"])
@pytest.mark.parametrize("row", PAGES, ids=[row.label for row in PAGES])
def test_only_from_the_county_up(world: World, level: str, row: Row) -> None:
    may = level in ("county", "city")
    client = as_(administrator(world, level))
    address = url(row.name, *(arg.removeprefix("=") for arg in row.args))
    before = all_rows()
    with clock_at(world.now):
        assert client.get(address).status_code == (200 if may else 403)
        if row.post is not None:
            assert client.post(address).status_code == (row.post if may else 403)
    assert all_rows() == before


def test_one_day_of_a_county_does_not_last(world: World) -> None:
    person = administrator(world, "village")
    today = world.now.date()
    appointments.appoint(
        person, role=Role.ADMINISTRATOR, region=world.county, starts_on=today, ends_on=today, by=None
    )

    def verdicts(days: int) -> list[Any]:
        actor = appointments.actor(person, on=today + timedelta(days=days))
        return [bool(permissions.may_change_wording(actor)), bool(permissions.may_enter_notice(actor))]

    assert [verdicts(days) for days in (-1, 0, 1)] == [[False] * 2, [True] * 2, [False] * 2]
    with pytest.raises(Refused, match="区县以上"):
        permissions.may_change_wording(appointments.actor(person, on=today + timedelta(days=1))).enforce()
