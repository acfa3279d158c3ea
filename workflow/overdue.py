"""What is overdue by the level whose desk it lies on (督办)."""

from datetime import date

from django.db.models import Count, Q

from applications.states import Level
from registry.appointments import Actor
from workflow import worklists
from workflow.steps import STEPS


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
    found = worklists.overdue(actor, today=today).order_by().aggregate(**counts)
    return {level: found[level.value] for level in Level}
