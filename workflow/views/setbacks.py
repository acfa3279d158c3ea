"""What the rounds could not do (未办成事项), as the operations page lists it: what, how often, why."""

from collections.abc import Sequence
from typing import Any

from applications.models import Application
from workflow.health import SHOWN
from workflow.models import Deadline, Posting, Setback, SetbackKind


def listed(rows: Sequence[Setback]) -> dict[str, Any]:
    """The setbacks for the operations page, each with the thing it is about, in at most four statements."""
    things = _things(rows)
    for row in rows:
        row.thing = things.get((row.kind, row.key))  # type: ignore[attr-defined]
    return {"setbacks": rows[:SHOWN], "more_setbacks": len(rows) > SHOWN}


def _things(rows: Sequence[Setback]) -> dict[tuple[str, int], Posting | Application]:
    keys: dict[str, set[int]] = {kind: {row.key for row in rows if row.kind == kind} for kind in SetbackKind}
    found: dict[tuple[str, int], Posting | Application] = {}
    sheets = keys[SetbackKind.CLOSING] | keys[SetbackKind.PHOTO]
    if sheets:
        for posting in Posting.objects.filter(pk__in=sheets):
            for kind in (SetbackKind.CLOSING, SetbackKind.PHOTO):
                found[kind, posting.pk] = posting
    if keys[SetbackKind.RELEASE]:
        for case in Application.objects.filter(pk__in=keys[SetbackKind.RELEASE]):
            found[SetbackKind.RELEASE, case.pk] = case
    dues = keys[SetbackKind.REMINDER] | keys[SetbackKind.ESCALATION]
    if dues:
        for due in Deadline.objects.filter(pk__in=dues).select_related("application"):
            for kind in (SetbackKind.REMINDER, SetbackKind.ESCALATION):
                found[kind, due.pk] = due.application
    return found
