"""Who applies in the story (申请人): households and people of each village, every one taken once in its part."""

from collections import deque
from datetime import date
from decimal import Decimal
from itertools import cycle

from applications.models import Programme
from registry.models import Category, Household, Member, Relationship, User
from workflow.demo import families
from workflow.demo.acts import Case
from workflow.demo.township import Township

RICE, POULTRY, WORK, FARE, AUXILIARY, FOUR = (
    "HT-DAO",
    "HT-QIN",
    "HT-JIUYE",
    "HT-JIAOTONG",
    "HT-FUZHU",
    "HT-SIYUAN",
)
LOANS, COURSES = "HT-JINRONG", "HT-PEIXUN"

QUANTITIES = {
    # At least half a mu for each of six heads.
    RICE: ("3", "4.5", "3.2", "6", "3.5", "5", "4", "8", "3", "20"),
    POULTRY: ("60", "80", "100", "50", "120"),
    WORK: ("10", "8", "6", "9"),
    FARE: ("1",),
    AUXILIARY: ("6", "4"),
    FOUR: ("6", "5"),
}
FARES = ("省外", "省内市外", "省外", "市内县外")
ABLE = {Category.GENERAL, Category.LOW_INCOME, Category.MARGINAL}
COUPLE = {Relationship.HEAD, Relationship.SPOUSE}
GROWN, RETIRED = 18, 62
"""Ages at which somebody may be in work or hold a post."""


class Cast:
    """Hands out applicants village by village (0 to 7); nobody twice in one part."""

    def __init__(self, township: Township, *, today: date) -> None:
        self.township = township
        self.quantities = {code: cycle(map(Decimal, found)) for code, found in QUANTITIES.items()}
        self.fares = cycle(FARES)
        units = range(len(township.villages))
        self.farmers: list[deque[Household]] = [deque() for _ in units]
        self.children: dict[str, list[deque[Member]]] = {
            code: [deque() for _ in units] for code in (WORK, FARE, COURSES)
        }
        self.elders: list[deque[Member]] = [deque() for _ in units]
        # One post a household, and none for the special names: they stand on one list each.
        seated = {township.households[number][0] for number in families.NAMES}
        for family in families.drawn():
            household, members = township.households[family.number]
            if family.number == families.KIN_OF_THE_FIRST_CLERK:
                continue
            if family.category in ABLE:
                self.farmers[family.unit].append(household)
            for person, member in zip(family.people, members, strict=True):
                age = today.year - person.born.year
                if not GROWN <= age <= RETIRED or member.public_employee:
                    continue
                if member.relationship == Relationship.CHILD:
                    for queues in self.children.values():
                        queues[family.unit].append(member)
                elif member.relationship in COUPLE and household not in seated:
                    seated.add(household)
                    self.elders[family.unit].append(member)
        # Travellers from the front and workers from the back: most people have one kind of help.
        for queue in self.children[WORK]:
            queue.reverse()

    def farm(self, unit: int, code: str = RICE, *, clerk: User | None = None) -> Case:
        """The next household of a village, for a programme per household."""
        return self._case(unit, code, self.farmers[unit].popleft(), clerk=clerk)

    def kin(self) -> Case:
        """The first clerk's kin, whose case is the second clerk's."""
        household, _ = self.township.households[families.KIN_OF_THE_FIRST_CLERK]
        return self._case(0, RICE, household, clerk=self.township.people["cun1b"])

    def traveller(self, unit: int) -> Case:
        """The next grown child of a village, for the fare."""
        member = self.children[FARE][unit].popleft()
        return self._case(unit, FARE, member.household, member, option=next(self.fares))

    def worker(self, unit: int) -> Case:
        """The next grown child of a village, for the subsidy of work."""
        member = self.children[WORK][unit].popleft()
        return self._case(unit, WORK, member.household, member)

    def post(self, unit: int, code: str) -> Case:
        """The next head or spouse of a village, for one of the two kinds of posts."""
        member = self.elders[unit].popleft()
        return self._case(unit, code, member.household, member)

    def learner(self, unit: int) -> Member:
        """The next grown child of a village, for a course."""
        return self.children[COURSES][unit].popleft()

    def borrower(self, unit: int) -> Household:
        """A household of a village that borrows, from the far end of those that farm."""
        return self.farmers[unit].pop()

    def programme(self, code: str) -> Programme:
        """A programme of the township."""
        return self.township.programmes[code]

    def _case(
        self,
        unit: int,
        code: str,
        household: Household,
        member: Member | None = None,
        *,
        clerk: User | None = None,
        option: str = "",
    ) -> Case:
        return Case(
            household,
            self.township.programmes[code],
            clerk or self.township.clerk(unit),
            next(self.quantities[code]),
            member,
            option,
        )
