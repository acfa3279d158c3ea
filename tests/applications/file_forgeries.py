"""Ways to tamper with the files behind the history; each says what the check has to name."""

import hashlib
from pathlib import Path
from random import Random

from django.utils import timezone

from applications import filed
from applications.models import Attachment, AttachmentKind, Ground, HistoryEntry, Removal
from tests.applications.forgeries import Forgery, Named, sql

FILES = "applications_attachment"


def some_file(rng: Random) -> Attachment:
    """A paper, a visit's photo or the photo of a sheet, whose case can be told."""
    return rng.choice(list(Attachment.objects.exclude(kind=AttachmentKind.MEETING).order_by("pk")))


def owner_of(file: Attachment) -> str:
    if file.application:
        return file.application.number
    return "、".join(
        line.application.number
        for line in HistoryEntry.objects.filter(act="put_up").select_related("application").order_by("pk")
        if file.kept_sha256 in line.data["files"]
    ) or end_photo(file)


def end_photo(file: Attachment) -> str:
    """No line names the photo of a sheet's end: the time and who brought it must do."""
    return f"{timezone.localtime(file.uploaded_at):%Y-%m-%d %H:%M}由{file.uploaded_by}上传的公示照片"


def file_edited(rng: Random) -> Named:
    file = some_file(rng)
    path = Path(file.file.path)
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1
    path.write_bytes(content)
    return owner_of(file), None


def file_exchanged(rng: Random) -> Named:
    one, two = rng.sample(list(Attachment.objects.exclude(kind=AttachmentKind.MEETING).order_by("pk")), 2)
    Path(one.file.path).write_bytes(Path(two.file.path).read_bytes())
    return owner_of(one), None


def file_removed(rng: Random) -> Named:
    file = some_file(rng)
    Path(file.file.path).unlink()
    return owner_of(file), None


def some_named_file(rng: Random) -> Attachment:
    """A file that a line of the history names."""
    lines = HistoryEntry.objects.filter(act__in=filed.FILED).values_list("data", flat=True)
    named = {sha256 for data in lines for sha256 in data.get("files", ())}
    return rng.choice(list(Attachment.objects.filter(kept_sha256__in=named).order_by("pk")))


def line_of(file: Attachment) -> Named:
    """The first line that names the file."""
    lines = HistoryEntry.objects.filter(act__in=filed.FILED).select_related("application").order_by("pk")
    line = next(line for line in lines if file.kept_sha256 in line.data.get("files", ()))
    return line.application.number, line.seq


def file_and_its_digest_edited(rng: Random) -> Named:
    file = some_named_file(rng)
    named = line_of(file)
    path = Path(file.file.path)
    path.write_bytes(path.read_bytes() + b"x")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    sql(f"UPDATE {FILES} SET kept_sha256 = %s WHERE id = %s", sha256, file.pk)
    return named


def file_and_its_row_removed(rng: Random) -> Named:
    file = rng.choice(list(Attachment.objects.filter(kind=AttachmentKind.PAPER).order_by("pk")))
    named = line_of(file)
    sql(f"DELETE FROM {FILES} WHERE id = %s", file.pk)
    Path(file.file.path).unlink()
    return named


def file_passed_off_as_removed_by_decision(rng: Random) -> Named:
    file = rng.choice(list(Attachment.objects.filter(kind=AttachmentKind.PAPER).order_by("pk")))
    assert file.application is not None
    removal = Removal.objects.create(
        household=file.application.household,
        by=file.application.entered_by,
        at=file.uploaded_at,
        ground=Ground.DECISION,
        document="示例〔2021〕1号",
        reason="伪造",
    )
    sql(f"UPDATE {FILES} SET removal_id = %s WHERE id = %s", removal.pk, file.pk)
    Path(file.file.path).unlink()
    return owner_of(file), None


FILE_FORGERIES = [
    Forgery(act.__name__, act)
    for act in (
        file_edited,
        file_exchanged,
        file_removed,
        file_and_its_digest_edited,
        file_and_its_row_removed,
        file_passed_off_as_removed_by_decision,
    )
]
