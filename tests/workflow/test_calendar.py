"""Periods and working days against dates counted by hand, and the rows that the command loads."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from importlib.metadata import version
from io import StringIO
from typing import Any

import chinese_calendar
import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from applications.terms import DayUnit, Term
from workflow import calendar
from workflow.calendar import BadTerm, Calendar, Day, LedgerDay
from workflow.models import Holiday, HolidayNotice

# The State Council's schedules: spans off by name, MMDD-MMDD, and the make-up workdays (班).
# 2020 as extended by the notice of 27 January 2020: off until 2 February, so 1 February is no make-up day.
SCHEDULE = """
2020 元旦0101-0101 春节0124-0202 清明节0404-0406 劳动节0501-0505 端午节0625-0627 国庆节1001-1008
2020 班0119 班0426 班0509 班0628 班0927 班1010
2021 元旦0101-0103 春节0211-0217 清明节0403-0405 劳动节0501-0505 端午节0612-0614 中秋节0919-0921
2021 国庆节1001-1007 班0207 班0220 班0425 班0508 班0918 班0926 班1009
2022 元旦0101-0103 春节0131-0206 清明节0403-0405 劳动节0430-0504 端午节0603-0605 中秋节0910-0912
2022 国庆节1001-1007 元旦1231-1231 班0129 班0130 班0402 班0424 班0507 班1008 班1009
2023 元旦0101-0102 春节0121-0127 清明节0405-0405 劳动节0429-0503 端午节0622-0624 中秋节0929-0929
2023 国庆节0930-1006 元旦1230-1231 班0128 班0129 班0423 班0506 班0625 班1007 班1008
2024 元旦0101-0101 春节0210-0217 清明节0404-0406 劳动节0501-0505 端午节0610-0610 中秋节0915-0917
2024 国庆节1001-1007 班0204 班0218 班0407 班0428 班0511 班0914 班0929 班1012
2025 元旦0101-0101 春节0128-0204 清明节0404-0406 劳动节0501-0505 端午节0531-0602 国庆节1001-1005
2025 中秋节1006-1006 国庆节1007-1008 班0126 班0208 班0427 班0928 班1011
2026 元旦0101-0103 春节0215-0223 清明节0404-0406 劳动节0501-0505 端午节0619-0621 中秋节0925-0927
2026 国庆节1001-1007 班0104 班0214 班0228 班0509 班0920 班1010
"""
YEARS = frozenset(range(2020, 2027))


def _scheduled() -> dict[date, Day]:
    days = {}
    for line in SCHEDULE.split("\n")[1:-1]:
        year, *spans = line.split()
        for name, first, last in re.findall(r"(\D+)(\d{4})-?(\d{4})?", "".join(spans)):
            day, end = (date.fromisoformat(year + text) for text in (first, last or first))
            for n in range((end - day).days + 1):
                days[day + timedelta(days=n)] = Day(is_workday=name == "班", name=name)
    return days


KNOWN = Calendar(_scheduled(), YEARS)
_calendar_days = partial(Term, unit=DayUnit.CALENDAR)
_working_days = partial(Term, unit=DayUnit.WORKING)

PERIODS = [
    # Fri 17 Sep 2021: 18 Sep is day 1, the Mid-autumn days count too, day 10 is Mon 27 Sep.
    ("2021-09-17", _calendar_days(10), "2021-09-27"),
    # Day 10 is 1 Oct; off until Thu 7 Oct, Fri 8 Oct is worked. Without rolling it stays 1 Oct.
    ("2021-09-21", _calendar_days(10), "2021-10-08"),
    ("2021-09-21", _calendar_days(10, rolls=False), "2021-10-01"),
    # First day counted: 21 Sep is day 1, day 10 is Thu 30 Sep, a working day.
    ("2021-09-21", _calendar_days(10, first_day_counts=True), "2021-09-30"),
    # 30 Sep is 1; 8 Oct 2; Sat 9 Oct is worked, 3; Sun 10 rests; 11 and 12 Oct are 4 and 5.
    ("2021-09-29", _working_days(5), "2021-10-12"),
    # Start on Sat 25 Sep: Sun 26 Sep is worked, 1; 27 to 30 Sep are 2 to 5.
    ("2021-09-25", _working_days(5), "2021-09-30"),
    # Fri 5 Feb 2021: Sat rests; Sun 7 Feb is worked, 1; 8, 9, 10 are 2 to 4; off 11 to 17; Thu 18 is 5.
    ("2021-02-05", _working_days(5), "2021-02-18"),
    # 10 Feb counts, 1; 18, 19 are 2, 3; Sat 20 is worked, 4; Sun rests; 22, 23, 24 are 5 to 7.
    ("2021-02-10", _working_days(7, first_day_counts=True), "2021-02-24"),
    # First day counted: 5 to 11 Feb; 11 Feb is off, and so on to the 17th; Thu 18 is worked.
    ("2021-02-05", _calendar_days(7, first_day_counts=True), "2021-02-18"),
    ("2021-02-05", _calendar_days(7, first_day_counts=True, rolls=False), "2021-02-11"),
    # Start inside a holiday, first day counted, working days: 2 Oct does not count, 8 Oct is 1.
    ("2021-10-02", _working_days(1, first_day_counts=True), "2021-10-08"),
    # The same in calendar days: 2, 3, 4 Oct are 1 to 3; the last rests, 8 Oct is the next worked.
    ("2021-10-02", _calendar_days(3, first_day_counts=True), "2021-10-08"),
    ("2021-10-02", _calendar_days(3, first_day_counts=True, rolls=False), "2021-10-04"),
    # One day from a plain Friday: Saturday rolls to Monday; in working days Monday is day 1.
    ("2021-03-05", _calendar_days(1), "2021-03-08"),
    ("2021-03-05", _calendar_days(1, rolls=False), "2021-03-06"),
    ("2021-03-05", _working_days(1), "2021-03-08"),
    # A single counted first day ends on itself.
    ("2021-03-08", _calendar_days(1, first_day_counts=True), "2021-03-08"),
    ("2021-03-08", _working_days(1, first_day_counts=True), "2021-03-08"),
    # Plain weeks: 2 to 5 March are 1 to 4, 8 to 10 March are 5 to 7.
    ("2021-03-01", _working_days(7), "2021-03-10"),
    # 2020, extension: 22, 23 Jan are 1, 2; off 24 Jan to 2 Feb (Sat 1 Feb too); 3, 4, 5 Feb are 3 to 5.
    ("2020-01-21", _working_days(5), "2020-02-05"),
    # 2020: day 10 is Fri 31 Jan, off only by the extension; Mon 3 Feb is the next worked day.
    ("2020-01-21", _calendar_days(10), "2020-02-03"),
    # 2024: 8 Feb is 1, New Year's Eve Fri 9 Feb is worked, 2; off 10 to 17; Sun 18 is worked, 3; then 4, 5.
    ("2024-02-07", _working_days(5), "2024-02-20"),
    # 2024: day 10 is Sun 11 Feb; it rolls to Sun 18 Feb, which is a make-up workday.
    ("2024-02-01", _calendar_days(10), "2024-02-18"),
    # Into 2023: Fri 30 Dec is 1; off 31 Dec to 2 Jan; 3 to 6 Jan are 2 to 5.
    ("2022-12-29", _working_days(5), "2023-01-06"),
    # 2025: 28, 29, 30 Sep (Sun 28 is worked) are 1 to 3; off 1 to 8 Oct; 9, 10 Oct are 4, 5.
    ("2025-09-27", _working_days(5), "2025-10-10"),
    # 2026: Sat 14 Feb is worked, 1; off 15 to 23; 24 to 27 Feb are 2 to 5.
    ("2026-02-13", _working_days(5), "2026-02-27"),
]


@pytest.mark.parametrize(("start", "term", "last_day"), PERIODS, ids=lambda value: str(value))
def test_a_period_ends_on_the_day_counted_by_hand(start: str, term: Term, last_day: str) -> None:
    period = KNOWN.period(date.fromisoformat(start), term)
    assert (period.last_day.isoformat(), period.provisional) == (last_day, False)


def _lines(period: calendar.Period) -> list[tuple[str, int | None, str]]:
    return [(line.day.isoformat(), line.number, line.why) for line in period.ledger]


def test_the_ledger_of_a_working_day_period_gives_every_day_its_number_or_its_reason() -> None:
    assert _lines(KNOWN.period(date(2021, 9, 29), _working_days(5))) == [
        ("2021-09-29", None, "首日不计"),
        ("2021-09-30", 1, "工作日"),
        *((f"2021-10-0{n}", None, "国庆节") for n in range(1, 8)),
        ("2021-10-08", 2, "工作日"),
        ("2021-10-09", 3, "调休上班"),
        ("2021-10-10", None, "周日"),
        ("2021-10-11", 4, "工作日"),
        ("2021-10-12", 5, "工作日"),
    ]


def test_the_ledger_marks_the_days_by_which_a_last_day_has_moved() -> None:
    assert _lines(KNOWN.period(date(2021, 3, 5), _calendar_days(1))) == [
        ("2021-03-05", None, "首日不计"),
        ("2021-03-06", 1, "周六"),
        ("2021-03-07", None, "顺延（周日）"),
        ("2021-03-08", None, "顺延（工作日）"),
    ]


def test_a_first_day_that_counts_is_number_one_unless_it_is_a_rest_day_of_a_working_day_period() -> None:
    counted = KNOWN.period(date(2021, 10, 2), _calendar_days(3, first_day_counts=True, rolls=False))
    assert counted.ledger[0] == LedgerDay(date(2021, 10, 2), 1, "国庆节", False)
    rested = KNOWN.period(date(2021, 10, 2), _working_days(1, first_day_counts=True))
    assert rested.ledger[0] == LedgerDay(date(2021, 10, 2), None, "国庆节", False)


@pytest.mark.parametrize("unit", DayUnit)
@pytest.mark.parametrize("days", [0, -1])
def test_a_term_of_less_than_one_day_is_refused(unit: DayUnit, days: int) -> None:
    with pytest.raises(BadTerm) as refused:
        KNOWN.period(date(2021, 3, 5), Term(days, unit))
    assert refused.value.sentence == "期限天数不能少于1天。"


def test_a_moment_is_not_taken_for_a_day() -> None:
    moment = datetime(2021, 10, 1, 8, 0, tzinfo=UTC)
    for question in (KNOWN.is_working, KNOWN.why, lambda day: KNOWN.add_working_days(day, 1)):
        with pytest.raises(TypeError, match="local dates"):
            question(moment)


WHY = [
    ("2021-10-01", False, "国庆节"),
    ("2021-10-02", False, "国庆节"),  # a Saturday that the notice names
    ("2021-10-09", True, "调休上班"),
    ("2021-10-16", False, "周六"),
    ("2020-01-31", False, "春节"),  # off by the extension
    ("2020-02-01", False, "春节"),  # a make-up day before the extension
]


@pytest.mark.parametrize(("day", "worked", "why"), WHY)
def test_a_day_says_whether_it_is_worked_and_why(day: str, worked: bool, why: str) -> None:
    asked = date.fromisoformat(day)
    assert (KNOWN.is_working(asked), KNOWN.why(asked)) == (worked, why)


def test_a_row_can_make_a_weekday_a_plain_workday_again_and_a_nameless_day_off_is_still_explained() -> None:
    friday, monday = date(2020, 1, 31), date(2020, 2, 3)
    rows = Calendar({friday: Day(True, "春节"), monday: Day(False, "")}, YEARS)
    assert (rows.is_working(friday), rows.why(friday)) == (True, "工作日")
    assert (rows.is_working(monday), rows.why(monday)) == (False, "放假")


# Assumed for the test: a notice for 2027 that gives 1 to 3 January off.
OFF = {date(2027, 1, n): Day(False, "元旦") for n in (1, 2, 3)}
NOTICED = Calendar({**KNOWN.days, **OFF}, YEARS | {2027})
NEW_YEAR = [
    # 30, 31 Dec 2026 are 1, 2; Fri 1 Jan 2027 counts for want of a notice, 3; Mon 4, Tue 5 Jan are 4, 5.
    (KNOWN, "2026-12-29", _working_days(5), "2027-01-05", [1, 2, 3, 4, 5]),
    # With the notice: Mon 4 to Wed 6 Jan are 3 to 5.
    (NOTICED, "2026-12-29", _working_days(5), "2027-01-06", []),
    # 26 to 31 Dec are 1 to 6, Fri 1 and Sat 2 Jan are 7 and 8; it rolls to Monday, provisionally.
    (KNOWN, "2026-12-25", _calendar_days(8), "2027-01-04", [1, 2, 3, 4]),
    # 26 to 31 Dec are 1 to 6, Fri 1 Jan is 7; with the notice it is off and rolls to Monday.
    (KNOWN, "2026-12-25", _calendar_days(7), "2027-01-01", [1]),
    (NOTICED, "2026-12-25", _calendar_days(7), "2027-01-04", []),
    # 30 and 31 Dec are 1 and 2: the last noticed day.
    (KNOWN, "2026-12-29", _working_days(2), "2026-12-31", []),
]


@pytest.mark.parametrize(("days", "start", "term", "last_day", "january"), NEW_YEAR)
def test_a_period_into_a_year_without_a_notice_is_provisional_until_it_is_entered(
    days: Calendar, start: str, term: Term, last_day: str, january: list[int]
) -> None:
    period = days.period(date.fromisoformat(start), term)
    assert (period.last_day.isoformat(), period.provisional) == (last_day, bool(january))
    assert [line.day for line in period.ledger if line.provisional] == [date(2027, 1, n) for n in january]


BETWEEN = [
    # 30 Sep; 8 and 9 Oct: three working days after 29 Sep up to the make-up Saturday.
    ("2021-09-29", "2021-10-09", 3),
    ("2021-10-09", "2021-09-29", -3),
    ("2021-10-01", "2021-10-07", 0),
    ("2021-03-05", "2021-03-05", 0),
    # The end counts, the start does not: Friday to Monday is one.
    ("2021-03-05", "2021-03-08", 1),
]


@pytest.mark.parametrize(("a", "b", "expected"), BETWEEN)
def test_working_days_between_take_in_the_last_day_only(a: str, b: str, expected: int) -> None:
    assert KNOWN.working_days_between(date.fromisoformat(a), date.fromisoformat(b)) == expected


ADDED = [
    # Reminder two working days before Tue 12 Oct: Mon 11 Oct, then the make-up Saturday.
    ("2021-10-12", -2, "2021-10-09"),
    # Before a rest day: Fri 5 March is the first working day before Sun 7 March, Thu 4 the second.
    ("2021-03-07", -2, "2021-03-04"),
    ("2021-10-08", -1, "2021-09-30"),
    ("2021-09-30", 1, "2021-10-08"),
    ("2021-10-02", 0, "2021-10-02"),
]


@pytest.mark.parametrize(("day", "n", "expected"), ADDED)
def test_working_days_are_added_and_taken_off(day: str, n: int, expected: str) -> None:
    assert KNOWN.add_working_days(date.fromisoformat(day), n).isoformat() == expected


# Any rows, not only real schedules; beyond them weekends rule, so that every period ends.
WINDOW = st.dates(date(2021, 1, 1), date(2021, 12, 31))
CALENDARS = st.builds(
    Calendar,
    st.dictionaries(WINDOW, st.builds(Day, st.booleans(), st.sampled_from(["国庆节", ""])), max_size=60),
    st.frozensets(st.sampled_from([2020, 2021, 2022])),
) | st.just(KNOWN)
TERMS = st.builds(Term, st.integers(1, 60), st.sampled_from(DayUnit), st.booleans(), st.booleans())


@given(CALENDARS, WINDOW, TERMS)
def test_a_ledger_numbers_the_days_of_its_term_without_a_gap(days: Calendar, start: date, term: Term) -> None:
    period = days.period(start, term)
    assert [line.number for line in period.ledger if line.number is not None] == list(range(1, term.days + 1))
    length = (period.last_day - start).days + 1
    assert [line.day for line in period.ledger] == [start + timedelta(days=n) for n in range(length)]
    assert period.last_day >= start
    unnoticed = [line.day.year not in days.noticed_years for line in period.ledger]
    assert ([line.provisional for line in period.ledger], period.provisional) == (unnoticed, any(unnoticed))


@given(CALENDARS, WINDOW, TERMS)
def test_a_last_day_is_worked_unless_it_may_stay(days: Calendar, start: date, term: Term) -> None:
    period = days.period(start, term)
    if term.unit == DayUnit.WORKING:
        assert days.is_working(period.last_day)
        assert period.ledger[-1].number == term.days
        before = start - timedelta(days=term.first_day_counts)
        assert period.last_day == days.add_working_days(before, term.days)
        return
    nominal = start + timedelta(days=term.days - term.first_day_counts)
    moved = [line for line in period.ledger if line.why.startswith("顺延")]
    assert [line.day for line in moved] == [line.day for line in period.ledger if line.day > nominal]
    assert all(line.number is None and not days.is_working(line.day) for line in moved[:-1])
    assert bool(moved) is (term.rolls and not days.is_working(nominal))
    assert days.is_working(period.last_day) if term.rolls else period.last_day == nominal


@given(CALENDARS, WINDOW, TERMS)
def test_a_longer_term_never_ends_earlier(days: Calendar, start: date, term: Term) -> None:
    longer = Term(term.days + 1, term.unit, term.first_day_counts, term.rolls)
    assert days.period(start, longer).last_day >= days.period(start, term).last_day


@given(CALENDARS, WINDOW, st.integers(-60, 60))
def test_adding_and_measuring_working_days_are_inverse(days: Calendar, day: date, n: int) -> None:
    start = day if days.is_working(day) else days.add_working_days(day, 1)
    moved = days.add_working_days(start, n)
    assert days.working_days_between(start, moved) == n
    assert days.add_working_days(moved, -n) == start
    assert days.working_days_between(moved, start) == -n
    assert days.working_days_between(day, days.add_working_days(day, abs(n))) == abs(n)


Run = Callable[..., list[str]]


@pytest.fixture
def run(db: None) -> Run:
    def load_holidays(*years: int, verbosity: int = 1) -> list[str]:
        out = StringIO()
        arguments = ["--years", *map(str, years)] if years else []
        call_command("load_holidays", *arguments, stdout=out, verbosity=verbosity)
        return out.getvalue().splitlines()

    return load_holidays


def _rows() -> list[tuple[object, ...]]:
    notices = HolidayNotice.objects.order_by("pk").values_list("pk", "year", "citation", "entered_at")
    days = Holiday.objects.order_by("pk").values_list("pk", "notice_id", "date", "is_workday", "name")
    return [*notices, *days]


def _entered_by_hand(year: int, *, day: date) -> HolidayNotice:
    entered = datetime(2020, 11, 25, tzinfo=UTC)
    notice = HolidayNotice.objects.create(year=year, citation="〔示例〕人工录入的通知", entered_at=entered)
    Holiday.objects.create(notice=notice, date=day, is_workday=False, name="〔示例〕假日")
    return notice


PACKAGE = f"chinesecalendar {version('chinesecalendar')} 软件包"
CITATION = PACKAGE + "（〔示例〕未附通知文号，正式使用前请录入国务院办公厅通知）"


def test_the_loaded_calendar_agrees_with_package_and_schedule_on_every_day_of_seven_years(run: Run) -> None:
    said = run(2020, 2026)
    # 2021: 3 + 7 + 3 + 5 + 3 + 3 + 7 days off.
    assert said[1] == "2021年载入放假31天、调休上班7天。"
    loaded = calendar.load()
    assert (loaded.noticed_years, loaded.days.keys()) == (YEARS, KNOWN.days.keys())
    every_day = [date(2020, 1, 1) + timedelta(days=n) for n in range(7 * 365 + 2)]
    assert every_day[-1] == date(2026, 12, 31)
    for day in every_day:
        assert loaded.is_working(day) is chinese_calendar.is_workday(day) is KNOWN.is_working(day), day
        assert (loaded.why(day), loaded.is_provisional(day)) == (KNOWN.why(day), False)
    assert set(HolidayNotice.objects.values_list("citation", flat=True)) == {CITATION}


def test_the_calendar_is_loaded_in_two_queries(run: Run, django_assert_num_queries: Any) -> None:
    run(2021, 2021)
    with django_assert_num_queries(2):
        assert calendar.load().noticed_years == {2021}


def test_a_second_run_changes_nothing_and_says_so(run: Run) -> None:
    run(2025, 2026)
    before = _rows()
    assert run(2025, 2026) == ["2025、2026年的节假日此前已经载入，没有变化。"]
    assert run(2025, 2026, verbosity=0) == []
    assert _rows() == before


def test_a_run_without_years_loads_all_the_package_knows_and_names_the_next_year(run: Run) -> None:
    said, known = run(), max(chinese_calendar.holidays).year
    assert sorted(calendar.load().noticed_years) == list(range(2020, known + 1))
    assert said[-1] == f"{PACKAGE}没有{known + 1}年的节假日安排，没有载入；未录入通知的年份暂按周末推算。"


def test_a_year_the_package_does_not_know_is_named_in_one_line_each_and_nothing_is_entered(run: Run) -> None:
    # Far ahead, so that a newer package does not know it either.
    said = "没有{}年的节假日安排，没有载入；未录入通知的年份暂按周末推算。"
    assert run(2998, 2999) == [PACKAGE + said.format(2998), PACKAGE + said.format(2999)]
    assert _rows() == []


@pytest.mark.parametrize("year", [2021, 2999])
def test_a_year_entered_by_hand_is_left_alone(run: Run, year: int) -> None:
    _entered_by_hand(year, day=date(year, 3, 1))
    before = _rows()
    assert run(year, year) == [f"{year}年的节假日是人工录入的，没有改动。"]
    assert _rows() == before


def test_a_row_corrected_by_hand_is_kept_and_pointed_out(run: Run) -> None:
    run(2021, 2021)
    Holiday.objects.filter(date=date(2021, 10, 9)).delete()
    Holiday.objects.filter(date=date(2021, 5, 8)).update(is_workday=False)
    before = _rows()
    differing = "2021-05-08、2021-10-09"
    assert run(2021, 2021) == [f"2021年的节假日与软件包不一致（{differing}），可能是人工修改，没有改动。"]
    assert _rows() == before


def test_a_december_day_that_the_next_years_notice_names_is_not_entered_twice(run: Run) -> None:
    notice = _entered_by_hand(2023, day=date(2022, 12, 31))
    assert run(2022, 2022) == ["2022年载入放假31天、调休上班7天。"]
    assert Holiday.objects.get(date=date(2022, 12, 31)).notice == notice
    assert run(2022, 2022) == ["2022年的节假日此前已经载入，没有变化。"]


@pytest.mark.parametrize("years", [(2026, 2020), (0, 2020), (2020, 10000)])
def test_a_range_of_years_that_makes_no_sense_is_refused(run: Run, years: tuple[int, int]) -> None:
    with pytest.raises(CommandError, match="年份范围不对"):
        run(*years)
    assert _rows() == []
