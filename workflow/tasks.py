"""Celery's part in the workflow: a sweep each minute, a look at the seals each day. Beat says when, the database what."""

import logging
import os
import socket
from collections.abc import Callable
from datetime import datetime
from typing import Any

from celery import shared_task, signals
from django.db import DatabaseError

from registry import clock, tracing
from workflow import imports, seals, signs, sweeps

log = logging.getLogger(__name__)


@signals.task_prerun.connect
def give_signs_of_life(task: Any = None, **kwargs: Any) -> None:
    """The worker that runs a task, and the beat that asked for it, live. A database that is away stops no task here."""
    try:
        now = clock.now()
        signs.give(signs.WORKER, _here(), now=now)
        if asked_by := str(getattr(task.request, tracing.BEAT_HEADER, "") or ""):
            signs.give(signs.BEAT, asked_by, now=now)
    except DatabaseError:
        log.warning("a sign of life could not be written")


def _here() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


@shared_task
def sweep() -> int:
    """One round of what is due; how many things it did."""
    return _alone(sweeps.NAME, lambda now, renew: sweeps.run(now=now, renew=renew).items)


@shared_task
def look_at_seals() -> int:
    """The day's look at the sheets on display, asked for each hour so that no hour of rest loses a day."""
    return _alone(seals.NAME, lambda now, _: seals.look(now=now))


@shared_task
def work_off_imports(key: int) -> int:
    """Write one confirmed list, chunk by chunk: each is its own transaction, so what is written stays written."""
    settled = 0
    while done := imports.work(key, now=clock.now()):
        settled += done
    return settled


def _alone(name: str, work: Callable[[datetime, Callable[[], bool]], int]) -> int:
    """Work under a lease: two beats, or a task delivered twice, do no harm."""
    now = clock.now()
    holder = _here()
    if not sweeps.claim(name, holder=holder, now=now):
        return 0

    def renew() -> bool:
        return sweeps.claim(name, holder=holder, now=clock.now())

    try:
        return work(now, renew)
    finally:
        sweeps.give_back(name, holder=holder, now=now)
