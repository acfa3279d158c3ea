"""Whether the files are those that were taken in: each against its SHA-256, and that against the chained record."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone

from applications.models import Attachment, AttachmentKind, HistoryEntry

FILED = frozenset(
    {"enter", "attach", "record_visit", "record_meeting", "put_up", "objection_received", "appeal_received"}
)
"""Acts whose lines name the files that came with them."""
REMOVED = "data_removed"
"""The act on each case whose papers were removed with a household's personal data."""
PIECE, BATCH = 1 << 20, 500


@dataclass(frozen=True)
class Named:
    """A file that a line of the record names by the digest of its content."""

    case: int
    seq: int
    sha256: str


def named(case: int, seq: int, data: object) -> Iterator[Named]:
    """The files that a line of one of these acts names in its data."""
    if isinstance(data, Mapping):
        for sha256 in data.get("files") or ():
            yield Named(case, seq, f"{sha256}")


def missing(files: Sequence[Named]) -> Iterator[Named]:
    """Those that no attachment stands for any more: its row was removed, or its digest exchanged."""
    wanted = sorted({one.sha256 for one in files})
    standing: Counter[tuple[str, int | None]] = Counter()
    for start in range(0, len(wanted), BATCH):
        rows = Attachment.objects.filter(kept_sha256__in=wanted[start : start + BATCH]).order_by()
        standing.update(rows.values_list("kept_sha256", "application_id"))
    for one in files:
        # A meeting's minutes and a sheet's photo belong to many cases, and so to none.
        if (one.sha256, None) not in standing:
            standing[one.sha256, one.case] -= 1
            if standing[one.sha256, one.case] < 0:
                yield one


def wrong() -> Iterator[tuple[str, str]]:
    """Where and what: each attachment whose content is gone or is another one. Reads every file."""
    rows = Attachment.objects.select_related("application", "meeting__village", "removal", "uploaded_by")
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        for file in batch:
            if fault := _fault(file):
                yield _owner(file), f"附件“{file.original_name}”{fault}"
        last = batch[-1].pk


def _fault(file: Attachment) -> str:
    try:
        with file.file.open("rb") as content:
            found = hashlib.sha256()
            while piece := content.read(PIECE):
                found.update(piece)
    except FileNotFoundError:
        return _fault_of_removed(file) if file.removal_id else "不在了。"
    except OSError:
        return "读不出来。"
    if file.removal_id:
        return "已经决定删除，文件却还在。"
    return "" if found.hexdigest() == file.content_sha256 else "的内容与登记的SHA-256不符，文件被换过。"


def _fault_of_removed(file: Attachment) -> str:
    """A file is removed with its household's data, which each case's record says."""
    case, removal = file.application, file.removal
    assert removal is not None
    if case is not None and case.household_id == removal.household_id:
        lines = HistoryEntry.objects.filter(application=case, act=REMOVED).values_list("data", flat=True)
        if any(line.get("removal") == removal.pk for line in lines):
            return ""
    return "标为已删除，却没有相应的删除记录。"


def _owner(file: Attachment) -> str:
    """Whose it is: the case, the meeting, or the cases whose sheet the photo shows."""
    if file.application:
        return file.application.number
    if file.meeting:
        return f"{file.meeting.village}{file.meeting.held_on}的评议会"
    if file.kind == AttachmentKind.DISPLAY:
        lines = HistoryEntry.objects.filter(act="put_up", at=file.uploaded_at).select_related("application")
        sha256 = file.kept_sha256
        cases = [line.application.number for line in lines if sha256 in (line.data.get("files") or ())]
        if cases:
            return "、".join(cases)
    by = "" if file.kind == AttachmentKind.OBJECTION else f"由{file.uploaded_by or '系统'}"
    return f"{timezone.localtime(file.uploaded_at):%Y-%m-%d %H:%M}{by}上传的{file.get_kind_display()}"
