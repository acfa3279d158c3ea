"""Leaving a posting: a case goes on when its level, and every level below, is covered by a full period."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from applications.models import Application
from applications.standing import Standing
from applications.states import Level, State
from workflow import engine
from workflow.models import OPEN_OBJECTION, EntryOutcome, Objection, PostingEntry
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


def covered_but_waiting(*, limit: int = 200) -> list[int]:
    """Cases in a posting state that a full period already covers: they need no new sheet. One statement."""
    entries = PostingEntry.objects.filter(application=OuterRef("pk"))
    covering = covering_entries()
    objected = Objection.objects.filter(application=OuterRef("pk"), state__in=list(OPEN_OBJECTION))
    covered = Q(pk__in=[])
    for level in Level:
        covered |= Q(Exists(covering.filter(level=level)), state=POSTING_STATE[level])
    rows = Application.objects.filter(
        covered, ~Exists(entries.filter(outcome=EntryOutcome.ON_DISPLAY)), ~Exists(objected)
    )
    return list(rows.order_by("pk").values_list("pk", flat=True)[:limit])


def pass_covered(applications: Sequence[int], *, now: datetime) -> list[Result]:
    """Let cases leave a posting that an earlier full period covers (e.g. passed again after a return)."""
    with transaction.atomic(durable=True):
        proceeding = Proceeding(engine.locked([Ref(key) for key in applications]), None, now)
        for key in proceeding.locked.cases:
            release(proceeding, key)
        note_passed(proceeding, proceeding.locked.cases)
        proceeding.write()
        return proceeding.results
