"""Whatever is appointed, ended, deactivated and let in again: who sees what is what a plain model says, on every day."""

import os
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from applications.models import Application
from applications.states import State
from registry import appointments
from registry.models import Appointment, Household, Region, Role, User
from registry.refusal import Refused
from tests import stages
from tests.world import World, user
from workflow import accounts, departures
from workflow.models import Objection, Posting, PostingKind

FIRST, DAYS = date(2021, 3, 1), 6
EXAMPLES, STEPS = int(os.environ.get("ACCESS_EXAMPLES", "10")), 8
ROWS = {"cases": Application, "households": Household, "postings": Posting, "objections": Objection}
WHO, DAY = st.integers(0, 1), st.integers(0, DAYS - 1)
POSTS = {
    "village": (Role.VILLAGE_CLERK, Role.SUPERVISOR, Role.ADMINISTRATOR),
    "township": (Role.TOWNSHIP_REVIEWER, Role.SUPERVISOR, Role.ADMINISTRATOR),
    "county": (Role.DISTRICT_APPROVER, Role.SUPERVISOR, Role.ADMINISTRATOR),
}
Reach = dict[str, dict[str, set[int]]]
"""What lies in each village: the keys of its rows by their kind."""


class Access(RuleBasedStateMachine):
    """The verbs beside a list of plain rows: person, role, region, first day, last day, its villages, key."""

    def __init__(self, world: World, places: list[tuple[str, Region, set[str]]], there: Reach) -> None:
        super().__init__()
        self.world, self.places, self.there = world, places, there
        self.people = [user(f"示例{number}") for number in range(2)]
        self.gone: set[int] = set()
        self.held: list[list[Any]] = []
        self.read: dict[tuple[str, ...], dict[str, set[int]]] = {}

    @rule(who=WHO, place=st.integers(0, 5), role=st.integers(0, 2), begin=DAY, length=DAY)
    def appoint(self, who: int, place: int, role: int, begin: int, length: int) -> None:
        level, region, villages = self.places[place]
        what, last = POSTS[level][role], None if length == DAYS - 1 else begin + length
        refused = who in self.gone or any(
            one[:3] == [who, what, region.pk]
            and (one[4] is None or one[4] >= begin)
            and (last is None or one[3] <= last)
            for one in self.held
        )
        end = None if last is None else on(last)
        made = self.tried(
            refused,
            lambda: appointments.appoint(
                self.people[who], role=what, region=region, starts_on=on(begin), ends_on=end, by=None
            ),
        )
        if made:
            self.held.append([who, what, region.pk, begin, last, villages, made.pk])

    @rule(number=st.integers(0, 7), day=DAY)
    def end(self, number: int, day: int) -> None:
        if number >= len(self.held):
            return
        one = self.held[number]
        refused = day < one[3] or (one[4] is not None and one[4] <= day)
        row = Appointment.objects.get(pk=one[6])
        if self.tried(refused, lambda: appointments.end(row, on=on(day), by=None)):
            one[4] = day

    @rule(who=WHO, day=DAY)
    def deactivate(self, who: int, day: int) -> None:
        """Whoever leaves keeps no post beyond that day; one that would begin later keeps its first day only."""
        person = User.objects.get(pk=self.people[who].pk)
        departures.leave(
            person,
            by=self.world.administrator,
            now=moment(day),
            reason="〔示例〕",
            takers={},
            seen=departures.held(person, on=on(day)).fingerprint,
        )
        self.gone.add(who)
        for one in self.held:
            last = max(day, one[3])
            if one[0] == who and (one[4] is None or one[4] > last):
                one[4] = last

    @rule(who=WHO, day=DAY)
    def let_in_again(self, who: int, day: int) -> None:
        by, person = self.world.administrator, self.people[who]
        refused = who not in self.gone
        if self.tried(
            refused, lambda: accounts.reactivate(person, by=by, now=moment(day), reason="〔示例〕")
        ):
            self.gone.discard(who)

    @staticmethod
    def tried(refused: bool, act: Any) -> Any:
        """The verb refuses exactly where the model does."""
        made, why = None, ""
        try:
            made = act()
        except Refused as answer:
            why = answer.sentence
        assert bool(why) is refused, why
        return made

    @invariant()
    def everybody_sees_what_the_model_says_on_every_day(self) -> None:
        for who, one in enumerate(self.people):
            person = User.objects.get(pk=one.pk)
            for day in range(-1, 2 * DAYS):
                actor = appointments.actor(person, on=on(day))
                prefixes = actor.may_read_prefixes
                if prefixes not in self.read:
                    self.read[prefixes] = {
                        kind: set(model.objects.visible_to(actor).values_list("pk", flat=True))  # type: ignore[attr-defined]
                        for kind, model in ROWS.items()
                    }
                assert self.read[prefixes] == self.expected(who, day), (who, day, prefixes)

    def expected(self, who: int, day: int) -> dict[str, set[int]]:
        villages: set[str] = set()
        for person, _, _, begin, last, reached, _ in self.held:
            if person == who and who not in self.gone and begin <= day and (last is None or day <= last):
                villages |= reached
        return {kind: set().union(*(self.there[name][kind] for name in villages)) for kind in ROWS}


def on(day: int) -> date:
    return FIRST + timedelta(days=day)


def moment(day: int) -> datetime:
    return timezone.make_aware(datetime.combine(on(day), time(9)))


def laid_out(world: World) -> tuple[list[tuple[str, Region, set[str]]], Reach]:
    """A case, a household, a sheet and an objection in each of two villages; a household in one of another township."""
    township = Region.objects.get(code="990101002000")
    far = Region.objects.create(code="990101002001", name="邻镇村", level="village", parent=township)
    there: Reach = {}
    for number, name in enumerate(("one", "two")):
        case, now = stages.reach(world, State.VILLAGE_POSTING, village=number)
        sheet = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=now, village=number)
        objection = stages.lodged(world, case, sheet, now=now)
        there[name] = {
            "cases": {case.pk},
            "households": {case.household_id},
            "postings": {sheet.pk},
            "objections": {objection.pk},
        }
    home = Household.objects.create(number="示例远户", village=far, category="general")
    there["far"] = {kind: set() for kind in ROWS} | {"households": {home.pk}}
    one, two = world.villages
    places = [
        ("village", one, {"one"}),
        ("village", two, {"two"}),
        ("village", far, {"far"}),
        ("township", world.township, {"one", "two"}),
        ("township", township, {"far"}),
        ("county", world.county, {"one", "two", "far"}),
    ]
    return places, there


def test_access_is_what_a_plain_model_says_on_every_day(world: World) -> None:
    places, there = laid_out(world)
    run_state_machine_as_test(
        lambda: Access(world, places, there),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
