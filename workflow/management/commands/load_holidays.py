"""`manage.py load_holidays`: holidays and make-up days from the package, as rows that name their source."""

from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import MAXYEAR, MINYEAR, date, datetime, timedelta
from importlib.metadata import version
from itertools import count
from typing import Any

import chinese_calendar
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from registry import clock
from workflow.calendar import Day
from workflow.models import Holiday, HolidayNotice

PACKAGE = "chinesecalendar"
FIRST_YEAR = 2020
# The package writes three festivals in short; notices and ledgers write them in full.
FULL_NAMES = {"清明": "清明节", "端午": "端午节", "中秋": "中秋节"}


class YearUnknown(Exception):
    """The package has no data for the year."""


def citation() -> str:
    """The source of the rows: the package, not a notice, and the row says so."""
    return f"{PACKAGE} {version(PACKAGE)} 软件包（〔示例〕未附通知文号，正式使用前请录入国务院办公厅通知）"


def package_days(year: int) -> dict[date, Day]:
    """The days of a year that the package names: holidays, weekend ones too, and make-up workdays."""
    days: dict[date, Day] = {}
    first = date(year, 1, 1)
    try:
        for n in range((date(year, 12, 31) - first).days + 1):
            day = first + timedelta(days=n)
            is_off, festival = chinese_calendar.get_holiday_detail(day)
            if festival is not None:
                name = chinese_calendar.Holiday(festival).chinese
                days[day] = Day(is_workday=not is_off, name=FULL_NAMES.get(name, name))
    except NotImplementedError as unknown:
        raise YearUnknown from unknown
    return days


def known_years_and_the_next() -> Iterable[int]:
    """The years from FIRST_YEAR that the package knows, then the one it does not, so that a line names it."""
    for year in count(FIRST_YEAR):
        yield year
        try:
            package_days(year)
        except YearUnknown:
            return


@transaction.atomic
def load_year(year: int, *, now: datetime) -> str | None:
    """Enter the days of a year whose notice is not there yet; rows that are there are never changed.

    Returns the sentence to print, or None where all is as the package has it. Never changed, because who
    corrected a row in the admin must not lose it at the next start.
    """
    notice = HolidayNotice.objects.filter(year=year).first()
    if notice is not None and not notice.citation.startswith(f"{PACKAGE} "):
        return f"{year}年的节假日是人工录入的，没有改动。"
    try:
        given = package_days(year)
    except YearUnknown:
        return f"{PACKAGE} {version(PACKAGE)} 软件包没有{year}年的节假日安排，没有载入；未录入通知的年份暂按周末推算。"
    # A notice may name days of the December before its year (2022-12-31 stands in the notice for 2023).
    elsewhere = set(
        Holiday.objects.filter(date__year=year).exclude(notice=notice).values_list("date", flat=True)
    )
    wanted = {day: named for day, named in given.items() if day not in elsewhere}
    if notice is None:
        notice = HolidayNotice.objects.create(year=year, citation=citation(), entered_at=now)
        Holiday.objects.bulk_create(
            Holiday(notice=notice, date=day, is_workday=named.is_workday, name=named.name)
            for day, named in wanted.items()
        )
        worked = sum(named.is_workday for named in wanted.values())
        return f"{year}年载入放假{len(wanted) - worked}天、调休上班{worked}天。"
    rows = notice.holidays.values_list("date", "is_workday", "name")
    present = {day: Day(is_workday, name) for day, is_workday, name in rows}
    differing = sorted(day for day in wanted.keys() | present.keys() if wanted.get(day) != present.get(day))
    if differing:
        listed = "、".join(day.isoformat() for day in differing)
        return f"{year}年的节假日与软件包不一致（{listed}），可能是人工修改，没有改动。"
    return None


class Command(BaseCommand):
    help = "从软件包逐年载入节假日和调休上班日；已录入的年份不改动，可以重复运行。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--years",
            nargs=2,
            type=int,
            metavar=("起始年", "截止年"),
            help=f"载入的年份范围，例如 2020 2026；不写时从{FIRST_YEAR}年到软件包所知的最后一年。",
        )

    def handle(self, *args: Any, years: list[int] | None, **options: Any) -> None:
        """Load each year of the range on its own: one unknown year stops no other."""
        if years is None:
            chosen: Iterable[int] = known_years_and_the_next()
        else:
            first, last = years
            if not MINYEAR <= first <= last <= MAXYEAR:
                raise CommandError("年份范围不对：起始年不能晚于截止年，且都在1至9999之间。")
            chosen = range(first, last + 1)
        now = clock.now()
        unchanged = []
        for year in chosen:
            said = load_year(year, now=now)
            if said is None:
                unchanged.append(year)
            else:
                self._say(said, options)
        if unchanged:
            self._say(f"{'、'.join(map(str, unchanged))}年的节假日此前已经载入，没有变化。", options)

    def _say(self, sentence: str, options: dict[str, Any]) -> None:
        if options["verbosity"] > 0:
            self.stdout.write(sentence)
