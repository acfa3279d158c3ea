"""How fast a set of steps is written: `workflow.engine` beside Viewflow's own activations, in the same run.

    python -m bench.steps [--cases 1 100 1000] [--repeats 3] [--postgresql URL-of-a-server]

Each database is made for the run and removed after it: SQLite in a temporary file, PostgreSQL under a name of its
own where a server answers. Each run is verified (state, tasks and history agree); an unverified one counts for nothing.
"""

import argparse
import json
import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SERVER = "postgres://postgres@127.0.0.1:5432/postgres"
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
    print(machine())
    with tempfile.TemporaryDirectory() as directory:
        report(f"SQLite {sqlite3.sqlite_version}", f"sqlite:///{directory}/db.sqlite3", directory, options)
        with postgresql(options.postgresql) as (number, url):
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
        "--postgresql", default=SERVER, help="a server on which a database may be made and removed"
    )
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser


def report(title: str, url: str, directory: str, options: argparse.Namespace) -> None:
    """Run the measurement in a process of its own on one database, and print its table."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": url,
        "VAR_DIR": directory,
        "SECRET_KEY": "only-for-the-bench-" + "0" * 40,
        "LOG_LEVEL": "ERROR",
        "DEMO": "0",
    }
    cases = [str(number) for number in options.cases]
    command = [
        sys.executable,
        "-m",
        "bench.steps",
        "--inside",
        "--repeats",
        str(options.repeats),
        "--cases",
        *cases,
    ]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    print(f"\n### {title}\n")
    print("\n".join(table([Figure(**row) for row in json.loads(done.stdout)])))


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


def machine() -> str:
    """Where and on what the figures were taken."""
    memory = Path("/proc/meminfo").read_text().split()[1] if Path("/proc/meminfo").exists() else "0"
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    packages = ", ".join(f"{name} {version(name)}" for name in ("Django", "django-viewflow", "psycopg"))
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {int(memory) // 1024 // 1024} GiB, "
        f"load before the run {load}; Python {platform.python_version()}, {packages}."
    )


@contextmanager
def postgresql(server: str) -> Iterator[tuple[str, str]]:
    """The server's version and a database of the run's own on the server, or an empty address where none answers."""
    import psycopg

    name = f"bench_steps_{os.getpid()}"
    try:
        connection = psycopg.connect(server, autocommit=True, connect_timeout=2)
    except psycopg.OperationalError:
        yield "", ""
        return
    with connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            number = connection.execute("SHOW server_version").fetchone()
            yield f"{number[0] if number else ''}".split()[0], f"{server.rsplit('/', 1)[0]}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def measure(sizes: Sequence[int], repeats: int) -> list[Figure]:
    """Both ways over the same steps, taking turns; the first round warms up and is thrown away."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from bench import ways
    from registry import sensitive

    if not Path(settings.SENSITIVE_KEY_FILE).exists():
        sensitive.write_key_file(Path(settings.SENSITIVE_KEY_FILE))
    call_command("migrate", verbosity=0, interactive=False)
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
