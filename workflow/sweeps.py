"""What happens by the clock: sheets close after their last day, due dates are reminded of and escalated.

A round may run at any time, twice, or in two processes at once: each step claims its rows by condition. It asks one
question for everything, works off what is due in chunks until nothing is left or its time is up, and comes again.
"""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial

from django.db import models
from django.db.models import Exists, Q, QuerySet
from django.utils import timezone

from applications import digests
from workflow import closings, imports, photos, postings, releases, reminders, setbacks
from workflow.models import Heartbeat, Lease, SetbackKind
from workflow.sheets import ListTampered

log = logging.getLogger(__name__)

CHUNK = 200
LEASE = timedelta(seconds=15)
"""A killed worker's lease keeps the next one waiting for no longer; a round renews it between its chunks."""
ROUND_SECONDS = 45
"""A round stops after as long, and the next, a minute after it began, goes on where it stopped."""
NAME = "sweep"

GoOn = Callable[[], bool]


@dataclass
class Round:
    """What one round did, how late the oldest thing was that it found, and whether it left anything undone."""

    closed: int = 0
    released: int = 0
    reminded: int = 0
    escalated: int = 0
    asked: int = 0
    imported: int = 0
    lag: timedelta = timedelta(0)
    unfinished: bool = False
    failed: list[str] = field(default_factory=list)

    @property
    def kinds(self) -> dict[str, int]:
        """The things done, by kind; what was not done is left out."""
        names = ("closed", "released", "reminded", "escalated", "asked", "imported")
        found = {name: getattr(self, name) for name in names} | {"failed": len(self.failed)}
        return {name: number for name, number in found.items() if number}

    @property
    def items(self) -> int:
        return self.closed + self.released + self.reminded + self.escalated + self.asked + self.imported


@dataclass(frozen=True)
class Step:
    """One kind of thing that falls due: what is due now, since which day, and the verb that does a chunk of it.

    `act` answers with those it did; what it neither did nor failed at, somebody else holds.
    """

    kind: SetbackKind
    count: str
    due: Callable[[datetime], QuerySet[models.Model]]
    act: Callable[[Sequence[int], datetime], Collection[int]]
    since: str = ""
    after: int = 0
    """Days after the day in `since` on which the thing falls due."""
    cut: Callable[[Sequence[int]], Sequence[int]] = list

    def waiting(self, now: datetime) -> QuerySet[models.Model]:
        """What is due and not resting after a failure."""
        return self.due(now).exclude(setbacks.is_resting(self.kind, now=now))


def _close(keys: Sequence[int], now: datetime) -> set[int]:
    return {one.pk for one in closings.close_all(keys, now=now, skip_locked=True) if one.done}


def _release(keys: Sequence[int], now: datetime) -> set[int]:
    return {one.pk for one in releases.pass_covered(keys, now=now, skip_locked=True) if one.done}


STEPS = (
    # The photo before the closing: a sheet that is closed is not looked at again each minute for ever.
    Step(
        SetbackKind.PHOTO,
        "asked",
        lambda now: photos.to_ask(now=now),
        lambda keys, now: photos.ask(keys, now=now),
    ),
    # In this order: what a closed sheet lets go on may be covered already, and has due dates of its own.
    Step(
        SetbackKind.CLOSING,
        "closed",
        lambda now: closings.ended(now=now),
        _close,
        since="closes_on",
        after=1,
        cut=lambda keys: closings.within(keys, rows=CHUNK),
    ),
    Step(SetbackKind.RELEASE, "released", lambda now: releases.covered(), _release),
    Step(
        SetbackKind.REMINDER,
        "reminded",
        lambda now: reminders.to_remind(now=now),
        lambda keys, now: reminders.remind(keys, now=now),
        since="remind_on",
    ),
    Step(
        SetbackKind.ESCALATION,
        "escalated",
        lambda now: reminders.to_escalate(now=now),
        lambda keys, now: reminders.escalate(keys, now=now),
        since="escalate_on",
    ),
)


def claim(name: str, *, holder: str, now: datetime) -> bool:
    """Take the lease of a sweep; false while another holds it. A lease that ran out is free.

    So is one that ends later than any that is given now: it was given before the clock was set back.
    """
    free = Lease.objects.filter(Q(until__lte=now) | Q(until__gt=now + LEASE) | Q(holder=holder), name=name)
    if free.update(holder=holder, until=now + LEASE):
        return True
    Lease.objects.bulk_create([Lease(name=name, until=now)], ignore_conflicts=True)
    return free.update(holder=holder, until=now + LEASE) == 1


def give_back(name: str, *, holder: str, now: datetime) -> None:
    Lease.objects.filter(name=name, holder=holder).update(until=now)


def run(*, now: datetime, renew: GoOn = lambda: True) -> Round:
    """One round over everything that is due. One bad row stops nobody else; with nothing due, two statements.

    `renew` prolongs the lease between two chunks, and is false where another has it by now.
    """
    done = Round()
    asked = _ask(now)
    go_on = _until(ROUND_SECONDS, renew)
    for step in STEPS:
        if asked[step.kind]:
            _work_off(step, done, now=now, go_on=go_on)
    if asked[SetbackKind.IMPORT]:
        # A list whose worker was killed, or whose wake-up was lost, goes on here, a chunk in each round.
        lists = imports.running().exclude(setbacks.is_resting(SetbackKind.IMPORT, now=now))
        for key in lists.values_list("pk", flat=True):
            done.imported += _single(SetbackKind.IMPORT, key, partial(imports.work, key), done, now=now)
        setbacks.forget(SetbackKind.IMPORT, now=now)
    if asked[SetbackKind.DIGEST]:
        _single(SetbackKind.DIGEST, 0, _seal, done, now=now)
        setbacks.forget(SetbackKind.DIGEST, now=now)
    _beat(done, now=now)
    return done


