"""What is overdue by the level whose desk it lies on (督办)."""

from datetime import date

from django.db.models import Count, Q, QuerySet

from applications.states import Level
from registry.appointments import Actor
from registry.scope import within
from workflow.models import Deadline
from workflow.steps import STEPS


def late(actor: Actor, *, today: date) -> QuerySet[Deadline]:
    """The due dates that have passed unsettled on the cases a person sees, the longest overdue first (督办).

    An objection's handler and kind stand in the row; who objected does not.
    """
    rows = Deadline.objects.filter(
        within(actor.may_read_prefixes, field="application__village__code"),
        Q(objection__isnull=False) | Q(application__state__in=list(STEPS)),
        settled_at__isnull=True,
        paused_on__isnull=True,
        due_on__lt=today,
    )
    return rows.select_related("application__programme", "application__village", "objection").order_by(
        "due_on", "pk"
    )


def resting(actor: Actor) -> QuerySet[Deadline]:
    """The terms that rest on the cases a person sees, the longest first: nobody is behind with them, nor forgets them."""
    rows = Deadline.objects.filter(
        within(actor.may_read_prefixes, field="application__village__code"),
        application__state__in=list(STEPS),
        settled_at__isnull=True,
        paused_on__isnull=False,
    )
    return rows.select_related("application__programme", "application__village", "objection").order_by(
        "paused_on", "pk"
    )


def lies_with(level: Level) -> Q:
    """The due dates whose matter lies on a level's desk, as `deadlines.level_of` says it of one of them."""
    states = [
        state
        for state, step in STEPS.items()
        if (Level.VILLAGE if step.is_correction else step.level) is level
    ]
    return Q(objection__handling_level=level) | Q(objection__isnull=True, application__state__in=states)


def by_level(actor: Actor, *, today: date) -> dict[Level, int]:
    """How many of the overdue matters a person sees lie with each level: one statement."""
    counts = {level.value: Count("pk", filter=lies_with(level)) for level in Level}
    found = late(actor, today=today).order_by().aggregate(**counts)
    return {level: found[level.value] for level in Level}
