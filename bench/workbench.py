"""How long the workbench's main pages take among 10,000 applications on SQLite, for each role, and in how many statements.

    python -m bench.workbench [--cases 10000] [--repeats 20]

The time is the server's: from the request's entry into Django's middleware to the finished answer, without a network.
The rows are made in bulk and moved by SQL in a database of the run's own, which is removed after it: they have neither
tasks nor due dates, and a quarter of them lies in each of four states. Every page measured answers 200 and names what
it must.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bench import apart, pages

if TYPE_CHECKING:
    from tests.world import World

GOAL = 300
"""Milliseconds for a page of the workbench on SQLite."""
PROGRAMMES = 20


@dataclass(frozen=True)
class Page:
    """One page as one role asks for it, and a text that its answer must hold."""

    name: str
    who: str
    address: str
    holds: str


@dataclass(frozen=True)
class Figure:
    """One page, in milliseconds; `processor` is Python's own time together with SQLite's, which runs inside it."""

    page: str
    who: str
    cases: int
    median: float
    processor: float
    slowest: float
    statements: int
    kilobytes: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure in a process of its own and print one table; 1 where a page's median misses the goal."""
    options = _options().parse_args(arguments)
    if options.inside:
        print(json.dumps([asdict(figure) for figure in measure(options.cases, options.repeats)]))
        return 0
    print(apart.machine())
    with tempfile.TemporaryDirectory() as directory:
        found = _inside(directory, options.cases, options.repeats)
    print(f"\nSQLite, {options.repeats} requests a page after {pages.THROWN_AWAY} that are thrown away.\n")
    print("\n".join(table(found)))
    slow = [f"{figure.page} ({figure.who})" for figure in found if figure.median > GOAL]
    print(f"\nOver the goal of {GOAL} ms: {', '.join(slow) or 'none'}.")
    return 1 if slow else 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.workbench", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--cases", type=int, default=10_000, help=f"a multiple of {PROGRAMMES}")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser


def _inside(directory: str, cases: int, repeats: int) -> list[Figure]:
    found = apart.run(
        "bench.workbench",
        "--cases",
        cases,
        "--repeats",
        repeats,
        url=f"sqlite:///{directory}/workbench.sqlite3",
        directory=directory,
        # The clock may be set only in a demo, and the rows are of a year that is over.
        DEMO="1",
        SECOND_FACTOR="0",
    )
    return [Figure(**row) for row in found]


def table(figures: Sequence[Figure]) -> list[str]:
    """A Markdown table, the slowest page first."""
    lines = [
        "| page | who | applications | median ms | processor ms | slowest ms | statements | kB |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for one in sorted(figures, key=lambda figure: -figure.median):
        lines.append(
            f"| {one.page} | {one.who} | {one.cases:,} | {one.median:.0f} | {one.processor:.0f} | {one.slowest:.0f} "
            f"| {one.statements} | {one.kilobytes} |"
        )
    return lines


def measure(cases: int, repeats: int) -> list[Figure]:
    """Fill the database, then ask for every page again and again as its reader would."""
    apart.prepare()
    from django.test import Client

    from tests.world import build

    world = build()
    opened = fill(world, cases)
    apart.analyse()
    found = []
    for page in opened:
        client = Client()
        client.force_login(getattr(world, page.who))
        asked = pages.ask(client, page.address, repeats=repeats, holds=page.holds)
        found.append(Figure(page.name, page.who, cases, **asdict(asked)))
    return found


def fill(world: "World", cases: int) -> list[Page]:
    """So many cases of one village, and the pages that its people, its township and its district open each day."""
    from registry import clock
    from tests.workflow.views.test_ten_thousand import crowd

    case = crowd(world, households=cases // PROGRAMMES, programmes=PROGRAMMES)
    _set_clock(world.now)
    assert clock.today() == world.now.date()
    return [
        Page("desk", "clerk", "/", "工作台"),
        Page("desk", "reviewer", "/", "需要细看的"),
        Page("desk", "approver", "/", "需要细看的"),
        Page("desk", "supervisor", "/", "工作台"),
        Page("applications", "reviewer", "/applications/", "合计"),
        Page(
            "applications of one step, sorted, searched",
            "reviewer",
            "/applications/?state=township_review&sort=-amount&page=3&q=示例",
            "合计",
        ),
        Page("applications with doubts", "reviewer", "/applications/?doubts=some", "合计"),
        Page("review, split view", "reviewer", f"/review/?case={case.pk}", case.number),
        Page("case", "reviewer", f"/applications/{case.pk}/", case.number),
        Page("households", "clerk", "/households/", "合计"),
        Page("household", "clerk", f"/households/{case.household_id}/", case.household.number),
        Page("entering: households", "clerk", "/applications/new/?q=示例", "点户主姓名选择这一户"),
        Page("declarations", "clerk", "/declarations/", "待村级申报"),
        Page("postings", "reviewer", "/postings/", "待公示"),
        Page("objections", "reviewer", "/objections/", "异议"),
        Page("my decisions", "reviewer", "/decisions/", "我的办理"),
        Page("overdue", "supervisor", "/overdue/", "督办"),
        Page("statistics", "supervisor", "/statistics/", "统计"),
    ]


def _set_clock(moment: datetime) -> None:
    """Set the database's clock to the rows' day; from there it runs on."""
    from registry import clock

    clock.set_offset()
    gap = moment - clock.now()
    clock.set_offset(days=gap.days, seconds=gap.seconds)


if __name__ == "__main__":
    sys.exit(main())
