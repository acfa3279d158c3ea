"""The demonstration's timetable: on which days a sheet must go up for a case to arrive on a given day."""

from datetime import date
from itertools import pairwise

import pytest

from applications.states import State
from applications.terms import DayUnit, Term
from workflow.calendar import Calendar, Day
from workflow.demo.timetable import display_ending_on, latest_display, passage

CALENDAR = Calendar(
    {date(2021, 10, day): Day(is_workday=False, name="国庆节") for day in range(1, 8)}, frozenset({2021})
)
TEN_DAYS = Term(10, DayUnit.CALENDAR)
THREE_DAYS = Term(3, DayUnit.CALENDAR, rolls=False)


@pytest.mark.parametrize(
    ("before", "term", "shown"),
    [
        # Ten days after Monday 6 September is Thursday 16 September: over before the 17th.
        (date(2021, 9, 17), TEN_DAYS, date(2021, 9, 6)),
        # From the 21st on a sheet would run into the festival and on to 8 October.
        (date(2021, 10, 8), TEN_DAYS, date(2021, 9, 20)),
        (date(2021, 10, 9), TEN_DAYS, date(2021, 9, 28)),
        # Three days after Thursday; a sheet of Friday would end on Monday itself.
        (date(2021, 9, 13), THREE_DAYS, date(2021, 9, 9)),
    ],
)
def test_latest_display_is_the_last_working_day_whose_period_ends_in_time(
    before: date, term: Term, shown: date
) -> None:
    assert latest_display(before, term=term, calendar=CALENDAR) == shown
    assert CALENDAR.period(shown, term).last_day < before


def test_a_sheet_that_does_not_roll_can_end_on_any_day() -> None:
    for day in range(1, 31):
        shown = display_ending_on(date(2021, 9, day), term=THREE_DAYS, calendar=CALENDAR)
        assert CALENDAR.period(shown, THREE_DAYS).last_day == date(2021, 9, day)


def test_a_passage_is_in_order_and_ends_on_the_day_asked_for() -> None:
    terms = dict.fromkeys(("village", "township", "district"), TEN_DAYS)
    days = passage(State.ANNOUNCED, on=date(2021, 12, 1), terms=terms, calendar=CALENDAR)
    assert days[State.ANNOUNCED] == date(2021, 12, 1)
    assert len(days) == 9
    for earlier, later in pairwise(reversed(days.values())):
        assert earlier <= later
