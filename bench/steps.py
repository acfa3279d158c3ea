"""How fast a set of steps is written: `workflow.engine` beside Viewflow's own activations, in the same run.

    python -m bench.steps [--cases 1 100 1000] [--repeats 3] [--postgresql URL-of-a-server]

Each database is made for the run and removed after it: SQLite in a temporary file, PostgreSQL under a name of its
own where a server answers. Each run is verified (state, tasks and history agree); an unverified one counts for nothing.
"""

import argparse
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench import apart

TABLES = ("viewflow_process", "viewflow_task", "workflow_approvalprocess")


@dataclass(frozen=True)
class Figure:
    """One measured set of steps. `viewflow` are the statements on Viewflow's tables alone."""

    way: str
    step: str
    cases: int
    per_second: float
    lowest: float
    highest: float
    statements: int
    viewflow: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure on every database there is and print a table for each."""
    options = _options().parse_args(arguments)
    if options.inside:
        print(json.dumps([asdict(figure) for figure in measure(options.cases, options.repeats)]))
        return 0
    print(apart.machine())
    with tempfile.TemporaryDirectory() as directory:
        report(f"SQLite {sqlite3.sqlite_version}", f"sqlite:///{directory}/db.sqlite3", directory, options)
        with apart.postgresql(options.postgresql) as (number, url):
            if url:
                report(f"PostgreSQL {number}", url, directory, options)
            else:
                print(f"\nPostgreSQL: no server answers at {options.postgresql}; not measured.")
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.steps", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--cases", type=int, nargs="+", default=[1, 100, 1000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--postgresql", default=apart.SERVER, help="a server on which a database may be made and removed"
    )
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser


def report(title: str, url: str, directory: str, options: argparse.Namespace) -> None:
    """Run the measurement in a process of its own on one database, and print its table."""
    arguments = ["--repeats", options.repeats, "--cases", *options.cases]
    found = apart.run("bench.steps", *arguments, url=url, directory=directory)
    print(f"\n### {title}\n")
    print("\n".join(table([Figure(**row) for row in found])))


def table(figures: Sequence[Figure]) -> Iterator[str]:
    """A Markdown table: engine and Viewflow side by side, with their ratio."""
    yield "| step | cases | way | steps/s (lowest–highest) | statements | on Viewflow's tables | × Viewflow |"
    yield "|---|---:|---|---:|---:|---:|---:|"
    plain = {(figure.step, figure.cases): figure.per_second for figure in figures if figure.way == "Viewflow"}
    for figure in figures:
        ratio = figure.per_second / plain[figure.step, figure.cases] if figure.way != "Viewflow" else 1
        yield (
            f"| {figure.step} | {figure.cases} | {figure.way} | {figure.per_second:,.0f} "
            f"({figure.lowest:,.0f}–{figure.highest:,.0f}) | {figure.statements:,} | {figure.viewflow:,} | {ratio:.1f} |"
        )


def measure(sizes: Sequence[int], repeats: int) -> list[Figure]:
    """Both ways over the same steps, taking turns; the first round warms up and is thrown away."""
    apart.prepare()
    from bench import ways

    place = ways.Place()
    found: list[Figure] = []
    for size in sizes:
        place.round(size if size < 100 else 100)
        rounds = [place.round(size) for _ in range(repeats)]
        for key in rounds[0]:
            speeds = [size / one[key].seconds for one in rounds]
            last = rounds[-1][key]
            found.append(
                Figure(
                    way=key[0],
                    step=key[1],
                    cases=size,
                    per_second=statistics.median(speeds),
                    lowest=min(speeds),
                    highest=max(speeds),
                    statements=last.statements,
                    viewflow=last.viewflow,
                )
            )
    place.verify()
    return found


@dataclass(frozen=True)
class Timed:
    """One set of steps: how long it took, and what it asked of the database."""

    seconds: float
    statements: int
    viewflow: int


def timed(act: Callable[[], Any]) -> Timed:
    """Time an act and count its statements, without keeping their texts."""
    from django.db import connection

    counted = [0, 0]

    def count(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        counted[0] += 1
        counted[1] += any(f'"{table}' in sql for table in TABLES)
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        began = time.perf_counter()
        act()
        seconds = time.perf_counter() - began
    return Timed(seconds, *counted)


if __name__ == "__main__":
    sys.exit(main())
