"""What must hold after every act, whatever was done before: read from the rows, as plainly as possible."""

from applications import history
from applications.models import Application
from applications.states import OPEN, POSTINGS, Level, State
from workflow import consistency
from workflow.models import (
    OPEN_OBJECTION,
    Deadline,
    Decision,
    EntryOutcome,
    Objection,
    Posting,
    PostingEntry,
    PostingState,
)

PASSES = {
    Level.VILLAGE: "pass_village_review",
    Level.TOWNSHIP: "pass_township_review",
    Level.DISTRICT: "pass_district_review",
}


def faults() -> list[str]:
    """Everything that is wrong; an empty list is the norm."""
    found = list(consistency.faults())
    for case in Application.objects.order_by("pk"):
        found += [f"{case.number} history: {fault}" for fault in history.faults(case)]
        found += _deadlines(case)
        if case.state == State.ANNOUNCED:
            found += _announced(case)
    return found + _sheets() + _objections()


def _deadlines(case: Application) -> list[str]:
    """One open due date in a step; none while a sheet hangs, or an objection holds the case after its period."""
    entries = PostingEntry.objects.filter(application=case)
    objected = Objection.objects.filter(application=case, state__in=list(OPEN_OBJECTION)).exists()
    hangs = entries.filter(outcome=EntryOutcome.ON_DISPLAY).exists()
    held = case.state in POSTINGS and objected and entries.filter(outcome=EntryOutcome.NOT_PASSED).exists()
    open_dues = Deadline.objects.filter(
        application=case, objection__isnull=True, settled_at__isnull=True
    ).count()
    needed = case.state in OPEN and not hangs
    if open_dues == needed or (held and open_dues == 0):
        return []
    return [f"{case.number}: {open_dues} open due dates in {case.state}, hangs: {hangs}, held: {held}"]


def _announced(case: Application) -> list[str]:
    """Three full periods that show at least what stands now, and three different people who passed the case."""
    found = []
    deciders = set()
    for level, act in PASSES.items():
        covering = PostingEntry.objects.filter(
            application=case,
            level=level,
            posting__state=PostingState.CLOSED,
            outcome=EntryOutcome.PASSED,
            quantity__gte=case.quantity,
            amount__gte=case.amount,
        )
        if not covering.exists():
            found.append(f"{case.number}: announced without a covering posting at {level}")
        last = Decision.objects.filter(application=case, act=act).order_by("pk").last()
        if last is not None:
            deciders.add(last.by_id)
    if len(deciders) != 3:
        found.append(f"{case.number}: announced by {len(deciders)} people")
    return found


def _sheets() -> list[str]:
    """An entry hangs only on a sheet that hangs, and a sheet that hangs has something on it."""
    hanging = PostingEntry.objects.filter(outcome=EntryOutcome.ON_DISPLAY).select_related("posting")
    found = [
        f"{entry.posting_id}: an entry on display on a sheet that is {entry.posting.state}"
        for entry in hanging
        if entry.posting.state != PostingState.DISPLAYED
    ]
    shown = {entry.posting_id for entry in hanging}
    displayed = Posting.objects.filter(state=PostingState.DISPLAYED).values_list("pk", flat=True)
    found += [f"{key}: a displayed sheet without an entry" for key in displayed if key not in shown]
    picked = PostingEntry.objects.filter(outcome=EntryOutcome.PICKED).exclude(
        posting__state=PostingState.DRAFT
    )
    return found + [f"{entry.posting_id}: a picked entry on a sheet that is no draft" for entry in picked]


def _objections() -> list[str]:
    """An open objection has one open due date, one that is dealt with has none; an appeal lies one level higher."""
    found = []
    for objection in Objection.objects.order_by("pk"):
        dues = Deadline.objects.filter(objection=objection, settled_at__isnull=True).count()
        if dues != (1 if objection.state in OPEN_OBJECTION else 0):
            found.append(f"objection {objection.pk} is {objection.state} with {dues} open due dates")
        first = objection.appeal_of
        if first is not None and (
            first.appeal_of_id is not None
            or first.state in OPEN_OBJECTION
            or Level(first.handling_level).above != objection.handling_level
        ):
            found.append(f"objection {objection.pk} is no sound appeal of {first.pk}")
    return found
