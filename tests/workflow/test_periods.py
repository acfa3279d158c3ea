"""For any calendar, plan, objections and days without a sweep: the ledger replays, nothing passes early, nothing is lost."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from applications.models import Application, PostingPlan
from applications.states import State
from applications.terms import DayUnit, Term
from registry.refusal import Refused
from tests import stages
from tests.workflow import invariants
from tests.world import World
from workflow import calendar, holidays, intake, postings, sheets, sweeps
from workflow.calendar import SATURDAY, Calendar, Day
from workflow.holidays import Stretch, YearNotice
from workflow.models import (
    EntryOutcome,
    HolidayNotice,
    Objection,
    ObjectionOutcome,
    Posting,
    PostingEntry,
    PostingKind,
)
from workflow.results import Ref

EXAMPLES = int(os.environ.get("PERIOD_EXAMPLES", "40"))
"""Courses a run tries; each is a sheet of three rows from its display to its end."""

FIRST = date(2021, 3, 1)
HORIZON = 40
TERMS = st.builds(Term, st.integers(3, 12), st.sampled_from(DayUnit), st.booleans(), st.booleans())


def _stretches(numbers: set[int]) -> tuple[Stretch, ...]:
    """Single days: a weekday is off, a weekend day is made up for it."""
    found = []
    for number in sorted(numbers):
        day = FIRST + timedelta(days=number)
        made_up = day.weekday() >= SATURDAY
        found.append(Stretch(day, day, made_up, "示例调休" if made_up else "示例节"))
    return tuple(found)


NOTICES = st.sets(st.integers(1, HORIZON), min_size=1, max_size=12).map(_stretches)
EVENTS = st.one_of(
    st.tuples(st.just("object"), st.integers(0, 2)),
    st.tuples(st.just("decide"), st.sampled_from(ObjectionOutcome)),
    st.tuples(st.just("withdraw"), st.integers(0, 2)),
    st.tuples(st.just("notice"), st.tuples(NOTICES, st.booleans())),
    st.tuples(st.just("take_down"), st.none()),
    st.tuples(st.just("sweep"), st.none()),
)
# Days on which nothing is said to happen are days on which no sweep ran: the clock stood still.
COURSES = st.lists(st.tuples(st.integers(0, 30), EVENTS), max_size=12).map(
    lambda course: sorted(course, key=lambda one: one[0])
)


@contextmanager
def undone() -> Iterator[None]:
    """One example's rows are taken back; a verb's durable block may stand inside, as inside a test."""
    block: Any = transaction.atomic()
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)


def moment(number: int) -> datetime:
    return timezone.make_aware(
        datetime.combine(FIRST + timedelta(days=number), datetime.min.time())
    ) + timedelta(hours=9)


def happen(
    world: World, cases: list[Application], posting: Posting, number: int, name: str, given_: Any
) -> None:
    """One event of a course; what the rules refuse does not happen."""
    now = moment(number)
    with suppress(Refused):
        if name == "object":
            stages.lodged(world, cases[given_], posting, now=now)
        elif name == "decide" and (objection := Objection.objects.open().order_by("pk").first()):
            stages.decided(objection, given_, by=world.clerk, now=now)
        elif name == "withdraw":
            intake.withdraw(
                [Ref.of(stages.again(cases[given_]))], by=world.clerk, now=now, opinion="不要了。"
            )
        elif name == "notice":
            stretches, shorten = given_
            notice = YearNotice(2021, "示例通知〔示例〕", stretches)
            seen = holidays.fingerprint(notice, holidays.foresee(notice, now=now))
            holidays.enter(notice, by=world.administrator, now=now, seen=seen, shorten=shorten)
        elif name == "take_down":
            postings.take_down(posting, by=world.clerk, now=now, reason="公开栏倒塌。")
        elif name == "sweep":
            assert sweeps.run(now=now).failed == []


def replay(posting: Posting) -> date:
    """The last day as the ledger alone gives it: every day once, numbers from 1 to the term, the rest unnumbered."""
    assert posting.displayed_on is not None
    assert posting.term is not None
    days = [date.fromisoformat(day) for day, _, _ in posting.ledger]
    assert days == [posting.displayed_on + timedelta(days=number) for number in range(len(days))]
    numbers = [number for _, number, _ in posting.ledger]
    assert [number for number in numbers if number is not None] == list(range(1, posting.term.days + 1))
    return days[-1]


def check(posting: Posting) -> None:
    """What must hold of the sheet at any moment."""
    posting.refresh_from_db()
    assert replay(posting) == posting.closes_on
    sheets.verify(posting, posting.entries.all())
    for entry in PostingEntry.objects.filter(posting=posting, outcome=EntryOutcome.PASSED):
        assert entry.outcome_at is not None
        assert timezone.localdate(entry.outcome_at) > posting.closes_on
        for objection in Objection.objects.filter(application=entry.application_id):
            assert objection.received_at >= entry.outcome_at or (
                objection.decided_at is not None and objection.decided_at <= entry.outcome_at
            )


def test_the_ledger_replays_nothing_passes_early_or_objected_to_and_nothing_is_lost(world: World) -> None:
    cases = [stages.reach(world, State.VILLAGE_POSTING)[0] for _ in range(3)]

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
    @given(TERMS, st.booleans(), COURSES)
    def holds(term: Term, noticed: bool, course: list[tuple[int, tuple[str, Any]]]) -> None:
        with undone():
            if not noticed:
                HolidayNotice.objects.filter(year=2021).delete()
            QuerySet(PostingPlan).filter(programme=world.grain).update(**vars(term))
            posting = stages.displayed(world, cases, kind=PostingKind.VILLAGE, now=world.now)
            check(posting)
            for number, (name, values) in course:
                happen(world, cases, posting, number, name, values)
                check(posting)
            assert sweeps.run(now=moment(90)).failed == []
            check(posting)
            still = set(Objection.objects.open().values_list("application_id", flat=True))
            for entry in posting.entries.all():
                ends = {EntryOutcome.PASSED, EntryOutcome.NOT_PASSED, EntryOutcome.REMOVED}
                assert entry.outcome in ends
                # What is held at the end is held by something: else it passed when its objection was settled, or
                # its household took the case back first.
                gone = entry.application.state == State.WITHDRAWN
                assert entry.outcome != EntryOutcome.NOT_PASSED or gone or entry.application_id in still
            assert posting.entries.count() == len(cases)
            assert invariants.faults() == []

    holds()


@given(TERMS, st.integers(0, HORIZON), NOTICES, st.integers(0, 15))
def test_a_period_held_to_an_announced_day_keeps_its_count_and_ends_there(
    term: Term, start: int, stretches: tuple[Stretch, ...], beyond: int
) -> None:
    days = {one.first: Day(one.is_workday, one.name) for one in stretches}
    known = Calendar(days, frozenset({2021}))
    period = known.period(FIRST + timedelta(days=start), term)
    announced = period.last_day + timedelta(days=beyond)
    kept = known.kept_until(period, announced)
    assert kept.last_day == announced == kept.ledger[-1].day
    assert kept.ledger[: len(period.ledger)] == period.ledger
    assert all(line.number is None and "不提前" in line.why for line in kept.ledger[len(period.ledger) :])
    assert known.kept_until(period, period.start) == period


def test_a_calendar_with_a_year_taken_in_drops_what_the_year_named_before() -> None:
    known = Calendar({FIRST: Day(False, "旧")}, frozenset())
    later = FIRST + timedelta(days=1)
    again = known.with_year(2021, {later: Day(False, "新")}, without={FIRST})
    assert (again.is_working(FIRST), again.is_working(later), again.is_provisional(FIRST)) == (
        True,
        False,
        False,
    )
    assert isinstance(known, calendar.Calendar)
