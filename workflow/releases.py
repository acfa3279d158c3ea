"""Leaving a posting: a case goes on when its level, and every level below, is covered by a full period."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from applications.models import Application
from applications.standing import Standing
from applications.states import REVIEWS, Level, State
from workflow import engine
from workflow.models import (
    OPEN_OBJECTION,
    Deadline,
    DeadlineKind,
    EntryOutcome,
    Objection,
    PostingEntry,
)
from workflow.proceedings import Proceeding
from workflow.results import Ref, Result
from workflow.standings import covering_entries
from workflow.steps import CLOSE, POSTING_STATE


def release(proceeding: Proceeding, key: int) -> Application | None:
    """Let one case leave its posting in memory; the transition asks for coverage and open objections."""
    case = proceeding.locked.cases[key]
    state, level = State(case.state), case.level

    def law(application: Application, standing: Standing) -> None:
        if state is State.TOWNSHIP_POSTING:
            application.close_township_posting(standing)
        elif state is State.DISTRICT_POSTING:
            application.close_district_posting(standing)
        else:
            application.close_village_posting(standing)

    act = CLOSE.get(state, CLOSE[State.VILLAGE_POSTING])
    return proceeding.step(Ref(key), act, law, text=f"{level.label if level else ''}公示期满，无未办结异议。")


def count_from(proceeding: Proceeding, free: Mapping[int, date]) -> None:
    """The terms of the steps that the released cases have come to count from the day on which nothing held them any
    more, however late the round came that released them: of the day after the last day of display in `free`, of their
    arrival where an earlier period covered them, and of the end of their last objection, the latest (ADR 21).

    Not the announcement: it is counted from the final approval in any case.
    """
    gone = [
        move.application.pk for move in proceeding.moves if move.steps and move.application.state in REVIEWS
    ]
    if not gone:
        return
    days: dict[int, date] = {key: free[key] for key in gone if key in free}
    arrived = Deadline.objects.filter(
        application__in=gone, objection__isnull=True, settled_at__isnull=True, kind=DeadlineKind.WAITING
    )
    settled = Objection.objects.filter(application__in=gone, decided_at__isnull=False).order_by()
    for rows in (
        arrived.values_list("application_id", "set_at"),
        settled.values_list("application_id", "decided_at"),
    ):
        for key, at in rows:
            on = timezone.localdate(at)
            days[key] = max(days.get(key, on), on)
    # A clock set back in between must not let a term begin in the future.
    proceeding.starts.update({key: min(on, proceeding.today) for key, on in days.items()})


def note_passed(proceeding: Proceeding, keys: Iterable[int]) -> None:
    """Entries that were held at the end of their period have passed after all, with the cases that left."""
    cases = list(keys)
    left = {move.application.pk: move.source for move in proceeding.moves if move.steps}
    for level, state in POSTING_STATE.items():
        gone = [key for key in cases if left.get(key) is state]
        if gone:
            held = PostingEntry.objects.filter(
                application__in=gone, level=level, outcome=EntryOutcome.NOT_PASSED
            )
            held.update(outcome=EntryOutcome.PASSED, outcome_at=proceeding.at)


def covered() -> QuerySet[Application]:
    """Cases in a posting state that a full period already covers: they need no new sheet."""
    entries = PostingEntry.objects.filter(application=OuterRef("pk"))
    covering = covering_entries()
    objected = Objection.objects.filter(application=OuterRef("pk"), state__in=list(OPEN_OBJECTION))
    covered = Q(pk__in=[])
    for level in Level:
        covered |= Q(Exists(covering.filter(level=level)), state=POSTING_STATE[level])
    rows = Application.objects.filter(
        covered, ~Exists(entries.filter(outcome=EntryOutcome.ON_DISPLAY)), ~Exists(objected)
    )
    return rows.order_by("pk")


def covered_but_waiting(*, limit: int = 200) -> list[int]:
    """The keys of those cases: one statement."""
    return list(covered().values_list("pk", flat=True)[:limit])


def pass_covered(applications: Sequence[int], *, now: datetime, skip_locked: bool = False) -> list[Result]:
    """Let cases leave a posting that an earlier full period covers (e.g. passed again after a return).

    With `skip_locked` a case that somebody holds is passed by.
    """
    with transaction.atomic(durable=True):
        refs = [Ref(key) for key in applications]
        proceeding = Proceeding(engine.locked(refs, skip_locked=skip_locked), None, now)
        for key in proceeding.locked.cases:
            release(proceeding, key)
        count_from(proceeding, {})
        note_passed(proceeding, proceeding.locked.cases)
        proceeding.write()
        return proceeding.results
