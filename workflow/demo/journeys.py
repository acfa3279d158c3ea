"""The straight way of some cases through the chain, planned backwards from where they are to be."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial

from applications.states import Level, State
from registry.models import Region, User
from workflow.calendar import Calendar
from workflow.demo import acts
from workflow.demo.acts import Case
from workflow.demo.agenda import Agenda
from workflow.demo.timetable import CHAIN, passage, terms
from workflow.demo.township import Township
from workflow.models import Posting, PostingKind
from workflow.steps import POSTING_STATE

OPINIONS = {
    Level.VILLAGE: "经入户核实和民主评议，同意申报。",
    Level.TOWNSHIP: "材料齐全，符合条件，同意。",
    Level.DISTRICT: "经审定，同意补助。",
}
PASS_AT = {Level.VILLAGE: "09:30", Level.TOWNSHIP: "10:00", Level.DISTRICT: "11:00"}
HANG_AT = {Level.VILLAGE: "15:00", Level.TOWNSHIP: "15:30", Level.DISTRICT: "16:00"}


@dataclass
class Journey:
    """Cases of one programme that go together; those that leave the way are simply no longer met on it."""

    agenda: Agenda
    township: Township
    calendar: Calendar
    today: date
    cases: Sequence[Case]
    to: State
    on: date
    reviewer: User
    approver: User
    hung: bool = True
    days: dict[State, date] = field(init=False)

    def __post_init__(self) -> None:
        self.terms = terms(self.cases[0].programme)
        self.days = passage(self.to, on=self.on, terms=self.terms, calendar=self.calendar)

    def plan(self) -> "Journey":
        """Plan every act on the way. With `hung` False the cases end up waiting for a sheet."""
        self._plan_entering()
        for level, state in POSTING_STATE.items():
            if self.goes_to(state):
                self._plan_pass(level)
                if self.hung or self.to is not state:
                    self._plan_sheets(level)
        if self.goes_to(State.ANNOUNCED):
            self.agenda.plan(self.days[State.ANNOUNCED], "10:30", self._announce)
        return self

    def goes_to(self, state: State) -> bool:
        """Tell whether the way leads as far as a state."""
        return state in CHAIN[: CHAIN.index(self.to) + 1]

    def after(self, state: State, working_days: int) -> date:
        """The day so many working days after the arrival in a state."""
        return self.calendar.add_working_days(self.days[state], working_days)

    def last_day(self, level: Level) -> date:
        """The last day of the sheets of a level."""
        return self.calendar.period(self.days[POSTING_STATE[level]], self.terms[level]).last_day

    def _plan_entering(self) -> None:
        for case in self.cases:
            self.agenda.plan(self.days[State.DRAFT], "09:00", partial(acts.enter, case))
        self.agenda.plan(self.days[State.VILLAGE_REVIEW], "10:00", partial(acts.submit, self.cases))
        if not self.goes_to(State.VILLAGE_POSTING):
            return
        for case in self.cases:
            self.agenda.plan(self.after(State.VILLAGE_POSTING, -2), "14:30", partial(acts.visit, case))
        for cases in self._by_village().values():
            self.agenda.plan(self.after(State.VILLAGE_POSTING, -1), "15:00", partial(acts.meet, cases))

    def _by_village(self) -> dict[Region, list[Case]]:
        found: dict[Region, list[Case]] = {}
        for case in self.cases:
            found.setdefault(case.household.village, []).append(case)
        return found

    def _desks(self, level: Level) -> list[tuple[Region, User, Sequence[Case]]]:
        """Who decides and posts at a level, over which region, and which cases."""
        if level is Level.VILLAGE:
            return [(village, cases[0].clerk, cases) for village, cases in self._by_village().items()]
        if level is Level.TOWNSHIP:
            return [(self.township.township, self.reviewer, self.cases)]
        return [(self.township.county, self.approver, self.cases)]

    def _plan_pass(self, level: Level) -> None:
        review = CHAIN[CHAIN.index(POSTING_STATE[level]) - 1]
        for _, officer, cases in self._desks(level):
            act = partial(acts.pass_on, cases, review, by=officer, opinion=OPINIONS[level])
            self.agenda.plan(self.days[POSTING_STATE[level]], PASS_AT[level], act)

    def _plan_sheets(self, level: Level) -> None:
        day = self.days[POSTING_STATE[level]]
        last_day = self.last_day(level)
        for region, officer, cases in self._desks(level):
            hanging: list[Posting] = []
            hang = partial(self._hang, hanging, level, region, cases, officer)
            self.agenda.plan(day, HANG_AT[level], hang)
            # The sheet that ended yesterday still lacks its photo: something to do.
            if last_day < self.today - timedelta(days=1):
                self.agenda.plan(last_day, "17:00", partial(self._photograph, hanging, officer))

    def _hang(
        self,
        hanging: list[Posting],
        level: Level,
        region: Region,
        cases: Sequence[Case],
        officer: User,
        at: datetime,
    ) -> None:
        applications = acts.rows(cases, POSTING_STATE[level])
        hanging.append(acts.hang(PostingKind(level.value), region, applications, at, by=officer))

    def _photograph(self, hanging: list[Posting], officer: User, at: datetime) -> None:
        for posting in hanging:
            acts.photograph_end(posting, at, by=officer)

    def _announce(self, at: datetime) -> None:
        applications = acts.rows(self.cases, State.ANNOUNCEMENT)
        acts.announce(self.township.county, applications, at, by=self.approver)
