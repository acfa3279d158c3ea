"""How long one worker takes for everything that fell due while it stood still, and what an idle round costs.

    python -m bench.due [--number 10000] [--rows 50] [--postgresql URL-of-a-server]

So many entries on sheets whose last day has ended, and as many overdue due dates of other cases, each to be reminded
of and escalated. The rounds are those of the task, one after the other without the minute between them; what they did
is verified, each thing exactly once. Each database is made for the run and removed after it.
"""

import argparse
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from bench import apart

SMALL = 100
"""Open cases beside which the idle round is measured first."""


@dataclass(frozen=True)
class Figures:
    """One database's run."""

    sheets: int
    entries: int
    deadlines: int
    seconds: float
    rounds: int
    statements: int
    messages: int
    idle_open: tuple[int, int]
    idle_statements: tuple[int, int]
    idle_milliseconds: tuple[float, float]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure on every database there is and print a line for each."""
    options = _options().parse_args(arguments)
    if options.inside:
        print(json.dumps(asdict(measure(options.number, options.rows))))
        return 0
    print(apart.machine())
    print()
    print(
        "| database | sheets | entries | due dates | seconds | rounds | statements | messages "
        "| idle: open cases | statements | ms |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as directory:
        _report(f"SQLite {sqlite3.sqlite_version}", f"sqlite:///{directory}/db.sqlite3", directory, options)
        with apart.postgresql(options.postgresql) as (number, url):
            if url:
                _report(f"PostgreSQL {number}", url, directory, options)
            else:
                print(f"\nPostgreSQL: no server answers at {options.postgresql}; not measured.")
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.due", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--number", type=int, default=10_000, help="entries, and due dates of other cases")
    parser.add_argument("--rows", type=int, default=50, help="entries of a sheet")
    parser.add_argument(
        "--postgresql", default=apart.SERVER, help="a server on which a database may be made and removed"
    )
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser


def _report(title: str, url: str, directory: str, options: argparse.Namespace) -> None:
    found = apart.run(
        "bench.due", "--number", options.number, "--rows", options.rows, url=url, directory=directory
    )
    pairs = ("idle_open", "idle_statements", "idle_milliseconds")
    before, after = zip(*(found[name] for name in pairs), strict=True)
    print(
        f"| {title} | {found['sheets']} | {found['entries']:,} | {found['deadlines']:,} "
        f"| {found['seconds']:.1f} | {found['rounds']} | {found['statements']:,} | {found['messages']:,} "
        f"| {before[0]:,} / {after[0]:,} | {before[1]} / {after[1]} | {before[2]:.1f} / {after[2]:.1f} |"
    )


def measure(number: int, rows: int) -> Figures:
    """Lay out what is due, work it off, verify it; and the idle round before and after."""
    apart.prepare()
    from django.db import connection

    from applications.models import Application
    from applications.states import OPEN
    from bench import backlog, ways
    from bench.steps import timed
    from notifications import outbox
    from workflow import tasks
    from workflow.models import Deadline, Heartbeat

    place = ways.Place()
    with outbox.held():
        backlog.overdue(place, SMALL)
        _until_nothing_is_left(tasks.sweep)
        small = timed(tasks.sweep)
        small_open = Application.objects.filter(state__in=OPEN).count()
        sheets = backlog.ended_sheets(place, number, rows=rows)
        backlog.overdue(place, number)
        if connection.vendor == "postgresql":
            # What falls due in real life lay there for days, and the planner knows of it.
            apart.analyse()
        statements = rounds = 0
        began = time.perf_counter()
        while True:
            one = timed(tasks.sweep)
            statements, rounds = statements + one.statements, rounds + 1
            beat = Heartbeat.objects.get(name="sweep")
            if not beat.unfinished:
                break
        seconds = time.perf_counter() - began
        messages = backlog.verify(place, sheets)
        large = timed(tasks.sweep)
    return Figures(
        sheets=len(sheets),
        entries=number,
        deadlines=Deadline.objects.filter(escalated_at__isnull=False).count() - SMALL,
        seconds=seconds,
        rounds=rounds,
        statements=statements,
        messages=messages,
        idle_open=(small_open, Application.objects.filter(state__in=OPEN).count()),
        idle_statements=(small.statements, large.statements),
        idle_milliseconds=(small.seconds * 1000, large.seconds * 1000),
    )


def _until_nothing_is_left(sweep: Callable[[], int]) -> None:
    for _ in range(1000):
        if not sweep():
            return
    raise SystemExit("the rounds do not come to an end")


if __name__ == "__main__":
    sys.exit(main())
