"""The outbox: message rows in the verb's own transaction, a wake-up after commit, delivery from the rows.

A message goes pending → sending → sent. Whoever dies in between leaves it at `sending`: nobody can know whether it
went out, so it is not sent again by itself but becomes dead, with that reason, for a person to decide.
"""

import logging
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from celery import Task
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Count, F, Min, Q, QuerySet
from django.utils import timezone

from notifications import audience, channels, wordings
from notifications.audience import Audience
from notifications.catalogue import Event
from notifications.channels import ChannelDown, CutOff, Undeliverable
from notifications.models import Channel, DeliveryBeat, Message, MessageState, WakeUpFailure
from registry.blanks import Wording
from registry.models import Household, User

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
CHUNK = 200
CLAIM = timedelta(minutes=5)
CHANNEL_SECONDS = 12
"""What one channel may take of a round: with a last try that runs into its timeout two stay under a task's limit."""
JITTER = 0.2
UNCERTAIN = "发送途中中断，不能确定是否已经送达，请核实后再重发。"


@dataclass(frozen=True)
class Notice:
    """One event for some officers or one household: `fact` names the row that caused it, so that two returns are
    two messages."""

    event: Event
    fact: str
    recipients: Sequence[User]
    context: Mapping[str, Any]
    household: Household | None = None
    application: int | None = None
    stage: str = ""
    url: str = field(default="")


def announce(notices: Sequence[Notice], *, at: datetime) -> int:
    """Write the rows of all notices in one statement; a repeated fact is ignored. Returns the rows offered.

    Whoever is away is told nevertheless, and their substitute with them.
    """
    people = {user.pk for notice in notices for user in notice.recipients}
    circle = audience.of(people, {notice.event.name for notice in notices}, on=timezone.localdate(at))
    worded = wordings.in_force({notice.event.name for notice in notices}) if notices else {}
    rows = [row for notice in notices for row in _rows(notice, circle, worded, at)]
    if rows:
        Message.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _rows(notice: Notice, circle: Audience, worded: Mapping[str, Wording], at: datetime) -> Iterator[Message]:
    said = wordings.say(notice.event, notice.context, worded)
    values: dict[str, Any] = {
        "event": notice.event.name,
        "fact": notice.fact,
        "stage": notice.stage,
        "application_id": notice.application,
        "subject": said.title,
        "body": said.text,
        "url": notice.url,
        "created_at": at,
        "next_try_at": at,
    }
    for person in circle.reached_by(notice.recipients):
        for channel in notice.event.channels:
            if channel != Channel.EMAIL or circle.wants_mail(person, notice.event.name):
                yield Message(**values, recipient=person, channel=channel)
    if notice.household is not None:
        yield Message(**values, household=notice.household, channel=channels.of_household(notice.household))


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


def due(*, now: datetime, channel: str | None = None, limit: int = CHUNK) -> list[int]:
    """The keys of messages whose time has come, oldest first."""
    waiting = Message.objects.waiting(now=now)
    if channel is not None:
        waiting = waiting.filter(channel=channel)
    return list(waiting.order_by("next_try_at", "pk").values_list("pk", flat=True)[:limit])


def oldest_due(*, now: datetime) -> datetime | None:
    """Since when the longest waiting message that is due has been due; None where none is."""
    waiting = Message.objects.waiting(now=now).order_by("next_try_at")
    return waiting.values_list("next_try_at", flat=True).first()


@dataclass(frozen=True)
class Queue:
    """What lies in one channel's queue: what is due, since when, what waits for its next try, what is given up."""

    channel: str
    waiting: int
    since: datetime | None
    postponed: int = 0
    dead: int = 0


def queue(*, now: datetime) -> list[Queue]:
    """The queues of all channels, slips included, in one statement."""
    pending, dead = Q(state=MessageState.PENDING), Q(state=MessageState.DEAD)
    is_due = pending & Q(next_try_at__lte=now)
    rows = (
        Message.objects.filter(pending | dead)
        .order_by()
        .values_list("channel")
        .annotate(
            waiting=Count("pk", filter=is_due),
            since=Min("created_at", filter=is_due),
            postponed=Count("pk", filter=pending & Q(next_try_at__gt=now)),
            dead=Count("pk", filter=dead),
        )
    )
    found = {channel: Queue(Channel(channel).label, *figures) for channel, *figures in rows}
    return [found.get(channel, Queue(channel.label, 0, None)) for channel in Channel]


def troubled() -> QuerySet[Message]:
    """Messages that failed and will be tried again, or wait for the village on paper; the next try first."""
    failed = Message.objects.filter(state=MessageState.PENDING).exclude(error="")
    return failed.order_by("next_try_at", "pk")


