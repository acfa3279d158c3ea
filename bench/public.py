"""How long the public board and a sheet take where much is public: the same pages among few rows and among many.

    python -m bench.public [--rows 1000 100000] [--repeats 30] [--postgresql URL-of-a-server]

The time is the server's: from the request's entry into Django's middleware to the finished answer, without a network.
Rows are made in bulk in a database of the run's own, which is removed after it. Every page measured is verified: it
answers 200 and names what it must.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from bench import apart, pages

GOAL = 50
"""Milliseconds for the board and for a sheet of the usual length."""
SHEET, LONG_SHEET = 80, 500
VILLAGES = 80
HANGING = 5
"""One sheet in this many hangs; the others are announcements."""


@dataclass(frozen=True)
class Figure:
    """One page among so many public rows, in milliseconds; `processor` is Python's own time, without the database's."""

    page: str
    rows: int
    median: float
    processor: float
    slowest: float
    statements: int
    kilobytes: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure among each number of rows and print one table."""
    options = _options().parse_args(arguments)
    if options.inside:
        print(json.dumps([asdict(figure) for figure in measure(options.rows[0], options.repeats)]))
        return 0
    print(apart.machine())
    found: list[Figure] = []
    with tempfile.TemporaryDirectory() as directory:
        for rows in options.rows:
            with apart.postgresql(options.postgresql) as (number, url):
                if not url:
                    print(f"PostgreSQL: no server answers at {options.postgresql}; nothing measured.")
                    return 1
                found += _inside(url, directory, rows, options.repeats)
    print(f"\nPostgreSQL {number}, {options.repeats} requests a page after 3 that are thrown away.\n")
    print("\n".join(table(found)))
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.public", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--postgresql", default=apart.SERVER, help="a server on which a database may be made")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser


def _inside(url: str, directory: str, rows: int, repeats: int) -> list[Figure]:
    arguments = ["--rows", rows, "--repeats", repeats]
    return [Figure(**row) for row in apart.run("bench.public", *arguments, url=url, directory=directory)]


def table(figures: Sequence[Figure]) -> list[str]:
    """A Markdown table: each page among each number of rows, and how many times the time among the fewest."""
    lines = [
        "| page | public rows | median ms | of it Python | slowest ms | × fewest rows | statements | kB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    fewest = min(figure.rows for figure in figures)
    base = {figure.page: figure.median for figure in figures if figure.rows == fewest}
    for figure in sorted(figures, key=lambda one: (list(base).index(one.page), one.rows)):
        lines.append(
            f"| {figure.page} | {figure.rows:,} | {figure.median:.1f} | {figure.processor:.1f} | {figure.slowest:.1f} "
            f"| {figure.median / base[figure.page]:.1f} | {figure.statements} | {figure.kilobytes} |"
        )
    return lines


def measure(rows: int, repeats: int) -> list[Figure]:
    """Fill the database, then ask for every page again and again as a visitor would."""
    apart.prepare()
    from django.test import Client

    made = fill(rows)
    apart.analyse()
    client = Client()
    found = []
    for page, (address, holds, status) in made.items():
        tag = client.get(address).headers.get("ETag", "")
        headers = {"if-none-match": tag} if status == 304 else {}
        asked = pages.ask(client, address, repeats=repeats, holds=holds, status=status, **headers)
        found.append(Figure(page, rows, **asdict(asked)))
    return found


def fill(rows: int) -> dict[str, tuple[str, str, int]]:
    """So many public rows on sheets of the usual length, and one long one; the pages to ask for."""
    from bench import boards

    made = boards.fill(rows, length=SHEET, long=LONG_SHEET, villages=VILLAGES, hanging=HANGING)
    return {
        "board": ("/public/", made.hanging.title, 200),
        "board, unchanged (304)": ("/public/", "", 304),
        "board of one village": (f"/public/?village={made.village}", "公示", 200),
        "announcements, last page": ("/public/announcements/?page=999999", made.announced.title, 200),
        "announcements of one village": (f"/public/announcements/?village={made.village}", "公告", 200),
        f"sheet of {SHEET} rows": (f"/public/postings/{made.hanging.pk}/", "提出异议", 200),
        f"announcement of {SHEET} rows": (f"/public/postings/{made.announced.pk}/", "提出异议", 200),
        f"sheet of {LONG_SHEET} rows": (f"/public/postings/{made.long.pk}/", "提出异议", 200),
        "year in figures": ("/public/statistics/", "合计", 200),
    }


if __name__ == "__main__":
    sys.exit(main())
