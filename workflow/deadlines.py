"""Due dates (期限): set once on entering a step, settled on leaving it, explained day by day on demand."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from django.db.models import Max, QuerySet
from django.utils import timezone

from applications.models import Application
from applications.states import Level, State
from applications.terms import DayUnit, Term
from notifications import outbox
from workflow.calendar import Calendar, Period
from workflow.models import Act, Deadline, DeadlineKind, Decision, Objection
from workflow.steps import STEPS

REMIND_BEFORE = 2
"""Working days before the due date on which the reminder goes out."""


def kind_of(state: State) -> DeadlineKind:
    """What a case in this state has a due date for."""
    step = STEPS[state]
    if step.is_posting:
        return DeadlineKind.WAITING
    if step.is_correction:
        return DeadlineKind.CORRECTION
    return DeadlineKind.ANNOUNCEMENT if state is State.ANNOUNCEMENT else DeadlineKind.STEP


def days_for(application: Application, state: State) -> int:
    """The working days the programme gives for a step."""
    days: int = getattr(application.programme, STEPS[state].term_field)
    return days


def compute(kind: DeadlineKind, *, start: date, days: int, calendar: Calendar, at: datetime) -> Deadline:
    """An unsaved due date: `days` working days, the first day not counted."""
    period = explain_term(start, days, calendar)
    return Deadline(
        kind=kind,
        starts_on=start,
        days=days,
        due_on=period.last_day,
        remind_on=remind_day(start, period.last_day, calendar),
        provisional=period.provisional,
        set_at=at,
    )


def explain_term(start: date, days: int, calendar: Calendar) -> Period:
    return calendar.period(start, Term(days, DayUnit.WORKING))


def explain(deadline: Deadline, calendar: Calendar) -> Period:
    """The day-by-day ledger of a due date, held to the day that was told."""
    return calendar.kept_until(explain_term(deadline.starts_on, deadline.days, calendar), deadline.due_on)


def remind_day(start: date, due: date, calendar: Calendar) -> date:
    """The day on which the reminder goes out, never before the term begins."""
    return max(start, calendar.add_working_days(due, -REMIND_BEFORE))


def level_of(deadline: Deadline) -> Level:
    """The level whose desk the matter lies on; a correction lies with the village."""
    if deadline.objection is not None:
        return Level(deadline.objection.handling_level)
    step = STEPS[State(deadline.application.state)]
    return Level.VILLAGE if step.is_correction else step.level


def enter(
    applications: Sequence[Application],
    *,
    at: datetime,
    calendar: Calendar,
    starts: Mapping[int, date] | None = None,
) -> dict[int, Deadline]:
    """Settle the cases' open due dates and set those of the steps they are now in: two statements.

    `starts` gives the first day where it is not today, e.g. the day a notice was delivered (送达). The announcement is
    counted from the day of the final approval: 政府信息公开条例 asks for it within 20 working days of the information.
    """
    settle([application.pk for application in applications], at=at)
    today = timezone.localdate(at)
    starts = {**approved_on(applications), **(starts or {})}
    found: dict[int, Deadline] = {}
    computed: dict[tuple[DeadlineKind, date, int], Deadline] = {}
    for application in applications:
        state = State(application.state)
        if state not in STEPS:
            continue
        start = starts.get(application.pk, today)
        key = (kind_of(state), start, days_for(application, state))
        if key not in computed:
            computed[key] = compute(key[0], start=start, days=key[2], calendar=calendar, at=at)
        like = computed[key]
        found[application.pk] = Deadline(
            application=application,
            kind=like.kind,
            starts_on=like.starts_on,
            days=like.days,
            due_on=like.due_on,
            remind_on=like.remind_on,
            provisional=like.provisional,
            set_at=at,
        )
    Deadline.objects.bulk_create(found.values())
    return found


def approved_on(applications: Iterable[Application]) -> dict[int, date]:
    """The day of the last final approval (区级审定) of the cases that wait for their announcement."""
    waiting = [case.pk for case in applications if case.state == State.ANNOUNCEMENT]
    if not waiting:
        return {}
    approvals = Decision.objects.filter(application__in=waiting, act=Act.PASS_DISTRICT).order_by()
    last = approvals.values("application").annotate(last=Max("at"))
    return {key: timezone.localdate(at) for key, at in last.values_list("application", "last")}


def settle(applications: Iterable[int], *, at: datetime) -> None:
    """The steps of these cases are done with; their open due dates are settled."""
    _settle(Deadline.objects.filter(application__in=list(applications), objection__isnull=True), at=at)


def enter_objection(
    objection: Objection,
    kind: DeadlineKind,
    *,
    days: int,
    at: datetime,
    calendar: Calendar,
    start: date | None = None,
) -> Deadline:
    """Settle the objection's open due date and set the next: acceptance in 2, decision in 10 working days."""
    settle_objection(objection.pk, at=at)
    deadline = compute(kind, start=start or timezone.localdate(at), days=days, calendar=calendar, at=at)
    deadline.application = objection.application
    deadline.objection = objection
    deadline.save()
    return deadline


def settle_objection(objection_id: int, *, at: datetime) -> None:
    _settle(Deadline.objects.filter(objection=objection_id), at=at)


def _settle(deadlines: QuerySet[Deadline], *, at: datetime) -> None:
    """Settle what is open, and withdraw reminders of it that have not gone out yet."""
    waiting = deadlines.filter(settled_at__isnull=True)
    reminded = waiting.exclude(reminded_at=None, escalated_at=None).values_list("pk", flat=True)
    outbox.withdraw([f"deadline:{key}" for key in reminded], at=at)
    waiting.update(settled_at=at)
