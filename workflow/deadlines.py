"""Due dates (期限): set once on entering a step, settled on leaving it, explained day by day on demand."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

from django.db.models import Max, QuerySet
from django.utils import timezone

from applications.models import Application
from applications.states import Level, State
from applications.terms import DayUnit, Term
from notifications import outbox
from registry.refusal import Refused
from workflow.calendar import ONE_DAY, Calendar, Period, Rest
from workflow.models import Act, Deadline, DeadlineKind, Decision, Objection
from workflow.steps import STEPS, staff_label

RESTING = (DeadlineKind.STEP, DeadlineKind.ANNOUNCEMENT)
"""Terms to make a forward step. A sheet may be put up, and a correction handed in, while an objection is open."""
COUNTED = ("due_on", "remind_on", "near_on", "escalate_on", "provisional")
"""What follows from a term, its calendar and its programme."""
OBJECTED = "有未办结的异议，不能进入下一步"
CORRECTED = "退回补正"


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


def compute(
    kind: DeadlineKind,
    *,
    start: date,
    days: int,
    calendar: Calendar,
    at: datetime,
    application: Application,
) -> Deadline:
    """An unsaved due date of a case: `days` working days, the first day not counted, told of as its programme says."""
    period = explain_term(start, days, calendar)
    due = Deadline(
        application=application,
        kind=kind,
        starts_on=start,
        days=days,
        due_on=period.last_day,
        provisional=period.provisional,
        set_at=at,
    )
    set_days(due, calendar)
    return due


def explain_term(start: date, days: int, calendar: Calendar) -> Period:
    return calendar.period(start, Term(days, DayUnit.WORKING))


def explain(deadline: Deadline, calendar: Calendar, *, today: date | None = None) -> Period:
    """The day-by-day ledger of a due date, held to the day that was told.

    One that rests has no such day: its ledger goes on as if it ran again from `today`.
    """
    if deadline.paused_on is not None:
        return counted(deadline, calendar, until=max(today or deadline.paused_on, deadline.paused_on))
    return calendar.kept_until(counted(deadline, calendar), deadline.due_on)


def counted(deadline: Deadline, calendar: Calendar, *, until: date | None = None) -> Period:
    """The term as it is counted from its rows: its rests, and with `until` the one that goes on till then."""
    rests = [
        Rest(date.fromisoformat(first), date.fromisoformat(last), why) for first, last, why in deadline.rests
    ]
    if until is not None and deadline.paused_on is not None:
        rests.append(Rest(deadline.paused_on, until, OBJECTED))
    return calendar.working_term(deadline.starts_on, deadline.days, rests)


def pause(applications: Sequence[int], *, at: datetime) -> None:
    """An objection forbids every forward step: the terms to make one rest from today, and nobody is reminded."""
    rows = _of_cases(applications).filter(kind__in=RESTING, paused_on__isnull=True)
    found = list(rows.exclude(reminded_at=None, escalated_at=None).values_list("pk", flat=True))
    outbox.withdraw([f"deadline:{key}" for key in found], at=at)
    rows.update(paused_on=timezone.localdate(at))


def resume(applications: Sequence[int], *, at: datetime, calendar: Calendar) -> None:
    """No objection is open any more: the terms go on with the working days that were left, one at least."""
    today = timezone.localdate(at)
    rows = list(
        _of_cases(applications).filter(paused_on__isnull=False).select_related("application__programme")
    )
    for row in rows:
        assert row.paused_on is not None
        # A clock set back in between must not leave a span that ends before it begins.
        last = max(today, row.paused_on)
        row.rests = [*row.rests, [f"{row.paused_on}", f"{last}", OBJECTED]]
        row.paused_on = None
        _recount(row, calendar, today=today)
    Deadline.objects.bulk_update(rows, ["rests", "paused_on", *COUNTED, "reminded_at", "escalated_at"])


def _recount(row: Deadline, calendar: Calendar, *, today: date) -> None:
    """A new end by its rests. What is too early by it may be told again."""
    period = counted(row, calendar)
    row.due_on, row.provisional = period.last_day, period.provisional
    set_days(row, calendar)
    if row.remind_on > today:
        row.reminded_at = None
    if row.escalate_on > today:
        row.escalated_at = None


def _of_cases(applications: Sequence[int]) -> QuerySet[Deadline]:
    """The open due dates of the cases' own steps."""
    return Deadline.objects.filter(
        application__in=list(applications), objection__isnull=True, settled_at__isnull=True
    )


def set_days(row: Deadline, calendar: Calendar) -> None:
    """The days on which a due date is reminded of, is near, and is told of above, as the case's programme sets them.

    None comes before the term begins; above it is told after the due date has ended.
    """
    programme = row.application.programme
    row.remind_on = max(row.starts_on, calendar.add_working_days(row.due_on, -programme.reminder_days))
    row.near_on = max(row.starts_on, calendar.add_working_days(row.due_on, -programme.near_days))
    row.escalate_on = calendar.add_working_days(row.due_on, programme.escalation_days) + ONE_DAY


