"""Celery's part in the workflow: a sweep each minute, a look at the seals each day. Beat says when, the database what."""

import os
import socket
from collections.abc import Callable
from datetime import datetime

from celery import shared_task

from registry import clock
from workflow import imports, seals, sweeps


@shared_task
def sweep() -> int:
    """One round of what is due; how many things it did."""
    return _alone("sweep", lambda now: sweeps.run(now=now).items)


@shared_task
def look_at_seals() -> int:
    """The day's look at the sheets on display, asked for each hour so that no hour of rest loses a day."""
    return _alone(seals.NAME, lambda now: seals.look(now=now))


@shared_task
def work_off_imports(key: int) -> int:
    """Write one confirmed list, chunk by chunk: each is its own transaction, so what is written stays written."""
    settled = 0
    while done := imports.work(key, now=clock.now()):
        settled += done
    return settled


def _alone(name: str, work: Callable[[datetime], int]) -> int:
    """Work under a lease: two beats, or a task delivered twice, do no harm."""
    now = clock.now()
    holder = f"{socket.gethostname()}:{os.getpid()}"
    if not sweeps.claim(name, holder=holder, now=now):
        return 0
    try:
        return work(now)
    finally:
        sweeps.give_back(name, holder=holder, now=now)