def drain(*, now: datetime) -> int:
    """One round of delivery over all channels. One that is down or slow stops no other. Returns what was sent."""
    _bury_the_uncertain(now=now)
    sent = _show(now=now)
    for channel in channels.SENDERS:
        began = time.monotonic()
        for key in due(now=now, channel=channel, limit=settings.CHANNEL_LIMITS.get(channel, CHUNK)):
            if time.monotonic() - began > CHANNEL_SECONDS:
                break
            try:
                sent += deliver(key, now=now)
            except ChannelDown:
                break
    return sent


def beat(sent: int, *, now: datetime) -> None:
    """Leave the sign of life of a round of delivery."""
    if not DeliveryBeat.objects.update(at=now, sent=sent):
        DeliveryBeat.objects.bulk_create([DeliveryBeat(at=now, sent=sent)], ignore_conflicts=True)


def last_beat() -> DeliveryBeat | None:
    """The sign of life that the last round of delivery left."""
    return DeliveryBeat.objects.first()


def _show(*, now: datetime) -> int:
    """The message centre: the row itself is the message, so all that are due appear in one statement."""
    waiting = Message.objects.waiting(now=now).filter(channel=Channel.IN_APP)
    return waiting.update(state=MessageState.SENT, sent_at=now, attempts=F("attempts") + 1)


def _bury_the_uncertain(*, now: datetime) -> None:
    # A claim that ends later than any made now was made before the clock was set back.
    over = Q(next_try_at__lte=now) | Q(next_try_at__gt=now + CLAIM)
    lost = Message.objects.filter(over, state=MessageState.SENDING)
    number = lost.update(state=MessageState.DEAD, error=UNCERTAIN)
    if number:
        log.error("%s messages were cut off while they were sent", number)


def deliver(message_id: int, *, now: datetime) -> bool:
    """Deliver one message if nobody else has claimed it. True when it is sent now.

    Raises ChannelDown, with the message put back, where the whole channel does not work.
    """
    # The claim is one conditional update, so that a second worker, or a repeated task, finds nothing.
    claimed = Message.objects.waiting(now=now).filter(pk=message_id, channel__in=channels.SENDERS)
    if not claimed.update(state=MessageState.SENDING, next_try_at=now + CLAIM, attempts=F("attempts") + 1):
        return False
    message = Message.objects.select_related("recipient", "household").get(pk=message_id)
    try:
        channels.send(message, now=now)
    except Exception as failure:
        _postpone(message, failure, now)
        if isinstance(failure, ChannelDown):
            raise
        return False
    _claimed(message).update(state=MessageState.SENT, sent_at=now, error="")
    return True


def _claimed(message: Message) -> QuerySet[Message]:
    return Message.objects.filter(pk=message.pk, state=MessageState.SENDING)


def _postpone(message: Message, failure: Exception, now: datetime) -> None:
    log.warning("message %s not sent (attempt %s): %s", message.pk, message.attempts, type(failure).__name__)
    told = isinstance(failure, Undeliverable | ChannelDown)
    reason = (str(failure) if told else f"{type(failure).__name__}: {failure}")[:500]
    if isinstance(failure, CutOff):
        _claimed(message).update(state=MessageState.DEAD, error=UNCERTAIN)
        return
    if isinstance(failure, Undeliverable) or message.attempts >= MAX_ATTEMPTS:
        if message.household_id is not None:
            # The household is told all the same: the village hands it over on paper, and reads why.
            _claimed(message).update(
                state=MessageState.PENDING, channel=Channel.SLIP, next_try_at=now, error=reason
            )
        else:
            _claimed(message).update(state=MessageState.DEAD, error=reason)
        return
    # Spread out, so that what failed together does not come back together.
    wait = timedelta(minutes=2**message.attempts) * (1 + JITTER * random.random())
    _claimed(message).update(state=MessageState.PENDING, next_try_at=now + wait, error=reason)


def resend(keys: Iterable[int], *, by: int | None, at: datetime) -> int:
    """Put dead messages back into the queue, with who asked for it. Returns how many there were."""
    dead = Message.objects.filter(pk__in=list(keys), state=MessageState.DEAD)
    return dead.update(state=MessageState.PENDING, attempts=0, next_try_at=at, handled_by=by)


def hand_over(keys: Iterable[int], *, by: int | None, at: datetime) -> int:
    """Write down that slips were handed over to their households, and by whom. Returns how many there were."""
    slips = Message.objects.filter(pk__in=list(keys), channel=Channel.SLIP, state=MessageState.PENDING)
    return slips.update(state=MessageState.SENT, sent_at=at, handled_by=by, attempts=1)
