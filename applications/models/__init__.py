"""What is asked: programmes, applications, the fieldwork behind them, their papers and their history."""

from applications.models.application import Application, CaseKept, StateWrittenOutside
from applications.models.attachment import Attachment, AttachmentKind
from applications.models.fieldwork import (
    AppraisalItem,
    AppraisalMeeting,
    MeetingKind,
    VerificationVisit,
    Verifier,
)
from applications.models.history import (
    DailyDigest,
    HistoryEntry,
    HistoryIsAppendOnly,
    ProgrammeAct,
    ProgrammeChange,
    SealedHead,
    SealedRecord,
)
from applications.models.pinning import ProgrammePinned
from applications.models.privacy import Disclosure, Ground, Purpose, Removal, Way
from applications.models.programme import Beneficiary, PostingPlan, Programme, ProgrammeKind, RequiredPaper
from applications.models.records import BenefitRecord

__all__ = [
    "Application",
    "AppraisalItem",
    "AppraisalMeeting",
    "Attachment",
    "AttachmentKind",
    "Beneficiary",
    "BenefitRecord",
    "CaseKept",
    "DailyDigest",
    "Disclosure",
    "Ground",
    "HistoryEntry",
    "HistoryIsAppendOnly",
    "MeetingKind",
    "PostingPlan",
    "Programme",
    "ProgrammeAct",
    "ProgrammeChange",
    "ProgrammeKind",
    "ProgrammePinned",
    "Purpose",
    "Removal",
    "RequiredPaper",
    "SealedHead",
    "SealedRecord",
    "StateWrittenOutside",
    "VerificationVisit",
    "Verifier",
    "Way",
]
