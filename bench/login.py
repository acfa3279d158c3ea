"""Whether the time of a wrong login tells if the name exists (S-09): known, unknown and inactive names in turn.

    python -m bench.login [--tries 500]

The time is the server's, with the real hash (Argon2), on a SQLite database made for the run and removed after it. Each
try comes from a network of its own, so that nothing is locked. A machine under load scatters the single tries, so this
is no part of the suite, which counts the hashes instead (`tests/workflow/views/test_lockout.py`).
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from bench import apart

GOAL = 5
"""Milliseconds between the medians (S-09)."""
KINDS = ("known", "unknown", "inactive")


@dataclass(frozen=True)
class Figure:
    """One kind of name, in milliseconds."""

    kind: str
    tries: int
    median: float
    quarter: float
    three_quarters: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the medians and their greatest difference; 1 where that is over the goal."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.login", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--tries", type=int, default=500)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.inside:
        print(json.dumps([asdict(figure) for figure in measure(options.tries)]))
        return 0
    print(apart.machine())
    with tempfile.TemporaryDirectory() as directory:
        figures = inside(directory, options.tries)
    print("\n| name | tries | median ms | middle half ms |\n|---|---:|---:|---:|")
    for one in figures:
        print(
            f"| {one.kind} | {one.tries} | {one.median:.2f} | {one.quarter:.2f} to {one.three_quarters:.2f} |"
        )
    medians = [one.median for one in figures]
    between = max(medians) - min(medians)
    print(f"\nThe medians lie {between:.2f} ms apart; the goal is less than {GOAL} ms.")
    return 0 if between < GOAL else 1


def inside(directory: str, tries: int) -> list[Figure]:
    """The measurement in a process of its own."""
    found = apart.run(
        "bench.login",
        "--tries",
        tries,
        url=f"sqlite:///{directory}/db.sqlite3",
        directory=directory,
        LOGIN_SPRAY_NAMES="1000000",
        HTTPS="0",
    )
    return [Figure(**row) for row in found]


def measure(tries: int) -> list[Figure]:
    """So many wrong logins of each kind, the kinds taking turns at going first."""
    import logging

    apart.prepare()
    # axes says each wrong password.
    logging.disable(logging.WARNING)
    from django.test import Client
    from django.urls import reverse

    from registry.models import User

    password = "示例口令-2021"
    User.objects.create_user("known", password=password, name="〔示例〕甲")
    User.objects.create_user("inactive", password=password, name="〔示例〕乙", is_active=False)
    taken: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for number in range(-3, tries):
        turn = number % len(KINDS)
        for kind in (*KINDS[turn:], *KINDS[:turn]):
            client = Client(
                REMOTE_ADDR=f"10.{(number + 3) // 250}.{(number + 3) % 250}.{KINDS.index(kind) + 1}"
            )
            name = f"nobody{number}" if kind == "unknown" else kind
            began = time.perf_counter()
            answer = client.post(reverse("login"), {"username": name, "password": "不对的口令"})
            if number >= 0:
                taken[kind].append((time.perf_counter() - began) * 1000)
            assert answer.status_code == 200, answer.status_code
    found = []
    for kind, times in taken.items():
        quarter, median, three_quarters = statistics.quantiles(times, n=4)
        found.append(Figure(kind, tries, median, quarter, three_quarters))
    return found


if __name__ == "__main__":
    sys.exit(main())
