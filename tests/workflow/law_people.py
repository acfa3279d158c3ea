"""People, places and a case of the permission table, without a row: who holds what is all that counts."""

from dataclasses import dataclass
from datetime import date

from applications.models import Application
from applications.states import State
from registry.appointments import Actor, Holding
from registry.models import ROLE_LEVEL, Region, RegionLevel, Role, User

TODAY = date(2021, 3, 1)
HOUSEHOLD = 77
VILLAGE = Region(pk=5, code="990101001001", name="示例1村", level=RegionLevel.VILLAGE)

PLACES = {
    RegionLevel.VILLAGE: {
        "own": "990101001001",
        "neighbour": "990101001002",
        "other township": "990101002001",
    },
    RegionLevel.TOWNSHIP: {"own": "990101001", "neighbour": "990101002", "other county": "990102001"},
    RegionLevel.COUNTY: {"own": "990101", "neighbour": "990102"},
}
"""Code prefixes of the case's own region, its neighbours and those farther away, by level."""

READING = (Role.SUPERVISOR, Role.ADMINISTRATOR)


@dataclass(frozen=True)
class Post:
    """One role over one place."""

    role: Role
    level: RegionLevel
    place: str

    def __str__(self) -> str:
        return f"{self.role} of {self.place} {self.level}"

    def actor(self, *, interests: frozenset[int] = frozenset()) -> Actor:
        held = Holding(self.role, PLACES[self.level][self.place], region_id=1)
        return Actor(user_id=1, user=User(pk=1, name="示例"), on=TODAY, holdings=(held,), interests=interests)


POSTS = tuple(
    Post(role, level, place)
    for role in Role
    for level in ([ROLE_LEVEL[role]] if role in ROLE_LEVEL else list(PLACES))
    for place in PLACES[level]
)
"""Every role at every level it can be held at, over the case's own region and over others."""

NOBODY = Actor(user_id=None, user=User(), on=TODAY)


def own(role: Role) -> Post:
    return Post(role, ROLE_LEVEL.get(role, RegionLevel.COUNTY), "own")


def case_in(state: State) -> Application:
    return Application(state=state, village=VILLAGE, household_id=HOUSEHOLD, number="示例-1")
