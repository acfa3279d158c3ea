"""The 328 synthetic households (户) of the demonstration: as the township's are drawn, and a few that are special.

The people do not exist; their ID numbers name no place, and are others than those of the replayed year.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache

from stdnum.cn import ric

from registry.models import (
    Household,
    Member,
    MemberStatus,
    MonitorPeriod,
    MonitorType,
    Region,
    Relationship,
)
from workflow.township import people, settling
from workflow.township.people import AREA, Family

SEED = 20260101
NUMBERED = "示例户"

# The first two live in one village group: their public rows need the tail of the ID number.
NAMES = {"示例户0001": "王长根", "示例户0009": "王长根", "示例户0017": "欧阳大才", "示例户0085": "郑福"}
"""Heads with another name than the one drawn."""

ON_A_PUBLIC_PAYROLL = "示例户0073"
KIN_OF_THE_FIRST_CLERK = "示例户0005"


@dataclass(frozen=True)
class Former:
    """Somebody who belonged to a household and is counted no more; order codes from 900 on are drawn for nobody."""

    household: str
    name: str
    relationship: Relationship
    born: date
    order: int
    status: MemberStatus


FORMER = (
    Former("示例户0041", "陆老根", Relationship.PARENT, date(1935, 10, 5), 901, MemberStatus.DECEASED),
    Former("示例户0042", "方莺", Relationship.CHILD, date(1994, 1, 15), 902, MemberStatus.MOVED),
)

UNSTABLE, MARKED_AGAIN = "示例户0050", "示例户0090"
"""Households that are monitored: one since lately, one whose risk was over and came again."""


@cache
def drawn() -> tuple[Family, ...]:
    """The households in the order of their numbers, the special names in their places."""
    return tuple(_named(family) for family in people.families(SEED, NUMBERED))


def _named(family: Family) -> Family:
    name = NAMES.get(family.number)
    if name is None:
        return family
    head, *others = family.people
    return replace(family, people=(replace(head, name=name), *others))


def settle(villages: list[Region], *, today: date) -> dict[str, tuple[Household, list[Member]]]:
    """Write the households with their people, former people and monitoring history; answers by number."""
    settled = {
        household.number: (household, members) for household, members in settling.settle(drawn(), villages)
    }
    for number, former in enumerate(FORMER, 1000):
        _keep_former(former, settled[former.household][0], number, today)
    employed = next(one for one in settled[ON_A_PUBLIC_PAYROLL][1] if not one.is_head)
    employed.public_employee = True
    employed.save(update_fields=["public_employee"])
    days = [today - timedelta(days=ago) for ago in (700, 400, 300, 150)]
    unstable, again = settled[UNSTABLE][0], settled[MARKED_AGAIN][0]
    MonitorPeriod.objects.create(
        household=unstable, monitor_type=MonitorType.UNSTABLE, marked_on=days[2], note="收入波动〔示例〕"
    )
    MonitorPeriod.objects.create(
        household=again, monitor_type=MonitorType.MARGINAL, marked_on=days[0], cleared_on=days[1]
    )
    MonitorPeriod.objects.create(
        household=again, monitor_type=MonitorType.SUDDEN, marked_on=days[3], note="再标注〔示例〕"
    )
    return settled


def _keep_former(former: Former, household: Household, number: int, today: date) -> None:
    body = f"{AREA}{former.born:%Y%m%d}{former.order}"
    Member.objects.create(  # type: ignore[misc]
        household=household,
        name=former.name,
        relationship=former.relationship,
        # stdnum takes the check digit off again before it computes.
        id_number=body + str(ric.calc_check_digit(body + "0")),
        phone=settling.phone(number),
        status=former.status,
        status_on=today - timedelta(days=200),
        bank=settling.BANK,
        card_number=settling.card(number),
        card_holder=former.name,
    )
