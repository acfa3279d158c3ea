"""Everything a verb on cases may write, so that a refusal or a rollback can be seen to have changed nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.models import Model
from viewflow.workflow.models import Process, Task

from applications.models import (
    Application,
    AppraisalItem,
    AppraisalMeeting,
    Attachment,
    HistoryEntry,
    PostingPlan,
    Programme,
    ProgrammeChange,
    RequiredPaper,
    VerificationVisit,
)
from notifications.models import Message
from workflow.models import (
    AnnouncementSheet,
    Counter,
    DateMove,
    Deadline,
    Decision,
    DisplayAct,
    Fault,
    Holiday,
    HolidayNotice,
    Objection,
    ObjectionEvidence,
    ObjectorTold,
    Posting,
    PostingEntry,
    Receipt,
    Setback,
)

MODELS: tuple[type[Model], ...] = (
    AnnouncementSheet,
    Application,
    AppraisalItem,
    AppraisalMeeting,
    Attachment,
    Counter,
    DateMove,
    Deadline,
    Decision,
    DisplayAct,
    Fault,
    HistoryEntry,
    PostingPlan,
    Programme,
    ProgrammeChange,
    RequiredPaper,
    Holiday,
    HolidayNotice,
    Message,
    Objection,
    ObjectionEvidence,
    ObjectorTold,
    Posting,
    PostingEntry,
    Process,
    Receipt,
    Task,
    VerificationVisit,
    Setback,
)


@contextmanager
def undone() -> Iterator[None]:
    """Do something for real, then take it back, so that one case serves many tries."""
    # Not an inner atomic block: verbs open a durable one.
    savepoint = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(savepoint)


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables that verbs write, by model, as the database holds them."""
    with connection.cursor() as cursor:
        return {model.__name__: _rows(cursor, model) for model in MODELS}


def _rows(cursor: Any, model: type[Model]) -> list[tuple[Any, ...]]:
    # Written out: asked through the models some hundred thousand times, most of the time went into wording it.
    meta = model._meta
    cursor.execute(f'SELECT * FROM "{meta.db_table}" ORDER BY "{meta.pk.column}"')
    return list(map(tuple, cursor.fetchall()))


def changed(act: Callable[[], object]) -> set[str]:
    """The names of the models whose rows an act changed."""
    before = everything()
    act()
    after = everything()
    return {name for name in before if before[name] != after[name]}


def programme_rows() -> dict[str, Any]:
    """Programmes with their parts and changes, and the cases under them."""
    return {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in (Programme, PostingPlan, RequiredPaper, ProgrammeChange, Application)
    }
