"""Asking for a page again and again, as its reader would: the server's time from the request to the finished answer."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.test import Client

THROWN_AWAY = 3
"""The first requests for a page, which fill caches."""


@dataclass(frozen=True)
class Asked:
    """One page in milliseconds; `processor` is this process's own time, without that of a database server."""

    median: float
    processor: float
    slowest: float
    statements: int
    kilobytes: int


def ask(
    client: "Client", address: str, *, repeats: int, holds: str, status: int = 200, **headers: str
) -> Asked:
    """Measure one page; it must answer with that status and, where it has a body, hold that text."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def get() -> object:
        return client.get(address, headers=headers)

    times, worked = [], []
    for _ in range(repeats + THROWN_AWAY):
        took, busy = _timed(get)
        times.append(took)
        worked.append(busy)
    answer = client.get(address, headers=headers)
    assert answer.status_code == status, (address, answer.status_code)
    assert status == 304 or holds in answer.content.decode(), (address, holds)
    with CaptureQueriesContext(connection) as captured:
        get()
    return Asked(
        median=statistics.median(times[THROWN_AWAY:]),
        processor=statistics.median(worked[THROWN_AWAY:]),
        slowest=max(times[THROWN_AWAY:]),
        statements=len(captured),
        kilobytes=len(answer.content) // 1024,
    )


def _timed(act: Callable[[], object]) -> tuple[float, float]:
    began, busy = time.perf_counter(), time.process_time()
    act()
    return 1000 * (time.perf_counter() - began), 1000 * (time.process_time() - busy)
