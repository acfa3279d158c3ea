"""Taking in a file: its type is read from its content, its size is limited, a photo is drawn anew before it is kept."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import IO

import filetype
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile

from applications import pdfs, pictures
from applications.models import Application, AppraisalMeeting, Attachment, RequiredPaper, VerificationVisit
from registry.refusal import Refused

ALLOWED = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "application/pdf": None,
}
SEPARATOR = re.compile(r"[/\\]")


class BadFile(Refused):
    """A file that cannot be taken: too large, empty, of another type, damaged, or with something active inside."""


@dataclass(frozen=True)
class Prepared:
    """A file that was looked into: what will be kept, and what it came as."""

    name: str
    content: bytes
    content_type: str
    sha256: str
    taken_at: str = ""
    taken_place: str = ""

    @property
    def kept_sha256(self) -> str:
        """The digest of what will lie on the disk."""
        return hashlib.sha256(self.content).hexdigest()


def prepare(upload: UploadedFile, *, photo: bool = False) -> Prepared:
    """Look into an upload, or raise BadFile with a sentence. `photo` allows images only.

    Call it before the locks are taken: opening a large photo takes a while.
    """
    # Without a path of either kind, and without signs that are not seen: they would stand in a header or a log line.
    name = "".join(filter(str.isprintable, SEPARATOR.split(upload.name or "")[-1]))
    called = name[:100]
    size = upload.size or 0
    if size == 0:
        raise BadFile(f"文件“{called}”是空的，请重新选择。")
    if size > settings.UPLOAD_LIMIT:
        raise BadFile(f"文件“{called}”超过{settings.UPLOAD_LIMIT // 1024 // 1024}MB，请压缩后再上传。")
    upload.seek(0)
    kind = filetype.guess(upload.read(4096))
    content_type = kind.mime if kind else ""
    if content_type not in ALLOWED or (photo and ALLOWED[content_type] is None):
        wanted = "JPG或PNG照片" if photo else "JPG、PNG照片或PDF"
        raise BadFile(f"文件“{called}”不是{wanted}，请换一个文件。")
    upload.seek(0)
    content = upload.read()
    upload.seek(0)
    sha256 = hashlib.sha256(content).hexdigest()
    image_format = ALLOWED[content_type]
    if image_format is None:
        if fault := pdfs.fault(content):
            raise BadFile(f"文件“{called}”{fault}。")
        return Prepared(name[:200], content, content_type, sha256)
    try:
        drawn = pictures.redraw(upload, image_format)
    except pictures.TooManyPixels:
        raise BadFile(f"照片“{called}”的像素太大，请缩小后再上传。") from None
    except pictures.NoPicture:
        raise BadFile(f"照片“{called}”打不开，可能已损坏，请重新拍照上传。") from None
    return Prepared(name[:200], drawn.content, "image/jpeg", sha256, drawn.taken_at, drawn.taken_place)


def keep(
    upload: UploadedFile | Prepared,
    *,
    kind: str,
    by: int | None,
    at: datetime,
    application: Application | None = None,
    visit: VerificationVisit | None = None,
    meeting: AppraisalMeeting | None = None,
    paper: RequiredPaper | None = None,
    photo: bool = False,
) -> Attachment:
    """Store a file as an attachment. Raises BadFile; then nothing is stored."""
    found = upload if isinstance(upload, Prepared) else prepare(upload, photo=photo)
    made = Attachment(
        kind=kind,
        application=application,
        visit=visit,
        meeting=meeting,
        paper=paper,
        file=ContentFile(found.content, name=found.name),
        original_name=found.name,
        content_type=found.content_type,
        size=len(found.content),
        sha256=found.sha256,
        kept_sha256=found.kept_sha256,
        uploaded_by_id=by,
        uploaded_at=at,
    )
    made.taken_at, made.taken_place = found.taken_at, found.taken_place
    made.save(force_insert=True)
    return made


def shown(attachment: Attachment) -> IO[bytes]:
    """The content as it may be shown: a photo taken in before photos were drawn anew (no digest of its own) is drawn now.

    Raises FileNotFoundError where the file is gone.
    """
    content = attachment.file.open("rb")
    if attachment.kept_sha256 or not attachment.is_image:
        return content
    with content:
        return BytesIO(pictures.redraw(content, f"{ALLOWED[attachment.content_type]}").content)


def repainted(upload: UploadedFile, *, name: str) -> UploadedFile:
    """A photo drawn anew under another name: nothing of the file is kept but its picture. Raises BadFile.

    What a camera writes beside the picture (place, time, telephone) would show who took it.
    """
    drawn = prepare(upload, photo=True)
    return SimpleUploadedFile(name, drawn.content, content_type="image/jpeg")
