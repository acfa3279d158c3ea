"""How it is decided: processes, decisions, postings, objections, time, and the rows of the machinery."""

from workflow.models.decisions import DECIDING, Act, Decision, Fault, RefusalCode, word_for
from workflow.models.entering import (
    ImportJob,
    ImportKind,
    ImportRow,
    ImportState,
    PendingEntry,
    PendingPaper,
    RowState,
)
from workflow.models.objections import (
    OPEN_OBJECTION,
    Channel,
    Objection,
    ObjectionEvidence,
    ObjectionOutcome,
    ObjectionState,
    ObjectorTold,
    Telling,
    Way,
)
from workflow.models.operations import Heartbeat, Lease, Receipt
from workflow.models.postings import (
    AnnouncementSheet,
    Counter,
    DisplayAct,
    DisplayPhoto,
    EntryOutcome,
    Posting,
    PostingEntry,
    PostingKind,
    PostingState,
)
from workflow.models.processes import ApprovalProcess, ReviewTask
from workflow.models.setbacks import Setback, SetbackKind
from workflow.models.time import DateMove, Deadline, DeadlineKind, Holiday, HolidayNotice
from workflow.models.wordings import SheetWording

__all__ = [
    "DECIDING",
    "OPEN_OBJECTION",
    "Act",
    "AnnouncementSheet",
    "ApprovalProcess",
    "Channel",
    "Counter",
    "DateMove",
    "Deadline",
    "DeadlineKind",
    "Decision",
    "DisplayAct",
    "DisplayPhoto",
    "EntryOutcome",
    "Fault",
    "Heartbeat",
    "Holiday",
    "HolidayNotice",
    "ImportJob",
    "ImportKind",
    "ImportRow",
    "ImportState",
    "Lease",
    "Objection",
    "ObjectionEvidence",
    "ObjectionOutcome",
    "ObjectionState",
    "ObjectorTold",
    "PendingEntry",
    "PendingPaper",
    "Posting",
    "PostingEntry",
    "PostingKind",
    "PostingState",
    "Receipt",
    "RefusalCode",
    "ReviewTask",
    "RowState",
    "Setback",
    "SetbackKind",
    "SheetWording",
    "Telling",
    "Way",
    "word_for",
]
