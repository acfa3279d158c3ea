"""Working days and periods (工作日, 期限): which days count, and when a term ends, day by day.

Arithmetic over given rows; only `load` reads the database. A `Calendar` is a snapshot: load it once for a
batch of deadlines and pass it on.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from applications.terms import DayUnit, Term
from registry.refusal import Refused
from workflow.models import Holiday, HolidayNotice

ONE_DAY = timedelta(days=1)
SATURDAY = 5
WEEKEND_NAMES = {5: "周六", 6: "周日"}


def chinese_date(day: date) -> str:
    """2021年3月1日."""
    return f"{day.year}年{day.month}月{day.day}日"


class BadTerm(Refused):
    """A term of less than one day."""


@dataclass(frozen=True)
class Day:
    """A day that a notice names: off, or worked to make up for a day off (放假, 调休上班)."""

    is_workday: bool
    name: str


@dataclass(frozen=True)
class LedgerDay:
    """One calendar day of a period: the how-manieth day it counts as (None: not counted), and why."""

    day: date
    number: int | None
    why: str
    provisional: bool


@dataclass(frozen=True)
class Period:
    """A computed period with its ledger, one line for every calendar day from start to last day.

    `provisional`: some line lies in a year without a notice, so the last day may still move.
    """

    start: date
    last_day: date
    ledger: tuple[LedgerDay, ...]
    provisional: bool

    @property
    def as_rows(self) -> list[list[str | int | None]]:
        """The ledger as a sheet keeps it."""
        return [[line.day.isoformat(), line.number, line.why] for line in self.ledger]


@dataclass(frozen=True)
class Rest:
    """A span of days, both ends in it, on which a term rests, and why (暂停)."""

    first: date
    last: date
    why: str

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, eq=False)
class Calendar:
    """Weekends, changed by the days that notices name; `noticed_years` are the years with a notice."""

    days: Mapping[date, Day]
    noticed_years: frozenset[int]

    def is_working(self, day: date) -> bool:
        """A day is worked as its notice says; where no notice names it, Monday to Friday are worked."""
        named = self._named(day)
        return day.weekday() < SATURDAY if named is None else named.is_workday

    def is_provisional(self, day: date) -> bool:
        """A day is provisional while the notice of its year is not entered: weekends only are known."""
        return day.year not in self.noticed_years

    def why(self, day: date) -> str:
        """What kind of day it is, in the words of the ledger: 国庆节, 调休上班, 周六, 工作日."""
        named = self._named(day)
        weekend = WEEKEND_NAMES.get(day.weekday())
        if named is None:
            return weekend or "工作日"
        if named.is_workday:
            return "调休上班" if weekend else "工作日"
        return named.name or "放假"

    def period(self, start: date, term: Term) -> Period:
        """The period of `term` from `start`, explained day by day.

        A working-day term counts working days only and therefore ends on one. A calendar-day term counts
        every day; if it rolls, a last day on a rest day moves to the next working day.
        """
        if term.days < 1:
            raise BadTerm("期限天数不能少于1天。")
        working = DayUnit(term.unit) is DayUnit.WORKING
        ledger: list[LedgerDay] = []
        day, counted = start, 0
        while True:
            left_out = day == start and not term.first_day_counts
            counts = not left_out and (not working or self.is_working(day))
            counted += counts
            why = "首日不计" if left_out else self.why(day)
            ledger.append(LedgerDay(day, counted if counts else None, why, self.is_provisional(day)))
            if counted == term.days:
                break
            day += ONE_DAY
        while term.rolls and not self.is_working(day):
            day += ONE_DAY
            ledger.append(LedgerDay(day, None, f"顺延（{self.why(day)}）", self.is_provisional(day)))
        return Period(start, day, tuple(ledger), any(line.provisional for line in ledger))

    def working_term(self, start: date, days: int, rests: Sequence[Rest] = ()) -> Period:
        """A term of working days, the first day not counted, that rests for some spans: no day of a rest counts.

        After the last rest there is at least one working day left, also where the term had run out before it.
        """
        if not rests:
            return self.period(start, Term(days, DayUnit.WORKING))
        ledger: list[LedgerDay] = []
        day, counted = start, 0
        end = max(rest.last for rest in rests)
        while True:
            why = next((f"暂停：{rest.why}" for rest in rests if rest.holds(day)), "")
            counts = not why and day != start and self.is_working(day) and counted < days
            counted += counts
            if not why:
                why = "首日不计" if day == start else self.why(day)
                if counted == days and not counts:
                    why = "期限已满" if day <= end else f"暂停结束后至少留1个工作日（{why}）"
            ledger.append(LedgerDay(day, counted if counts else None, why, self.is_provisional(day)))
            if counted == days and day > end and self.is_working(day):
                break
            day += ONE_DAY
        return Period(start, day, tuple(ledger), any(line.provisional for line in ledger))

    def kept_until(self, period: Period, day: date) -> Period:
        """The period held to a later day that was announced already: days that nobody has to lose."""
        ledger = list(period.ledger)
        while ledger[-1].day < day:
            following = ledger[-1].day + ONE_DAY
            why = f"已公布至{day:%m月%d日}，不提前（{self.why(following)}）"
            ledger.append(LedgerDay(following, None, why, self.is_provisional(following)))
        return Period(period.start, ledger[-1].day, tuple(ledger), any(line.provisional for line in ledger))

    def with_year(self, year: int, days: Mapping[date, Day], *, without: Collection[date]) -> "Calendar":
        """This calendar as it would be with the notice of a year: its days in, those it named before out."""
        kept = {day: named for day, named in self.days.items() if day not in without}
        return Calendar({**kept, **days}, self.noticed_years | {year})

    def working_days_between(self, a: date, b: date) -> int:
        """The number of working days after `a` up to and including `b`; negative when `b` is before `a`."""
        if b < a:
            return -self.working_days_between(b, a)
        return sum(self.is_working(a + timedelta(days=n)) for n in range(1, (b - a).days + 1))

    def add_working_days(self, day: date, n: int) -> date:
        """The `n`-th working day after `day`, before it when `n` is negative, `day` itself when `n` is zero.

        Undone by `-n`, and measured by `working_days_between`, where `day` is a working day.
        """
        step = ONE_DAY if n > 0 else -ONE_DAY
        left = abs(n)
        while left:
            day += step
            left -= self.is_working(day)
        return day

    def _named(self, day: date) -> Day | None:
        # A datetime passes for a date in the type checker, yet never equals the key of a row: it would be
        # counted by weekends without a word.
        if isinstance(day, datetime):
            raise TypeError("A calendar takes local dates, not moments.")
        return self.days.get(day)


def load() -> Calendar:
    """The calendar of all notices and days entered so far, in two queries."""
    # Notices first: a notice entered in between leaves its days provisional, never the other way round.
    noticed = frozenset(HolidayNotice.objects.values_list("year", flat=True))
    rows = Holiday.objects.values_list("date", "is_workday", "name")
    return Calendar({day: Day(is_workday, name) for day, is_workday, name in rows}, noticed)
