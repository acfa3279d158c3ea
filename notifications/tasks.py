"""Celery's part in messages: drain the outbox when woken, or every half minute."""

from celery import shared_task

from notifications import outbox
from registry import clock


@shared_task
def deliver() -> int:
    """Deliver what is due, up to one chunk. Safe to run twice, or by several workers at once."""
    now = clock.now()
    sent = outbox.drain(now=now)
    outbox.beat(sent, now=now)
    return sent
