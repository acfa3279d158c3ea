"""What every paragraph of the story needs (讲述): the days reckoned backwards, the people, the plan of acts."""

from collections.abc import Callable, Sequence
from datetime import date, datetime

from django.utils import timezone

from applications.states import State
from workflow.calendar import Calendar
from workflow.demo.acts import Case
from workflow.demo.agenda import Agenda
from workflow.demo.cast import Cast
from workflow.demo.journeys import Journey
from workflow.demo.township import Township


class Teller:
    """Plans acts into the agenda; the last of them are always yesterday's."""

    def __init__(self, township: Township, *, now: datetime, calendar: Calendar) -> None:
        self.township, self.now, self.calendar = township, now, calendar
        self.today = timezone.localdate(now)
        self.agenda = Agenda()
        self.cast = Cast(township, today=self.today)
        people = township.people
        self.reviewer, self.second_reviewer = people["xiang1"], people["xiang2"]
        self.approver, self.second_approver = people["qu1"], people["qu2"]

    def back(self, working_days: int) -> date:
        """The day so many working days before today; every act of an officer lies on such a day."""
        return self.calendar.add_working_days(self.today, -working_days)

    def journey(self, cases: Sequence[Case], to: State, on: date, *, hung: bool = True) -> Journey:
        """Plan the straight way of some cases of one programme to a state, where they arrive on a day."""
        return Journey(
            agenda=self.agenda,
            township=self.township,
            calendar=self.calendar,
            today=self.today,
            cases=cases,
            to=to,
            on=on,
            reviewer=self.reviewer,
            approver=self.approver,
            hung=hung,
        ).plan()

    def on(self, day: date, clock: str, act: Callable[..., object], *args: object, **values: object) -> None:
        """Plan one act; it is handed its moment last."""

        def at_its_moment(at: datetime) -> None:
            act(*args, at, **values)

        self.agenda.plan(day, clock, at_its_moment)
