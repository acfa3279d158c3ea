"""On which days a case goes through the chain so as to arrive somewhere on a given day, reckoned backwards."""

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise

from applications.models import Programme
from applications.states import LEVEL_OF, POSTINGS, Level, State
from applications.terms import Term
from workflow.calendar import Calendar

CHAIN = (
    State.DRAFT,
    State.VILLAGE_REVIEW,
    State.VILLAGE_POSTING,
    State.TOWNSHIP_REVIEW,
    State.TOWNSHIP_POSTING,
    State.DISTRICT_REVIEW,
    State.DISTRICT_POSTING,
    State.ANNOUNCEMENT,
    State.ANNOUNCED,
)
DESK_DAYS = {
    State.DRAFT: 0,
    State.VILLAGE_REVIEW: 3,
    State.TOWNSHIP_REVIEW: 2,
    State.DISTRICT_REVIEW: 2,
    State.ANNOUNCEMENT: 4,
}
"""Working days that a case lies on a desk; a posting lasts as long as its own rule says."""

ONE_DAY = timedelta(days=1)


def terms(programme: Programme) -> dict[Level, Term]:
    """How long a programme's sheets hang, level by level."""
    return {Level(plan.level): plan.term for plan in programme.posting_plans.all()}


def passage(to: State, *, on: date, terms: Mapping[Level, Term], calendar: Calendar) -> dict[State, date]:
    """The day of arrival in each state up to `to`, the last of them `on`; sheets go up on the day of arrival."""
    days = {to: on}
    for state, following in reversed(list(pairwise(CHAIN))):
        if following not in days:
            continue
        if state in POSTINGS:
            days[state] = latest_display(days[following], term=terms[LEVEL_OF[state]], calendar=calendar)
        else:
            days[state] = calendar.add_working_days(days[following], -DESK_DAYS[state])
    return days


def latest_display(before: date, *, term: Term, calendar: Calendar) -> date:
    """The latest working day on which a sheet can go up and still have run its period before a day."""
    day = before - ONE_DAY
    while not calendar.is_working(day) or calendar.period(day, term).last_day >= before:
        day -= ONE_DAY
    return day


def display_ending_on(last_day: date, *, term: Term, calendar: Calendar) -> date:
    """The day, a day of rest if need be, on which a sheet goes up whose period ends on a given day."""
    day = last_day
    while calendar.period(day, term).last_day > last_day:
        day -= ONE_DAY
    return day