def _ask(now: datetime) -> dict[SetbackKind, bool]:
    """Whether there is anything to do, kind by kind: one statement, without a lock, before any transaction.

    It hangs on the row that the last round left; before the first one everything is looked at.
    """
    questions: dict[SetbackKind, Q] = {
        step.kind: Q(Exists(step.waiting(now))) | Q(Exists(setbacks.tried(step.kind, now=now)))
        for step in STEPS
    }
    questions[SetbackKind.IMPORT] = Q(
        Exists(imports.running().exclude(setbacks.is_resting(SetbackKind.IMPORT, now=now)))
    ) | Q(Exists(setbacks.tried(SetbackKind.IMPORT, now=now)))
    questions[SetbackKind.DIGEST] = ~Q(Exists(digests.sealed(now=now))) & ~Q(
        Exists(setbacks.resting(SetbackKind.DIGEST, now=now))
    ) | Q(Exists(setbacks.tried(SetbackKind.DIGEST, now=now)))
    asked = [models.ExpressionWrapper(q, models.BooleanField()) for q in questions.values()]
    answers = Heartbeat.objects.filter(name=NAME).values_list(*asked).first()
    if answers is None:
        return dict.fromkeys(questions, True)
    return {kind: bool(answer) for kind, answer in zip(questions, answers, strict=True)}


def _until(seconds: float, renew: GoOn) -> GoOn:
    """True while there is time, and the lease is ours: asked anew a third of a lease after the last time."""
    began = renewed = time.monotonic()

    def go_on() -> bool:
        nonlocal renewed
        if time.monotonic() - began > seconds:
            return False
        if time.monotonic() - renewed < LEASE.total_seconds() / 3:
            return True
        renewed = time.monotonic()
        return renew()

    return go_on


def remind(*, now: datetime) -> int:
    """One chunk of reminders."""
    keys = reminders.to_remind(now=now).values_list("pk", flat=True)[:CHUNK]
    return len(reminders.remind(list(keys), now=now))


def escalate(*, now: datetime) -> int:
    """One chunk of word to the level above."""
    keys = reminders.to_escalate(now=now).values_list("pk", flat=True)[:CHUNK]
    return len(reminders.escalate(list(keys), now=now))


def _work_off(step: Step, done: Round, *, now: datetime, go_on: GoOn) -> None:
    """Do what is due of one kind, chunk after chunk, until nothing is left."""
    passed_by: set[int] = set()
    if step.since:
        done.lag = max(done.lag, _lag(step.waiting(now), step, now))
    while True:
        waiting = step.waiting(now).exclude(pk__in=passed_by)
        keys = step.cut(list(waiting.values_list("pk", flat=True)[:CHUNK]))
        if not keys:
            break
        if not go_on():
            done.unfinished = True
            return
        try:
            settled = set(step.act(keys, now))
            failed: set[int] = set()
        except Exception:
            log.exception("%s: a chunk of %s could not be done", step.kind.value, len(keys))
            settled, failed = _one_by_one(step, keys, done, now=now, go_on=go_on)
        setattr(done, step.count, getattr(done, step.count) + len(settled))
        passed_by |= set(keys) - settled - failed
    setbacks.forget(step.kind, now=now)


def _one_by_one(
    step: Step, keys: Sequence[int], done: Round, *, now: datetime, go_on: GoOn
) -> tuple[set[int], set[int]]:
    """The chunk again, row by row: a bad one is written down and rests, the others are done."""
    settled: set[int] = set()
    failed: set[int] = set()
    for key in keys:
        if not go_on():
            break
        try:
            settled |= set(step.act([key], now))
        except Exception as failure:
            failed.add(key)
            _set_back(step.kind, key, failure, done, now=now)
    return settled, failed


def _single(kind: SetbackKind, key: int, act: Callable[..., int], done: Round, *, now: datetime) -> int:
    try:
        return act(now=now)
    except Exception as failure:
        _set_back(kind, key, failure, done, now=now)
        return 0


def _set_back(kind: SetbackKind, key: int, failure: Exception, done: Round, *, now: datetime) -> None:
    log.error("%s %s could not be done", kind.value, key, exc_info=failure)
    done.failed.append(failure.sentence if isinstance(failure, ListTampered) else f"{kind.value} {key}")
    setbacks.note(kind, key, failure, now=now)
    if isinstance(failure, ListTampered):
        try:
            postings.report_tampered(key, now=now)
        except Exception:
            log.exception("the administrators could not be told of posting %s", key)


def _seal(*, now: datetime) -> int:
    digests.seal(now=now)
    return 0


def _lag(waiting: QuerySet[models.Model], step: Step, now: datetime) -> timedelta:
    """How long ago the oldest of these things fell due, at the beginning of its day."""
    day: date | None = waiting.order_by(step.since).values_list(step.since, flat=True).first()
    if day is None:
        return timedelta(0)
    midnight = datetime.combine(day + timedelta(days=step.after), datetime.min.time())
    return max(timedelta(0), now - timezone.make_aware(midnight))


def _beat(done: Round, *, now: datetime) -> None:
    """The sign of life: when, how much of what, how late, and whether anything is left."""
    told = {
        "at": now,
        "items": done.items,
        "kinds": done.kinds,
        "lag_seconds": int(done.lag.total_seconds()),
        "unfinished": done.unfinished,
    }
    if not Heartbeat.objects.filter(name=NAME).update(**told):
        Heartbeat.objects.bulk_create([Heartbeat(name=NAME, **told)], ignore_conflicts=True)
