"""The demonstration township (演示镇): places, logins with their appointments, and programmes of all seven kinds.

Names of the township and the district are real, their codes are assigned to no place. Everything else that could
be mistaken for a fact (phones, citations, bodies) says 〔示例〕 in itself.
"""

from dataclasses import dataclass, replace
from datetime import date

from django.contrib.auth.hashers import make_password

from applications.models import Programme
from registry import appointments
from registry.models import Household, Interest, InterestKind, Member, Region, Role, User
from workflow.demo import families
from workflow.demo_accounts import DEMO_LOGINS, DEMO_PASSWORD
from workflow.township import programmes, settling
from workflow.township.places import DEMONSTRATED
from workflow.township.programmes import BY_CODE, Window

PLANS = (
    BY_CODE["HT-DAO"],
    BY_CODE["HT-QIN"],
    BY_CODE["HT-JIUYE"],
    # Three days and no roll-over: a sheet can end on a Sunday, and a whole round fits into a trial.
    replace(BY_CODE["HT-JIAOTONG"], days=3, rolls=False),
    BY_CODE["HT-FUZHU"],
    BY_CODE["HT-SIYUAN"],
    BY_CODE["HT-PEIXUN"],
    BY_CODE["HT-JINRONG"],
)


@dataclass
class Township:
    """The rows that the story speaks of; households with their people by number."""

    county: Region
    township: Region
    villages: list[Region]
    people: dict[str, User]
    programmes: dict[str, Programme]
    households: dict[str, tuple[Household, list[Member]]]

    def clerk(self, unit: int) -> User:
        """The first clerk of a village."""
        return self.people[f"cun{unit + 1}"]


def build(*, today: date, since: date) -> Township:
    """Lay the township out; whoever works there has been appointed since before the story begins."""
    regions = settling.write_regions(DEMONSTRATED)
    county, township = regions[DEMONSTRATED.county], regions[DEMONSTRATED.township]
    villages = [regions[unit.code] for unit in DEMONSTRATED.units]
    people = _people(county, township, villages, since=since)
    households = families.settle(villages, today=today)
    # Their case is the second clerk's.
    kin, _ = households[families.KIN_OF_THE_FIRST_CLERK]
    Interest.objects.create(user=people["cun1"], household=kin, kind=InterestKind.RELATIVE, declared_on=since)
    # Open all this year, and from the beginning of the story where that lies in the year before.
    window = Window(today.year, min(date(today.year, 1, 1), since), date(today.year, 12, 31))
    return Township(
        county=county,
        township=township,
        villages=villages,
        people=people,
        programmes=programmes.write(county, window=window, plans=PLANS),
        households=households,
    )


def _people(county: Region, township: Region, villages: list[Region], *, since: date) -> dict[str, User]:
    # The password is public, so that one hash for all of them gives nothing away and saves seconds.
    hashed = make_password(DEMO_PASSWORD)
    found = {}
    for number, login in enumerate(DEMO_LOGINS, 1):
        username, role = login["username"], login["role"]
        manages = role is Role.ADMINISTRATOR
        user = User.objects.create(  # type: ignore[misc]
            username=username,
            name=login["name"],
            email=f"{username}@example.invalid",
            phone=settling.phone(number),
            password=hashed,
            is_staff=manages,
            is_superuser=manages,
        )
        place = {
            Role.VILLAGE_CLERK: villages[login["unit"]],
            Role.TOWNSHIP_REVIEWER: township,
        }.get(role, county)
        appointments.appoint(user, role=role, region=place, starts_on=since, by=None, note="〔示例〕")
        found[username] = user
    return found
