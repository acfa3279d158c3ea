"""Celery's part in the workflow: a sweep each minute. Beat says when, the database says what."""

import os
import socket

from celery import shared_task

from registry import clock
from workflow import sweeps


@shared_task
def sweep() -> int:
    """One round under a lease: two beats, or a task delivered twice, do no harm."""
    now = clock.now()
    holder = f"{socket.gethostname()}:{os.getpid()}"
    if not sweeps.claim("sweep", holder=holder, now=now):
        return 0
    try:
        return sweeps.run(now=now).items
    finally:
        sweeps.give_back("sweep", holder=holder, now=now)
