"""The outbox: message rows in the verb's own transaction, a wake-up after commit, delivery from the rows."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from celery import Task
from django.db import DatabaseError, transaction
from django.db.models import F

from notifications import channels
from notifications.catalogue import Event
from notifications.models import Channel, Message, MessageState, WakeUpFailure
from registry.models import User

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
CHUNK = 200
CLAIM = timedelta(minutes=5)


@dataclass(frozen=True)
class Notice:
    """One event for some people: `fact` names the row that caused it, so that two returns are two messages."""

    event: Event
    fact: str
    recipients: Iterable[User]
    context: Mapping[str, Any]
    application: int | None = None
    stage: str = ""
    url: str = field(default="")


def announce(notices: Sequence[Notice], *, at: datetime) -> int:
    """Write the rows of all notices in one statement; a repeated fact is ignored. Returns the rows offered."""
    rows = []
    for notice in notices:
        subject = notice.event.subject.format(**notice.context)
        body = notice.event.body.format(**notice.context)
        for person in {user.pk: user for user in notice.recipients}.values():
            for channel in notice.event.channels:
                if channel == Channel.EMAIL and not person.email:
                    continue
                rows.append(
                    Message(
                        event=notice.event.name,
                        fact=notice.fact,
                        stage=notice.stage,
                        application_id=notice.application,
                        recipient=person,
                        channel=channel,
                        subject=subject[:200],
                        body=body,
                        url=notice.url,
                        created_at=at,
                        next_try_at=at,
                    )
                )
    if rows:
        Message.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def withdraw(facts: Iterable[str], *, at: datetime) -> int:
    """Withdraw what is not yet sent about matters that are settled. Returns the number of messages."""
    keys = list(facts)
    if not keys:
        return 0
    pending = Message.objects.filter(fact__in=keys, state=MessageState.PENDING)
    return pending.update(state=MessageState.WITHDRAWN, next_try_at=at)


_held: ContextVar[bool] = ContextVar("wake_ups_held", default=False)


@contextmanager
def held() -> Iterator[None]:
    """Wake nobody meanwhile: for commands that write many rows and deliver by themselves."""
    before = _held.set(True)
    try:
        yield
    finally:
        _held.reset(before)


def wake(task: Task, *args: Any, at: datetime) -> None:
    """Start a task after commit, once, without waiting for a broker that is away: the sweep finds the row."""
    if _held.get():
        return
    transaction.on_commit(partial(_publish, task, args, at), robust=True)


def _publish(task: Task, args: tuple[Any, ...], at: datetime) -> None:
    try:
        task.apply_async(args=args, retry=False)
    except Exception as failure:  # kombu lets every transport's own errors through
        log.warning("wake-up of %s not taken by the broker: %s", task.name, type(failure).__name__)
        _count_failure(task.name, type(failure).__name__, at)


def _count_failure(name: str, error: str, at: datetime) -> None:
    try:
        WakeUpFailure.objects.get_or_create(task=name, defaults={"last_at": at})
        WakeUpFailure.objects.filter(task=name).update(
            count=F("count") + 1, last_at=at, last_error=error[:200]
        )
    except DatabaseError:
        log.exception("the failed wake-up could not be counted")


def due(*, now: datetime, limit: int = CHUNK) -> list[int]:
    """The keys of messages whose time has come, oldest first."""
    waiting = Message.objects.filter(state=MessageState.PENDING, next_try_at__lte=now)
    return list(waiting.order_by("next_try_at", "pk").values_list("pk", flat=True)[:limit])


def deliver(message_id: int, *, now: datetime) -> bool:
    """Deliver one message if nobody else has claimed it. True when it is sent now."""
    # The claim pushes the next try ahead, so that a second worker, or a repeated task, finds nothing.
    claimed = Message.objects.filter(pk=message_id, state=MessageState.PENDING, next_try_at__lte=now).update(
        next_try_at=now + CLAIM, attempts=F("attempts") + 1
    )
    if not claimed:
        return False
    message = Message.objects.select_related("recipient").get(pk=message_id)
    try:
        channels.send(message)
    except Exception as failure:
        _postpone(message, failure, now)
        return False
    Message.objects.filter(pk=message_id, state=MessageState.PENDING).update(
        state=MessageState.SENT, sent_at=now, error=""
    )
    return True


def _postpone(message: Message, failure: Exception, now: datetime) -> None:
    log.warning("message %s not sent (attempt %s): %s", message.pk, message.attempts, type(failure).__name__)
    waiting = Message.objects.filter(pk=message.pk, state=MessageState.PENDING)
    reason = f"{type(failure).__name__}: {failure}"[:500]
    if message.attempts >= MAX_ATTEMPTS:
        waiting.update(state=MessageState.DEAD, error=reason)
    else:
        waiting.update(next_try_at=now + timedelta(minutes=2**message.attempts), error=reason)
