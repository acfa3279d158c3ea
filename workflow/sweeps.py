"""What happens by the clock: sheets close after their last day, due dates are reminded of and escalated.

A round may run at any time, twice, or in two processes at once: each step claims its rows by condition.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from applications import digests
from applications.states import Level
from notifications import catalogue, outbox
from notifications.catalogue import Event
from notifications.outbox import Notice
from notifications.tasks import deliver
from registry import appointments
from registry.models import Role, User
from registry.refusal import Refused
from workflow import deadlines, imports, postings, releases
from workflow.models import DateMove, Deadline, DeadlineKind, Heartbeat, Lease
from workflow.sheets import ListTampered
from workflow.steps import LEVEL_ROLE

log = logging.getLogger(__name__)

CHUNK = 200
LEASE = timedelta(seconds=15)
"""A killed worker's lease keeps the next one waiting for no longer; a round that takes longer may overlap, unharmed."""


@dataclass
class Round:
    """What one round did."""

    closed: int = 0
    released: int = 0
    reminded: int = 0
    escalated: int = 0
    imported: int = 0
    failed: list[str] = field(default_factory=list)

    @property
    def items(self) -> int:
        return self.closed + self.released + self.reminded + self.escalated + self.imported


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


def run(*, now: datetime) -> Round:
    """One round over everything that is due. One bad row stops nobody else; with nothing due, six statements."""
    done = Round()
    for key in postings.due(now=now)[:CHUNK]:
        try:
            done.closed += postings.close(key, now=now).done
        except ListTampered as tampered:
            done.failed.append(tampered.sentence)
            postings.report_tampered(key, now=now)
            log.error("posting %s is not what was displayed", key)
        except Refused as refused:
            done.failed.append(refused.sentence)
            log.error("posting %s could not be closed: %s", key, type(refused).__name__)
        except Exception:
            done.failed.append(f"posting {key}")
            log.exception("posting %s could not be closed", key)
    _release(done, now=now)
    if _any_to_tell(now):
        done.reminded = remind(now=now)
        done.escalated = escalate(now=now)
    # A list whose worker was killed, or whose wake-up was lost, goes on here, a chunk in each round.
    for key in imports.waiting():
        done.imported += imports.work(key, now=now)
    digests.seal(now=now)
    if not Heartbeat.objects.filter(name="sweep").update(at=now, items=done.items):
        beat = Heartbeat(name="sweep", at=now, items=done.items)
        Heartbeat.objects.bulk_create([beat], ignore_conflicts=True)
    return done


def _release(done: Round, *, now: datetime) -> None:
    """Let covered cases go on, all at once; where that fails one by one, so that a bad one stops nobody else."""
    waiting = releases.covered_but_waiting(limit=CHUNK)
    if not waiting:
        return
    try:
        done.released = sum(result.done for result in releases.pass_covered(waiting, now=now))
    except Exception:
        log.exception("covered cases could not be released together")
        for key in waiting:
            try:
                done.released += sum(result.done for result in releases.pass_covered([key], now=now))
            except Exception:
                done.failed.append(f"case {key}")
                log.exception("case %s could not be released", key)


def _any_to_tell(now: datetime) -> bool:
    """Whether a due date is to be reminded of or escalated: asked without a lock, before any transaction."""
    today = timezone.localdate(now)
    told = Q(reminded_at__isnull=True, remind_on__lte=today) | Q(escalated_at__isnull=True, due_on__lt=today)
    return Deadline.objects.filter(told, settled_at__isnull=True).exists()


def remind(*, now: datetime) -> int:
    """Remind of due dates two working days before, once each (催办)."""
    today = timezone.localdate(now)
    with transaction.atomic(durable=True):
        rows = list(
            _open().filter(reminded_at__isnull=True, remind_on__lte=today).order_by("remind_on", "pk")[:CHUNK]
        )
        Deadline.objects.filter(pk__in=[row.pk for row in rows]).update(reminded_at=now)
        _tell(rows, catalogue.REMINDER, "reminder", now=now, above=False)
    return len(rows)


def escalate(*, now: datetime) -> int:
    """Tell the level above of due dates that have passed, once each (督办)."""
    today = timezone.localdate(now)
    with transaction.atomic(durable=True):
        rows = list(
            _open().filter(escalated_at__isnull=True, due_on__lt=today).order_by("due_on", "pk")[:CHUNK]
        )
        Deadline.objects.filter(pk__in=[row.pk for row in rows]).update(escalated_at=now)
        _tell(rows, catalogue.ESCALATION, "escalation", now=now, above=True)
    return len(rows)


def _open() -> QuerySet[Deadline]:
    return (
        Deadline.objects.filter(settled_at__isnull=True)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related(
            "application__village", "application__programme", "application__household", "objection"
        )
        .annotate(moved=Exists(DateMove.objects.filter(deadline=OuterRef("pk"))))
    )


def _above(level: Level) -> Role:
    order = list(Level)
    index = order.index(level) + 1
    return LEVEL_ROLE[order[index]] if index < len(order) else Role.SUPERVISOR


def _tell(rows: Sequence[Deadline], event: Event, stage: str, *, now: datetime, above: bool) -> None:
    if not rows:
        return
    on = timezone.localdate(now)
    wanted: dict[Role, set[str]] = defaultdict(set)
    roles = {}
    for row in rows:
        level = deadlines.level_of(row)
        roles[row.pk] = _above(level) if above else LEVEL_ROLE[level]
        wanted[roles[row.pk]].add(row.application.village.code)
    people: dict[Role, dict[str, list[User]]] = {
        role: appointments.holders(role, codes, on=on) for role, codes in wanted.items()
    }
    told = [
        Notice(
            event=event,
            fact=f"deadline:{row.pk}",
            stage=_stage(row, stage),
            recipients=people[roles[row.pk]][row.application.village.code],
            context={
                "number": row.application.number,
                "kind": row.get_kind_display(),
                "due": row.due_on,
                "level": deadlines.level_of(row).label,
            },
            application=row.application_id,
            url=row.application.get_absolute_url(),
        )
        for row in rows
    ]
    if event is catalogue.REMINDER:
        told += [_to_household(row, stage) for row in rows if row.kind == DeadlineKind.CORRECTION]
    outbox.announce(told, at=now)
    outbox.wake(deliver, at=now)


def _stage(row: Deadline, stage: str) -> str:
    """A due date that a notice moved may be told of again."""
    return f"{stage} {row.due_on:%y%m%d}" if row.moved else stage  # type: ignore[attr-defined]


def _to_household(row: Deadline, stage: str) -> Notice:
    """A correction waits for the household's papers: it is reminded as well (domain.md §4)."""
    case = row.application
    return Notice(
        event=catalogue.HOME_REMINDER,
        fact=f"deadline:{row.pk}",
        stage=_stage(row, stage),
        recipients=(),
        household=case.household,
        context={
            "number": case.number,
            "programme": case.programme.name,
            "village": case.village.name,
            "due": row.due_on,
        },
        application=case.pk,
    )
