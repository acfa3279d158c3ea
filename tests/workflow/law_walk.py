"""An exhaustive walk over the real transitions with a small model of the facts around one case.

The model knows two amounts, three levels, three people and one objection; it does to the facts what the verbs do
to the rows, and asks the real methods what is allowed. Whatever it finds wrong is a sentence in `Walk.faults`.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from applications.machine import ComputedOtherwise, WrongState, transition_table
from applications.models import Application
from applications.standing import Standing
from applications.states import CORRECTIONS, FINAL, LEVEL_OF, OPEN, POSTINGS, REVIEWS, Level, State
from registry.refusal import Refused
from tests.workflow.law_table import FORWARD, call
from workflow.steps import CLOSE

LEVELS = tuple(Level)
LOW, HIGH = 1, 2
Machine = Callable[..., None]
BIT = {Level.VILLAGE: 1, Level.TOWNSHIP: 2, Level.DISTRICT: 4}
EACH_LEVEL = [1, 2, 4]
PEOPLE = 4
"""One more than the levels: with three, a person counted at two levels leaves nobody for the third."""

STAFF = frozenset({"submit", "resubmit", "restart"})
"""Done by village staff for the household, wherever the case lies."""
UNDECIDED = frozenset({"withdraw", "discard", *CLOSE.values()})
PASSES = {"pass_village_review", "pass_township_review", "pass_district_review"}


@dataclass(frozen=True)
class Facts:
    """One case and all that the law asks about it.

    ran: per level the highest amount whose entry ran its full period and was not taken out (0: none).
    hanging: the level and the amount of the entry on display.
    people: per person the levels (as bits) at which they entered or decided, sorted, for who is who does not matter.
    passed: the levels (as bits) that have passed the case at least once.
    """

    state: State = State.DRAFT
    amount: int = HIGH
    ran: tuple[int, int, int] = (0, 0, 0)
    hanging: tuple[Level, int] | None = None
    objection: bool = False
    people: tuple[int, ...] = (*[0] * (PEOPLE - 1), BIT[Level.VILLAGE])
    passed: int = 0

    @cached_property
    def covered(self) -> frozenset[Level]:
        return frozenset(level for level, ran in zip(LEVELS, self.ran, strict=True) if ran >= self.amount)

    @cached_property
    def standing(self) -> Standing:
        return Standing(
            covered=self.covered,
            on_display=self.hanging is not None,
            open_objections=int(self.objection),
            deciders={
                level: frozenset(who for who, levels in enumerate(self.people) if levels & bit)
                for level, bit in BIT.items()
            },
        )

    def without_entry(self, level: Level) -> "Facts":
        """The entry on display and those of the level that ran are taken out."""
        ran = tuple(0 if one is level else amount for one, amount in zip(LEVELS, self.ran, strict=True))
        return replace(self, hanging=None, ran=ran)

    def decided_by(self, who: int, level: Level) -> "Facts":
        people = list(self.people)
        people[who] |= BIT[level]
        return replace(self, people=tuple(sorted(people)))


@dataclass(frozen=True)
class Step:
    """One edge of the walk: what was done, and where it led."""

    name: str
    after: Facts


@dataclass
class Walk:
    """What was explored, and what was found wrong on the way."""

    steps: dict[Facts, list[Step]] = field(default_factory=dict)
    faults: set[str] = field(default_factory=set)

    @property
    def states(self) -> set[State]:
        return {facts.state for facts in self.steps}


class Walker:
    """Takes every step that the machine allows. With `fresh` an untouched officer is always at hand."""

    def __init__(self, machine: Machine = call, *, fresh: bool = False) -> None:
        self.machine, self.fresh = machine, fresh
        self.case = Application(state=State.DRAFT)
        self.names = tuple(transition_table())
        self.possible: dict[State, tuple[str, ...]] = {}

    def tried(
        self, facts: Facts, name: str, who: int, level: Level | None = None, on: Standing | None = None
    ) -> State | None:
        """The state that a transition leads to, or None where it is refused."""
        self.case.__dict__["state"] = facts.state
        try:
            self.machine(self.case, name, on or facts.standing, by=who, level=level)
        except (Refused, ComputedOtherwise, WrongState):
            return None
        return State(self.case.state)

    def _declared(self, state: State) -> tuple[str, ...]:
        """The transitions that do not answer WrongState, asked once per state."""
        if state not in self.possible:
            self.possible[state] = tuple(name for name in self.names if self._starts(state, name))
        return self.possible[state]

    def _starts(self, state: State, name: str) -> bool:
        self.case.__dict__["state"] = state
        try:
            self.machine(self.case, name, Standing(), by=-1)
        except WrongState:
            return False
        except (Refused, ComputedOtherwise):
            return True
        return True

    def people(self, facts: Facts) -> Iterator[int]:
        """One of each kind of person: two with the same past are the same to the law."""
        if self.fresh:
            yield -1
            return
        seen: set[int] = set()
        for who, levels in enumerate(facts.people):
            if levels not in seen:
                seen.add(levels)
                yield who

    def noted(self, facts: Facts, who: int, level: Level) -> Facts:
        return facts if self.fresh else facts.decided_by(who, level)

    def steps(self, facts: Facts) -> Iterator[Step]:
        """All that may happen next: acts of people, periods and sheets, objections, changes in a correction."""
        for name in self._declared(facts.state):
            # While a sheet hangs, its case leaves by the end of the period only.
            if name in CLOSE.values() and facts.hanging is not None:
                continue
            # The law of what nobody decides does not ask who it was.
            for who in self.people(facts) if name not in UNDECIDED else (-1,):
                yield from self._act(facts, name, who)
        if facts.state in OPEN:
            yield from self._sheets(facts)
            yield from self._objections(facts)
        if facts.state in CORRECTIONS | {State.DRAFT}:
            for amount in {LOW, HIGH} - {facts.amount}:
                yield Step("amend", replace(facts, amount=amount))

    def _act(self, facts: Facts, name: str, who: int) -> Iterator[Step]:
        target = self.tried(facts, name, who)
        if target is None:
            return
        held = LEVEL_OF.get(facts.state, Level.DISTRICT)
        after = replace(facts, state=target)
        if name in ("reject", "withdraw"):
            after = replace(after, hanging=None)
        if name == "correct":
            after = after.without_entry(held)
        if name in PASSES:
            after = replace(after, passed=after.passed | BIT[held])
        if name not in UNDECIDED:
            after = self.noted(after, who, Level.VILLAGE if name in STAFF else held)
        yield Step(name, after)
        if name in PASSES and facts.amount == HIGH:
            yield Step(name, replace(after, amount=LOW))

    def _sheets(self, facts: Facts) -> Iterator[Step]:
        if facts.hanging is None:
            if facts.state in POSTINGS:
                yield Step("display", replace(facts, hanging=(LEVEL_OF[facts.state], facts.amount)))
            return
        yield Step("take_down", replace(facts, hanging=None))
        level, amount = facts.hanging
        ran = tuple(
            max(old, amount) if one is level else old for one, old in zip(LEVELS, facts.ran, strict=True)
        )
        after = replace(facts, hanging=None, ran=ran)
        target = self.tried(after, CLOSE[facts.state], -1) if facts.state in CLOSE else None
        yield (
            Step("period ends", after)
            if target is None
            else Step(CLOSE[facts.state], replace(after, state=target))
        )

    def _objections(self, facts: Facts) -> Iterator[Step]:
        """Lodged at any time; decided by the level of the entry, or by the township where cadres are concerned."""
        if not facts.objection:
            yield Step("objection", replace(facts, objection=True))
            return
        settled = replace(facts, objection=False)
        yield Step("not upheld", settled)
        for level, ran in zip(LEVELS, facts.ran, strict=True):
            if not ran and (facts.hanging is None or facts.hanging[0] is not level):
                continue
            for handling in {level, Level.TOWNSHIP if level is Level.VILLAGE else level}:
                for who in self.people(facts):
                    for outcome in ("corrected", "cancelled"):
                        yield from self._decided(settled, outcome, level, handling, who)

    def _decided(self, facts: Facts, outcome: str, level: Level, handling: Level, who: int) -> Iterator[Step]:
        name = self._follows(facts.state, outcome)
        if name is None:
            yield Step(outcome, facts.without_entry(level))
            return
        target = self.tried(facts, name, who, handling)
        if target is not None:
            yield Step(outcome, self.noted(replace(facts, state=target).without_entry(level), who, handling))

    @staticmethod
    def _follows(state: State, outcome: str) -> str | None:
        """The transition by which the case follows an objection that was right."""
        if outcome == "cancelled":
            return "cancel" if state in CORRECTIONS else "reject"
        if state in CORRECTIONS:
            return None
        if state in REVIEWS:
            return "send_back"
        return "correct" if state in POSTINGS else "stop"


def judged(facts: Facts, step: Step) -> Iterator[str]:
    """What is unsound about one step."""
    after = step.after
    if step.name in FORWARD and facts.objection:
        yield f"{step.name} under an open objection"
    if step.name in CLOSE.values() or after.state is State.ANNOUNCED is not facts.state:
        level = LEVEL_OF[facts.state]
        if not set(level.and_below) <= after.covered:
            yield f"{step.name} without a full posting that covers"
    if after.state is State.ANNOUNCED is not facts.state:
        if after.passed != sum(EACH_LEVEL):
            yield "announced without a decision at each level"
        if not {*EACH_LEVEL} <= {*after.people} <= {0, *EACH_LEVEL}:
            yield "announced without three people at three levels"
    if after.hanging is not None and LEVEL_OF.get(after.state) is not after.hanging[0]:
        yield f"on display at another level after {step.name}"
    if after.hanging is not None and after.state not in POSTINGS:
        yield f"on display outside a posting after {step.name}"
    if facts.state in FINAL and step.name != "revoke":
        yield f"{step.name} leaves the end {facts.state}"


def walk(machine: Machine = call, *, fresh: bool = False, until: str = "") -> Walk:
    """Breadth-first from a new draft to everything that can be reached, or until one fault is found."""
    walker, found = Walker(machine, fresh=fresh), Walk()
    first = Facts(people=()) if fresh else Facts()
    waiting = deque([first])
    found.steps[first] = []
    while waiting and until not in found.faults:
        facts = waiting.popleft()
        for step in walker.steps(facts):
            found.steps[facts].append(step)
            if not fresh:
                found.faults.update(judged(facts, step))
            if step.after not in found.steps:
                found.steps[step.after] = []
                waiting.append(step.after)
    return found


def stuck(found: Walk, *, ends: set[State], by: Callable[[Facts, Step], bool]) -> set[State]:
    """The open states from which no sequence of the chosen steps leads to one of the ends."""
    before: dict[Facts, list[Facts]] = {facts: [] for facts in found.steps}
    for facts, steps in found.steps.items():
        for step in steps:
            if by(facts, step):
                before[step.after].append(facts)
    reached = {facts for facts in found.steps if facts.state in ends}
    waiting = deque(reached)
    while waiting:
        for earlier in before[waiting.popleft()]:
            if earlier not in reached:
                reached.add(earlier)
                waiting.append(earlier)
    return {facts.state for facts in found.steps if facts.state in OPEN and facts not in reached}
