"""`manage.py replay_year 2021`: the synthetic township's year through every verb, on its real calendar."""

import os
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from time import sleep
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from notifications import outbox
from registry import clock, demo
from registry.models import Household
from registry.refusal import Refused
from registry.scope import within
from workflow import calendar, summaries, sweeps
from workflow.township import layout, rows, year
from workflow.township.casebook import Casebook, moment

HOLIDAY_YEARS = [2020, 2022]
RENEW_AFTER = timedelta(seconds=20)
PATIENCE = 60


class Busy(Refused):
    """A sweep holds its lease."""


class Command(BaseCommand):
    help = "把示例镇的一年按真实日历重放一遍；中断后再次运行会接着办理，重放完毕后不能再次重放。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("year", type=int, choices=[2021])

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            book = self._book(options["year"])
            self._tell(book)
        except Refused as refused:
            raise CommandError(refused.sentence) from refused
        region, as_of = book.township.region, year.LAST_DAY
        self.stdout.write(summaries.household_sentence(region, as_of=as_of))
        self.stdout.write(summaries.paragraph(region, year=book.year.year, as_of=as_of))

    def _book(self, number: int) -> Casebook:
        elsewhere = Household.objects.exclude(within([layout.PREFIX]))
        if elsewhere.exists() and not demo.is_demo_database():
            raise Refused("数据库里已有其他户籍，重放只能在空数据库或演示库里进行。")
        call_command("load_holidays", years=HOLIDAY_YEARS, verbosity=0)
        township = layout.lay_out(now=moment(year.FIRST_DAY, "08:00"), progress=self._say)
        book = Casebook(township, rows.load(number), calendar.load())
        year.refuse_twice(book)
        return book

    def _tell(self, book: Casebook) -> None:
        """Tell the year behind a progress bar, while no sweep of today may close its sheets."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar, sweeps_held() as hold, outbox.held():
            task = bar.add_task("重放", total=len(list(year.days())))

            def told(day: date) -> None:
                hold()
                bar.update(task, advance=1, description=f"重放 {day}")

            year.tell(book, progress=told)

    def _say(self, what: str) -> None:
        self.stderr.write(f"正在载入：{what}。")


@contextmanager
def sweeps_held() -> Iterator[Callable[[], None]]:
    """Hold the sweeps' lease: a sweep of today would close the sheets of a year long past."""
    holder = f"replay:{os.getpid()}"
    taken: list[datetime] = []

    def hold() -> None:
        if taken and clock.now() - taken[-1] < RENEW_AFTER:
            return
        # The lease of a replay that was killed runs out within a minute.
        for _ in range(1 if taken else PATIENCE):
            now = clock.now()
            if sweeps.claim("sweep", holder=holder, now=now):
                taken.append(now)
                return
            sleep(1)
        raise Busy("定时任务正在运行，请先停止后台进程再重放。")

    hold()
    try:
        yield hold
    finally:
        sweeps.give_back("sweep", holder=holder, now=clock.now())
