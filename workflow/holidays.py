"""The holiday notice of a year (节假日通知): entering it counts open dates anew and moves only what was shown first.

Closed sheets and sheets whose last day has ended are never touched, and nothing ends earlier than announced
unless the administrator says so.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from django.db import transaction
from django.utils import timezone

from registry import appointments
from registry.models import User
from registry.refusal import Refused
from workflow import calendar, engine, permissions, receipts, recounts
from workflow.calendar import SATURDAY, Calendar, Day
from workflow.models import Holiday, HolidayNotice
from workflow.proceedings import Proceeding
from workflow.recounts import Recount
from workflow.results import Ref, Result

LONGEST = 15
"""Days in a row that a notice gives off at most; more is a slip of the pen."""
DECEMBER = 25
"""From this day of December on, the notice of the coming year may name days (2022-12-31 stands in that for 2023)."""


class BadNotice(Refused):
    """A notice whose days cannot be right."""


class ForeseenOtherwise(Refused):
    """The dates that would move are not those that were shown."""

    def __init__(self) -> None:
        super().__init__("预览之后又有公示张贴或事项办理，要调整的日期有变化，请重新核对后再确认。")


@dataclass(frozen=True)
class Stretch:
    """Days in a row that a notice names: off, or worked to make up for days off (放假, 调休上班)."""

    first: date
    last: date
    is_workday: bool
    name: str


@dataclass(frozen=True)
class YearNotice:
    """A year's notice as it was typed or uploaded."""

    year: int
    citation: str
    stretches: tuple[Stretch, ...]

    @cached_property
    def days(self) -> dict[date, Day]:
        """Every day that the notice names. Raises BadNotice with the line that is wrong."""
        if not self.citation.strip():
            raise BadNotice("请填写通知的名称和文号。")
        if not any(not stretch.is_workday for stretch in self.stretches):
            raise BadNotice("请至少填写一段放假日期。")
        found: dict[date, Day] = {}
        for number, stretch in enumerate(self.stretches, 1):
            for day in self._days_of(number, stretch):
                if day in found:
                    raise BadNotice(f"第{number}行：{day}在前面的行里已经填写。")
                found[day] = Day(stretch.is_workday, stretch.name.strip())
        return found

    def _days_of(self, number: int, stretch: Stretch) -> list[date]:
        count = (stretch.last - stretch.first).days + 1
        if count < 1:
            raise BadNotice(f"第{number}行：截止日期早于开始日期。")
        if count > LONGEST:
            raise BadNotice(f"第{number}行：连续{count}天，超过{LONGEST}天，请核对日期。")
        if not stretch.name.strip():
            raise BadNotice(f"第{number}行：请填写名称，例如国庆节。")
        days = [stretch.first + timedelta(days=n) for n in range(count)]
        for day in days:
            eve = day.year == self.year - 1 and day.month == 12 and day.day >= DECEMBER
            if day.year != self.year and not eve:
                raise BadNotice(f"第{number}行：{day}不在{self.year}年。")
            if stretch.is_workday and day.weekday() < SATURDAY:
                raise BadNotice(f"第{number}行：{day}不是周末，本来就上班，不用填写调休。")
        return days


def foresee(notice: YearNotice, *, now: datetime) -> Recount:
    """Every sheet on display and every open due date whose end would move, from which day to which. Writes nothing."""
    return recounts.of(recounts.hanging(now), _calendar(notice), today=timezone.localdate(now))


def enter(
    notice: YearNotice, *, by: User, now: datetime, seen: str, shorten: bool = False, key: str | None = None
) -> list[Result]:
    """Enter a year's notice, or enter it anew, and move the ends that the preview with this fingerprint listed.

    Ends that would come earlier stay as announced unless `shorten`. Each case gets a history line, each
    move a row, and those concerned a message. Rule: domain.md §5.
    """
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="enter_notice", by=by.pk, at=now)) is not None:
            return before
        today = timezone.localdate(now)
        permissions.may_enter_notice(appointments.actor(by, on=today)).enforce()
        known, shown = _calendar(notice), recounts.hanging(now)
        told = recounts.of(shown, known, today=today)
        refs = [Ref(case) for case in recounts.cases(told.moving(shorten=shorten))]
        locked = engine.locked(refs, postings=[sheet.pk for sheet in shown])
        # Counted again under the locks: what was shown is what is moved, or nothing is.
        again = recounts.of(recounts.hanging(now), known, today=today)
        if {fingerprint(notice, told), fingerprint(notice, again)} != {seen}:
            raise ForeseenOtherwise
        row = _write_notice(notice, by=by, now=now)
        proceeding = Proceeding(locked, by, now)
        moving = again.moving(shorten=shorten)
        recounts.carry_out(moving, row, known, proceeding)
        recounts.refresh(again, moving, known, proceeding)
        results = [Result(row.pk, str(row), True, data={"moved": len(moving)})]
        receipts.keep(key, results)
        return results


def fingerprint(notice: YearNotice, recount: Recount) -> str:
    """One value over the days of the notice and all that was listed: what is confirmed is what was seen."""
    days = {f"{day}": [named.is_workday, named.name] for day, named in notice.days.items()}
    shown = [notice.year, notice.citation.strip(), days, sorted(shift.key for shift in recount.shifts)]
    return hashlib.sha256(json.dumps(shown, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _calendar(notice: YearNotice) -> Calendar:
    """The calendar as the notice makes it. Refuses days that the notice of another year names already."""
    own = set(Holiday.objects.filter(notice__year=notice.year).values_list("date", flat=True))
    known = calendar.load()
    for day in notice.days:
        if day in known.days and day not in own:
            raise BadNotice(f"{day}已写在另一年的节假日通知里，请先核对那一年的通知。")
    return known.with_year(notice.year, notice.days, without=own)


def _write_notice(notice: YearNotice, *, by: User, now: datetime) -> HolidayNotice:
    values = {"citation": notice.citation.strip(), "entered_at": now, "entered_by": by}
    row, _ = HolidayNotice.objects.update_or_create(year=notice.year, defaults=values)
    row.holidays.all().delete()
    Holiday.objects.bulk_create(
        Holiday(notice=row, date=day, is_workday=named.is_workday, name=named.name)
        for day, named in sorted(notice.days.items())
    )
    return row
