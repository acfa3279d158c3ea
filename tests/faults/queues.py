"""A broker wiped under a live worker, and any number of beats: what the tests and `make faults` do to a system."""

import time
from dataclasses import dataclass
from typing import Any

from tests.faults import injector
from tests.faults.system import STARTING, System, procfile, until

OPEN = "SELECT count(*) FROM notifications_message WHERE state <> 'sent' AND channel <> 'slip'"
LATE = (
    "SELECT count(*) FROM workflow_deadline WHERE settled_at IS NULL "
    "AND (reminded_at IS NULL OR escalated_at IS NULL)"
)
WAKE = (
    "import django; django.setup(); from notifications.tasks import deliver\n"
    "for _ in range(10): deliver.apply_async()"
)


@dataclass(frozen=True)
class Wiped:
    """How often the broker was wiped while work lay in it, and what came after the last time."""

    times: int
    seconds: float
    """Until all was sent: mostly the machine's pace."""
    pause: float
    """The longest time in seconds in which nothing at all was sent: what the wiping cost."""
    most: int
    """Open intents at the first wiping."""


def wiped_under_a_live_worker(system: System, *, times: int, patience: float = 600) -> Wiped:
    """Everything the broker holds is gone, again and again, while the worker takes from it."""
    # The first wake-ups are sent before anybody is there to take them.
    system.run("-c", WAKE)
    laid_out, most = system.sql(OPEN)[0][0], 0
    for name in procfile():
        system.start(name)
    # As soon as the first are sent: then most of them are still open.
    until(lambda: system.sql(OPEN)[0][0] < laid_out, seconds=STARTING, what="the first messages are sent")
    for _ in range(times):
        left = system.sql(OPEN)[0][0]
        if not left:
            break
        most = max(most, left)
        system.run("-c", WAKE)
        system.empty_broker()
    else:
        took, pause = drained(system, patience)
        return Wiped(times, took, pause, most)
    raise AssertionError("everything was sent before the broker could be wiped: ask for more letters")


def drained(system: System, patience: float) -> tuple[float, float]:
    """Wait until nothing is open; the seconds it took, and the longest of them in which nothing was sent."""
    left, since, pause = system.sql(OPEN)[0][0], time.monotonic(), 0.0

    def nothing_left() -> bool:
        nonlocal left, since, pause
        now, before = time.monotonic(), left
        left = system.sql(OPEN)[0][0]
        pause = max(pause, now - since)
        if left < before:
            since = now
        return not left

    took = until(nothing_left, seconds=patience, what="everything is sent")
    return took, pause


def fired_once(system: System, *, beats: int, workers: int, patience: float = 600) -> float:
    """All due dates pass at once while so many beats ask for sweeps; the seconds until all are told of."""
    system.start("web")
    for number in range(workers):
        system.start(f"worker{number}", kind="worker")
    system.start("beat")
    until(system.answers, seconds=STARTING, what="the web answers")
    system.wait_for_a_round()
    for number in range(1, beats):
        system.start(f"beat{number}", kind="beat")
    if beats == 0:
        without_a_beat(system)
    system.let_pass(days=12)
    took = until(lambda: system.sql(LATE) == [(0,)], seconds=patience, what="all due dates are told of")
    injector.settle(system)
    assert system.ready()["sweep"]
    return took


def without_a_beat(system: System) -> None:
    """The health page turns red after three minutes, and not before; then a beat comes."""
    system.kill("beat")
    quiet: Any = None
    while quiet != (quiet := system.last_round()):
        # What the beat had asked for before is worked off first.
        time.sleep(3)
    system.let_pass(seconds=110)
    assert system.ready()["sweep"]
    system.let_pass(seconds=80)
    assert not system.ready()["sweep"]
    system.start("beat")
