"""How long it takes to verify a long history: chains, daily digests, and one line changed at the end that must be found.

    python -m bench.history [--entries 1000000] [--postgresql URL-of-a-server]

Each database is made for the run and removed after it, as in `bench.steps`.
"""

import argparse
import json
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from bench import apart

PER_CASE = 10
DAYS = 10
CHUNK = 500
"""Cases written at a time."""


@dataclass(frozen=True)
class Figure:
    """One verified history. Memory is the process's highest before and while verifying, in MiB."""

    entries: int
    cases: int
    written: float
    sealed: float
    verified: float
    cpu: float
    before: int
    highest: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure on SQLite and, where a server answers, on PostgreSQL."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.history", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument(
        "--postgresql", default=apart.SERVER, help="a server on which a database may be made and removed"
    )
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.inside:
        print(json.dumps(asdict(measure(options.entries))))
        return 0
    print(apart.machine())
    print(
        "\n| database | lines | cases | verified in | of it own processor | lines/s | slowest sealing of a day | memory before, highest |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        report(f"SQLite {sqlite3.sqlite_version}", f"sqlite:///{directory}/db.sqlite3", directory, options)
        with apart.postgresql(options.postgresql) as (number, url):
            if url:
                report(f"PostgreSQL {number}", url, directory, options)
            else:
                print(f"\nPostgreSQL: no server answers at {options.postgresql}; not measured.")
    return 0


def report(title: str, url: str, directory: str, options: argparse.Namespace) -> None:
    """Run the measurement in a process of its own, and print its row."""
    figure = Figure(**apart.run("bench.history", "--entries", options.entries, url=url, directory=directory))
    print(
        f"| {title} | {figure.entries:,} | {figure.cases:,} | {figure.verified:.1f} s | {figure.cpu:.1f} s | "
        f"{figure.entries / figure.verified:,.0f} | {figure.sealed:.1f} s | {figure.before}, {figure.highest} MiB |",
        flush=True,
    )


def measure(entries: int) -> Figure:
    """Write a history in days, seal each, verify it, and see that a change is found."""
    apart.prepare()
    from applications import digests, verification
    from applications.models import HistoryEntry
    from tests.tampering import rewrite
    from tests.world import build

    world = build()
    cases = entries // PER_CASE
    written = sealed = 0.0
    for day in range(DAYS):
        began = time.perf_counter()
        for first in range(day * cases // DAYS, (day + 1) * cases // DAYS, CHUNK):
            write(world, range(first, min(first + CHUNK, (day + 1) * cases // DAYS)))
        written += time.perf_counter() - began
        began = time.perf_counter()
        digests.seal(now=world.now + timedelta(days=day + 1))
        sealed = max(sealed, time.perf_counter() - began)
    before = highest()
    began, cpu = time.perf_counter(), time.process_time()
    faults = list(verification.faults(anchors={}))
    verified, cpu = time.perf_counter() - began, time.process_time() - cpu
    assert faults == [], faults
    last = HistoryEntry.objects.order_by("pk").last()
    assert last is not None
    rewrite("UPDATE applications_historyentry SET text = 'x' WHERE id = %s", last.pk)
    assert [fault.seq for fault in verification.faults(anchors={})] == [PER_CASE]
    return Figure(HistoryEntry.objects.count(), cases, written, sealed, verified, cpu, before, highest())


def highest() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def write(world: Any, numbers: range) -> None:
    """Cases with ten lines each, chained by the program's own `history.record`."""
    from django.db import connection, transaction

    from applications import history
    from applications.models import Application
    from applications.states import Level, State
    from registry.models import Household

    household = Household.objects.first() or world.household()
    head = household.members.get()
    with transaction.atomic():
        cases = Application.objects.bulk_create(
            Application(
                number=f"示例-{number:07d}",
                programme=world.grain,
                village=world.villages[0],
                household=household,
                payee=head,
                quantity=3,
                amount=900,
                claimed_quantity=3,
                claimed_amount=900,
                working="3 × 300 = 900",
                clause="示例文件〔示例〕第一条",
                applied_on=world.now.date(),
                entered_by=world.clerk,
                entered_at=world.now,
            )
            for number in numbers
        )
        for seq in range(1, PER_CASE + 1):
            for case in cases:
                case.revision = seq
            lines = [
                history.Line(
                    case,
                    "note",
                    State.DRAFT,
                    State.DRAFT,
                    text="材料齐全，情况属实，同意上报，请审核。" * 2,
                    level=Level.VILLAGE,
                    # Another content in each line, so that nothing spelt once serves twice.
                    data={"quantity": "3.00", "amount": f"{case.pk}.00", "seq": seq},
                )
                for case in cases
            ]
            history.record(lines, by=world.clerk.pk, at=world.now + timedelta(hours=seq), batch=uuid4())
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE applications_application SET revision = %s WHERE id BETWEEN %s AND %s",
                [PER_CASE, cases[0].pk, cases[-1].pk],
            )


if __name__ == "__main__":
    sys.exit(main())
