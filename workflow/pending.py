"""What is kept of a form before it is a case (暂存): the words typed and the papers photographed, for the one who typed.

No rule of the programme is asked here: half a form may be wrong. Only who may enter for the household is.
"""

from collections.abc import Mapping
from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from applications import uploads
from applications.models import Attachment, AttachmentKind, Programme, RequiredPaper
from registry import appointments
from registry.models import Household, User
from registry.refusal import Refused
from workflow import entering, permissions
from workflow.models import PendingEntry, PendingPaper, Receipt

FIELDS = ("member", "option", "quantity", "applied_on", "payee", "reason", "follows", "committed")
CASES = "cases"
"""Beside the words of a new case: those of changes to cases, see `pending_changes`."""
LONGEST = 2000
MOST_PAPERS = 30


class TooManyPapers(Refused):
    """More papers than anybody looks at."""

    def __init__(self) -> None:
        super().__init__(f"一件申请最多上传{MOST_PAPERS}个文件。")


def of(by: User) -> QuerySet[PendingEntry]:
    """What a person has begun and not saved as a draft yet, the latest first."""
    return PendingEntry.objects.filter(by=by).select_related("household__village", "programme")


def found(by: User, household: Household, programme: Programme) -> PendingEntry | None:
    entry = of(by).filter(household=household, programme=programme).first()
    return entry if entry and begun(entry) else None


def begun(entry: PendingEntry) -> bool:
    """Whether a new case was begun, and not only a change of one that exists."""
    return entry.typed.keys() != {CASES} or entry.papers.exists()


def keep(
    household: Household, programme: Programme, *, typed: Mapping[str, str], by: User, now: datetime
) -> None:
    """Keep what is typed so far, whatever it is; what was kept before is replaced."""
    with transaction.atomic(durable=True):
        if not _may_hold(household, typed.get("key", ""), by=by, now=now):
            return
        words: dict[str, object] = {name: typed[name][:LONGEST] for name in FIELDS if typed.get(name)}
        before = of(by).filter(household=household, programme=programme).first()
        if before and CASES in before.typed:
            words[CASES] = before.typed[CASES]
        PendingEntry.objects.update_or_create(
            by=by, household=household, programme=programme, defaults={"typed": words, "kept_at": now}
        )


def hold(
    household: Household,
    programme: Programme,
    *,
    paper: RequiredPaper | None,
    upload: UploadedFile,
    by: User,
    now: datetime,
    key: str = "",
) -> None:
    """Take in a paper before its case exists. The same file for the same paper again is the one held. Raises BadFile."""
    file = uploads.prepare(upload)
    with transaction.atomic(durable=True):
        if not _may_hold(household, key, by=by, now=now):
            return
        entry, _ = PendingEntry.objects.get_or_create(
            by=by, household=household, programme=programme, defaults={"kept_at": now}
        )
        held = Attachment.objects.filter(pending__entry=entry)
        if held.count() >= MOST_PAPERS:
            raise TooManyPapers
        if not held.filter(sha256=file.sha256, paper=paper).exists():
            made = uploads.keep(file, kind=AttachmentKind.PAPER, by=by.pk, at=now, paper=paper)
            PendingPaper.objects.create(entry=entry, attachment=made)


def _may_hold(household: Household, key: str, *, by: User, now: datetime) -> bool:
    """Whether the form is still to be saved: a late echo of one that is a case already keeps nothing."""
    actor = appointments.actor(by, on=timezone.localdate(now))
    permissions.may_enter(actor, household.village, household).enforce()
    entering.queue_up([household.pk])
    return not (key and Receipt.objects.filter(key=key).exists())


def drop_paper(household: Household, programme: Programme, *, uid: str, by: User) -> None:
    """Take a paper out again that no case has yet: the wrong photo."""
    entry = found(by, household, programme)
    with transaction.atomic(durable=True):
        rows = Attachment.objects.filter(pending__entry=entry) if entry else Attachment.objects.none()
        _remove(rows.filter(uid=uid))


def drop(household: Household, programme: Programme, *, by: User) -> None:
    """Throw away what was kept, papers and all: begin afresh."""
    entry = found(by, household, programme)
    if entry is None:
        return
    with transaction.atomic(durable=True):
        _remove(Attachment.objects.filter(pending__entry=entry))
        _end(entry)


def hand_over(household: Household, programme: Programme, *, by: User) -> list[Attachment]:
    """Give up what was kept, for the case that is entered now in the caller's transaction: its papers."""
    entry = found(by, household, programme)
    if entry is None:
        return []
    papers = list(Attachment.objects.filter(pending__entry=entry).select_related("paper"))
    _end(entry)
    return papers


def give(papers: list[Attachment], application: int) -> None:
    """The papers are those of the case."""
    Attachment.objects.filter(pk__in=[paper.pk for paper in papers]).update(application=application)


def _end(entry: PendingEntry) -> None:
    """Nothing of a new case is left; changes of cases that lie in the row stay."""
    if CASES not in entry.typed:
        entry.delete()
        return
    entry.papers.all().delete()
    entry.typed = {CASES: entry.typed[CASES]}
    entry.save(update_fields=["typed"])


def _remove(rows: QuerySet[Attachment]) -> None:
    """Rows first, their files once it is sure: a file without a row is litter, a row without a file a lie."""
    for attachment in rows.filter(application__isnull=True):
        kept = attachment.file
        attachment.delete()
        # No partial: it has no name, which Django's report of a failure asks for, and the page would answer 500.
        transaction.on_commit(lambda kept=kept: kept.storage.delete(f"{kept.name}"), robust=True)  # type: ignore[misc]
