"""Lists from workbooks (导入): taken in and looked through at once, written chunk by chunk once a person confirms.

The row is the task: a worker that dies leaves its chunk unwritten, and the next round of the sweep goes on there.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import OperationalError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from applications.models import Programme
from registry import appointments
from registry.models import Region, User
from registry.refusal import Refused
from workflow import claim_rows, household_rows, household_sheet, permissions, workbooks
from workflow.models import ImportJob, ImportKind, ImportRow, ImportState, RowState
from workflow.workbooks import BadWorkbook, Line

log = logging.getLogger(__name__)

CHUNK = 200
BROKEN = "录入这一行时系统出错，没有录入。请在页面上单独录入，或者联系管理员。"


class NothingToImport(Refused):
    """A list without a single row that can be entered."""


class ImportOver(Refused):
    """The list was confirmed, or put away, before."""

    def __init__(self) -> None:
        super().__init__("这份表已经确认过，不能再确认一次。")


class _NotWhole(Exception):
    """All or nothing was asked for, and a row was refused: roll everything back."""

    def __init__(self, refused: dict[int, str]) -> None:
        super().__init__()
        self.refused = refused


def take_in(
    upload: UploadedFile, *, village: Region, programme: Programme | None, by: User, now: datetime
) -> ImportJob:
    """Read a workbook and look at each of its lines. Keeps the list; enters nothing yet. Raises BadWorkbook."""
    today = timezone.localdate(now)
    actor = appointments.actor(by, on=today)
    if programme is None:
        permissions.may_keep_households(actor, village).enforce()
    else:
        permissions.may_enter(actor, village).enforce()
    book = workbooks.read(upload)
    if programme is None:
        household_sheet.refuse_wrong_template(book.marks, village)
        lines = workbooks.lines(book.rows, household_sheet.COLUMNS)
    else:
        claim_rows.refuse_wrong_template(book.marks, programme, village)
        read = workbooks.lines(book.rows, claim_rows.columns(programme))
        lines = claim_rows.wanted_lines(read, programme)
    if not lines:
        raise BadWorkbook("表里没有填写任何一行，请填好后再上传。")
    if len(lines) > workbooks.MOST_ROWS:
        most = workbooks.MOST_ROWS
        raise BadWorkbook(f"表里有{len(lines)}行，一次最多录入{most}行，请分成几个文件上传。")
    upload.seek(0)
    job = ImportJob(
        kind=ImportKind.HOUSEHOLDS if programme is None else ImportKind.APPLICATIONS,
        village=village,
        programme=programme,
        by=by,
        uploaded_at=now,
        file_name=(upload.name or "")[:100],
        sha256=hashlib.sha256(upload.read()).hexdigest(),
    )
    look = _check_households if programme is None else _check_claims
    found: Sequence[claim_rows.Checked | household_rows.Checked] = look(job, lines, now=now)
    with transaction.atomic(durable=True):
        job.save()
        ImportRow.objects.bulk_create([_row(job, one) for one in found])
    return job


def _row(job: ImportJob, one: claim_rows.Checked | household_rows.Checked) -> ImportRow:
    line = one.line
    row = ImportRow(job=job, line=line.number, state=one.state, sentence=one.sentence, digest=one.digest)
    if one.state is not RowState.KNOWN:
        row.given = json.dumps({"given": line.given, "faults": line.faults}, ensure_ascii=False)
    return row


def line_of(row: ImportRow) -> Line:
    """A kept line as it was read."""
    kept = json.loads(row.given)
    return Line(row.line, kept["given"], tuple(kept["faults"]))


def _check_claims(job: ImportJob, lines: Sequence[Line], *, now: datetime) -> list[claim_rows.Checked]:
    assert job.programme is not None
    actor = appointments.actor(job.by, on=timezone.localdate(now))
    permissions.may_enter(actor, job.village).enforce()
    uploaded_on = timezone.localdate(job.uploaded_at)
    return claim_rows.check(
        lines, programme=job.programme, village=job.village, actor=actor, uploaded_on=uploaded_on
    )


def _check_households(
    job: ImportJob, lines: Sequence[Line], *, now: datetime
) -> list[household_rows.Checked]:
    today = timezone.localdate(now)
    actor = appointments.actor(job.by, on=today)
    permissions.may_keep_households(actor, job.village).enforce()
    return household_rows.check(lines, village=job.village, actor=actor)


def start(job: ImportJob, *, by: User, now: datetime, whole: bool) -> None:
    """Confirm a list: all of it or nothing (`whole`), or the rows that can be entered. Somebody writes it soon."""
    with transaction.atomic(durable=True):
        rows = ImportRow.objects.filter(job=job)
        if whole and rows.filter(state=RowState.FAULTY).exists():
            raise NothingToImport(
                "表里还有问题的行，不能全部录入。请改好后重新上传，或者只录入没有问题的行。"
            )
        if not rows.filter(state=RowState.GOOD).exists():
            raise NothingToImport("表里没有可以录入的行。")
        shown = ImportJob.objects.filter(pk=job.pk, by=by, state=ImportState.SHOWN)
        if not shown.update(state=ImportState.RUNNING, whole=whole, started_at=now):
            raise ImportOver


def drop(job: ImportJob, *, by: User, now: datetime) -> None:
    """Put a list away that was not confirmed."""
    with transaction.atomic(durable=True):
        shown = ImportJob.objects.filter(pk=job.pk, by=by, state=ImportState.SHOWN)
        if not shown.update(state=ImportState.DROPPED, finished_at=now):
            raise ImportOver
        ImportRow.objects.filter(job=job).delete()


def running() -> QuerySet[ImportJob]:
    """The confirmed lists that are not written to their end, the oldest first."""
    return ImportJob.objects.filter(state=ImportState.RUNNING).order_by("pk")


def waiting() -> list[int]:
    """The keys of the confirmed lists that are not written to their end, the oldest first."""
    return list(running().values_list("pk", flat=True))


def work(key: int, *, now: datetime) -> int:
    """Write the next chunk of a confirmed list, all of it where all or nothing was asked. How many rows it settled.

    Where a chunk breaks, it is redone row by row, so that one bad row stops nobody else.
    """
    try:
        return _chunk(key, CHUNK, now=now)
    except _NotWhole as refused:
        return _refuse(key, refused.refused, now=now)
    except OperationalError as away:
        # The database is busy or away: nothing was written, and the next round tries again.
        log.warning("import %s: put off, %s", key, type(away).__name__)
        return 0
    except Exception:
        log.exception("import %s: a chunk could not be written", key)
    if _in_one_go(ImportJob.objects.get(pk=key)):
        return _refuse(key, {}, now=now, sentence="系统出错，一行也没有录入，请联系管理员。")
    done = 0
    for _ in range(CHUNK):
        try:
            settled = _chunk(key, 1, now=now)
        except Exception:
            log.exception("import %s: a row could not be written", key)
            settled = _set_aside_first(key)
        done += settled
        if not settled:
            break
    return done


def _locked(key: int) -> ImportJob | None:
    """The job, if it still is to be written; its lock keeps a second worker out until the chunk is committed."""
    rows = ImportJob.objects.select_for_update(of=("self",), no_key=True)
    rows = rows.select_related("by", "village", "programme__region")
    return rows.filter(pk=key, state=ImportState.RUNNING).first()


def _in_one_go(job: ImportJob) -> bool:
    """All or nothing; and people of one household, who are registered with their head or not at all."""
    return job.whole or job.kind == ImportKind.HOUSEHOLDS


def _chunk(key: int, most: int, *, now: datetime) -> int:
    with transaction.atomic(durable=True):
        job = _locked(key)
        if job is None:
            return 0
        todo = ImportRow.objects.filter(job=job, state=RowState.GOOD).order_by("line")
        rows = list(todo if _in_one_go(job) else todo[:most])
        try:
            found = _write(job, [line_of(row) for row in rows], now=now)
        except Refused as nobody:
            # The person, the programme or the place does not fit any more: that goes for every row.
            found = {row.line: (RowState.FAULTY, nobody.sentence, None) for row in rows}
        refused = {number: said for number, (state, said, _) in found.items() if state is RowState.FAULTY}
        if refused and job.whole:
            raise _NotWhole(refused)
        for row in rows:
            row.state, row.sentence, row.application_id = found[row.line]
            if row.state != RowState.FAULTY:
                # Written or known: what stood in the file is in its own place now, and kept twice nowhere.
                row.given = ""
        written = ["state", "sentence", "application", "given"]
        ImportRow.objects.bulk_update(rows, written, batch_size=CHUNK)
        if not ImportRow.objects.filter(job=job, state=RowState.GOOD).exists():
            ImportJob.objects.filter(pk=key).update(state=ImportState.DONE, finished_at=now)
        return len(rows)


def _write(
    job: ImportJob, lines: Sequence[Line], *, now: datetime
) -> dict[int, tuple[RowState, str, int | None]]:
    """Look at the lines again under the locks, and write what still can be. State, sentence and case by line."""
    if job.programme is None:
        household_rows.lock(job.village)
        found = _check_households(job, lines, now=now)
        household_rows.write(found, village=job.village, by=job.by, now=now, reason=_reason(job))
        return {
            one.line.number: (RowState.MADE if one.state is RowState.GOOD else one.state, one.sentence, None)
            for one in found
        }
    claim_rows.lock(lines, programme=job.programme, village=job.village)
    checked = _check_claims(job, lines, now=now)
    made = claim_rows.write(checked, by=job.by, now=now)
    return {
        one.line.number: (RowState.MADE, one.sentence, made[one.line.number].pk)
        if one.line.number in made
        else (one.state, one.sentence, None)
        for one in checked
    }


def _reason(job: ImportJob) -> str:
    """What the record says of a list: that it was one, and when it was uploaded."""
    return f"按{timezone.localdate(job.uploaded_at)}上传的户和成员表格（第{job.pk}号导入）修改。"


def _refuse(key: int, refused: dict[int, str], *, now: datetime, sentence: str = "") -> int:
    """All or nothing, and it is nothing: say which rows were refused since they were shown."""
    with transaction.atomic(durable=True):
        running = ImportJob.objects.filter(pk=key, state=ImportState.RUNNING)
        said = sentence or f"有{len(refused)}行在确认以后有了变化，不能录入，所以一行也没有录入。"
        running.update(state=ImportState.REFUSED, finished_at=now, sentence=said)
        for row in ImportRow.objects.filter(job=key, line__in=refused):
            row.state, row.sentence = RowState.FAULTY, refused[row.line]
            row.save(update_fields=["state", "sentence"])
    return 0


def _set_aside_first(key: int) -> int:
    """The row that broke by itself: it is left for a person, and the rest goes on."""
    with transaction.atomic(durable=True):
        row = ImportRow.objects.filter(job=key, state=RowState.GOOD).order_by("line").first()
        if row is None:
            return 0
        row.state, row.sentence = RowState.FAULTY, BROKEN
        row.save(update_fields=["state", "sentence"])
    return 1
