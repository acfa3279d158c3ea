"""Reminders to whoever has to act (催办), and word to the level above of what is overdue (督办), once each."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from applications.states import Level
from notifications import catalogue, outbox
from notifications.catalogue import Event
from notifications.outbox import Notice
from notifications.tasks import deliver
from registry import appointments
from registry.models import Role, User
from workflow import deadlines
from workflow.models import DateMove, Deadline, DeadlineKind
from workflow.steps import LEVEL_ROLE


def to_remind(*, now: datetime) -> QuerySet[Deadline]:
    """The due dates whose day of reminder has come, unsettled and not reminded of, the oldest first."""
    rows = Deadline.objects.filter(settled_at__isnull=True, reminded_at__isnull=True, paused_on__isnull=True)
    return rows.filter(remind_on__lte=timezone.localdate(now)).order_by("remind_on", "pk")


def to_escalate(*, now: datetime) -> QuerySet[Deadline]:
    """The due dates past their day of escalation, unsettled and not told of above, the oldest first."""
    rows = Deadline.objects.filter(settled_at__isnull=True, escalated_at__isnull=True, paused_on__isnull=True)
    return rows.filter(escalate_on__lte=timezone.localdate(now)).order_by("escalate_on", "pk")


def remind(keys: Sequence[int], *, now: datetime) -> set[int]:
    """Remind of those due dates that are to be reminded of and that nobody holds, once each. Returns which."""
    with transaction.atomic(durable=True):
        rows = _held(to_remind(now=now), keys)
        Deadline.objects.filter(pk__in=[row.pk for row in rows]).update(reminded_at=now)
        _tell(rows, catalogue.REMINDER, "reminder", now=now, above=False)
    return {row.pk for row in rows}


def escalate(keys: Sequence[int], *, now: datetime) -> set[int]:
    """Tell the level above of those due dates that have passed and that nobody holds, once each. Returns which."""
    with transaction.atomic(durable=True):
        rows = _held(to_escalate(now=now), keys)
        Deadline.objects.filter(pk__in=[row.pk for row in rows]).update(escalated_at=now)
        _tell(rows, catalogue.ESCALATION, "escalation", now=now, above=True)
    return {row.pk for row in rows}


def _held(rows: QuerySet[Deadline], keys: Sequence[int]) -> list[Deadline]:
    """Claim those that are still due; what another transaction holds is passed by (PostgreSQL)."""
    return list(
        rows.filter(pk__in=keys)
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
    """A due date that a notice or a rest moved may be told of again."""
    return f"{stage} {row.due_on:%y%m%d}" if row.moved or row.rests else stage  # type: ignore[attr-defined]


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