class NobodysDeadline(Refused):
    """An open due date of a case that lies on nobody's desk: no verb leaves one, a repair by hand may."""


def level_of(deadline: Deadline) -> Level:
    """The level whose desk the matter lies on; a correction lies with the village. Raises NobodysDeadline."""
    if deadline.objection is not None:
        return Level(deadline.objection.handling_level)
    case = deadline.application
    step = STEPS.get(State(case.state))
    if step is None:
        raise NobodysDeadline(
            f"申请{case.number}现在是“{staff_label(case.state)}”，却还有没有办结的期限，请核查。"
        )
    return Level.VILLAGE if step.is_correction else step.level


def enter(
    applications: Sequence[Application],
    *,
    at: datetime,
    calendar: Calendar,
    starts: Mapping[int, date] | None = None,
    objected: Collection[int] = (),
) -> dict[int, Deadline]:
    """Settle the cases' open due dates and set those of the steps they are now in.

    A review that a correction interrupted goes on with the working days that were left. The terms of cases `objected`
    to rest from the beginning.

    `starts` gives the first day where it is not today, e.g. the day a notice was delivered (送达). The announcement is
    counted from the day of the final approval: 政府信息公开条例 asks for it within 20 working days of the information.
    """
    before = settle([application.pk for application in applications], at=at)
    today = timezone.localdate(at)
    starts = {**approved_on(applications), **(starts or {})}
    found: dict[int, Deadline] = {}
    computed: dict[tuple[DeadlineKind, date, int, int], Deadline] = {}
    for application in applications:
        state = State(application.state)
        if state not in STEPS:
            continue
        start = starts.get(application.pk, today)
        key = (kind_of(state), start, days_for(application, state), application.programme_id)
        if key not in computed:
            computed[key] = compute(
                key[0], start=start, days=key[2], calendar=calendar, at=at, application=application
            )
        like = computed[key]
        due = Deadline(
            application=application,
            kind=like.kind,
            starts_on=like.starts_on,
            days=like.days,
            due_on=like.due_on,
            remind_on=like.remind_on,
            near_on=like.near_on,
            escalate_on=like.escalate_on,
            provisional=like.provisional,
            step=state,
            set_at=at,
        )
        _carry_on(due, before.get(application.pk), calendar, today=today)
        if application.pk in objected and due.kind in RESTING:
            due.paused_on = today
        found[application.pk] = due
    Deadline.objects.bulk_create(found.values())
    return found


def _carry_on(due: Deadline, before: Deadline | None, calendar: Calendar, *, today: date) -> None:
    """A correction remembers the review it interrupts; back there, the review's own term goes on.

    A case that starts again at the village begins a term of its own.
    """
    if before is None:
        return
    if due.kind == DeadlineKind.CORRECTION and before.kind == DeadlineKind.STEP:
        due.interrupts = before
    old = before.interrupts if before.kind == DeadlineKind.CORRECTION else None
    if old is not None and old.step == due.step:
        assert old.settled_at is not None
        # While it was objected to it rested already: the span begins with that.
        first = old.paused_on or timezone.localdate(old.settled_at)
        due.starts_on, due.days = old.starts_on, old.days
        due.rests = [*old.rests, [f"{first}", f"{max(first, today)}", CORRECTED]]
        _recount(due, calendar, today=today)


def approved_on(applications: Iterable[Application]) -> dict[int, date]:
    """The day of the last final approval (区级审定) of the cases that wait for their announcement."""
    waiting = [case.pk for case in applications if case.state == State.ANNOUNCEMENT]
    if not waiting:
        return {}
    approvals = Decision.objects.filter(application__in=waiting, act=Act.PASS_DISTRICT).order_by()
    last = approvals.values("application").annotate(last=Max("at"))
    return {key: timezone.localdate(at) for key, at in last.values_list("application", "last")}


def settle(applications: Iterable[int], *, at: datetime) -> dict[int, Deadline]:
    """The steps of these cases are done with; their open due dates are settled. Returns them by case."""
    rows = Deadline.objects.filter(application__in=list(applications), objection__isnull=True)
    return {row.application_id: row for row in _settle(rows, at=at)}


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
    deadline = compute(
        kind,
        start=start or timezone.localdate(at),
        days=days,
        calendar=calendar,
        at=at,
        application=objection.application,
    )
    deadline.objection = objection
    deadline.save()
    return deadline


def settle_objection(objection_id: int, *, at: datetime) -> None:
    _settle(Deadline.objects.filter(objection=objection_id), at=at)


def _settle(deadlines: QuerySet[Deadline], *, at: datetime) -> list[Deadline]:
    """Settle what is open, and withdraw reminders of it that have not gone out yet."""
    waiting = deadlines.filter(settled_at__isnull=True)
    rows = list(waiting.select_related("interrupts"))
    told = [row.pk for row in rows if row.reminded_at or row.escalated_at]
    outbox.withdraw([f"deadline:{key}" for key in told], at=at)
    waiting.update(settled_at=at)
    for row in rows:
        row.settled_at = at
    return rows
