"""Taking in a file: its type is read from its content, its size is limited, an image must really open."""

import hashlib
from datetime import datetime
from io import BytesIO
from pathlib import PurePath

import filetype
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from PIL import Image, ImageOps, UnidentifiedImageError

from applications.models import Application, AppraisalMeeting, Attachment, RequiredPaper, VerificationVisit
from registry.refusal import Refused

ALLOWED = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "application/pdf": None,
}
MAX_PIXELS = 60_000_000
LONGEST_SIDE = (2560, 2560)
"""Enough to read a sheet on the photo, and a tenth of what a telephone sends."""


class BadFile(Refused):
    """A file that cannot be taken: too large, empty, of another type, or damaged."""


def inspect(upload: UploadedFile, *, photo: bool = False) -> tuple[str, str]:
    """The file's (content type, SHA-256), or BadFile with a sentence. `photo` allows images only."""
    name = PurePath(upload.name or "").name[:100]
    size = upload.size or 0
    if size == 0:
        raise BadFile(f"文件“{name}”是空的，请重新选择。")
    if size > settings.UPLOAD_LIMIT:
        raise BadFile(f"文件“{name}”超过{settings.UPLOAD_LIMIT // 1024 // 1024}MB，请压缩后再上传。")
    upload.seek(0)
    kind = filetype.guess(upload.read(4096))
    content_type = kind.mime if kind else ""
    if content_type not in ALLOWED or (photo and ALLOWED[content_type] is None):
        wanted = "JPG或PNG照片" if photo else "JPG、PNG照片或PDF"
        raise BadFile(f"文件“{name}”不是{wanted}，请换一个文件。")
    image_format = ALLOWED[content_type]
    if image_format:
        _open_image(upload, name, image_format)
    upload.seek(0)
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    return content_type, digest.hexdigest()


def _open_image(upload: UploadedFile, name: str, image_format: str) -> None:
    upload.seek(0)
    try:
        with Image.open(upload, formats=[image_format]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise BadFile(f"照片“{name}”的像素太大，请缩小后再上传。")
            image.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise BadFile(f"照片“{name}”打不开，可能已损坏，请重新拍照上传。") from None


def keep(
    upload: UploadedFile,
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
    """Store an upload as an attachment. Raises BadFile; then nothing is stored."""
    content_type, sha256 = inspect(upload, photo=photo)
    return Attachment.objects.create(
        kind=kind,
        application=application,
        visit=visit,
        meeting=meeting,
        paper=paper,
        file=upload,
        original_name=PurePath(upload.name or "").name[:200],
        content_type=content_type,
        size=upload.size or 0,
        sha256=sha256,
        uploaded_by_id=by,
        uploaded_at=at,
    )


def repainted(upload: UploadedFile, *, name: str) -> UploadedFile:
    """A photo drawn anew under another name: nothing of the file is kept but its picture. Raises BadFile.

    What a camera writes beside the picture (place, time, telephone) would show who took it.
    """
    given = PurePath(upload.name or "").name[:100]
    content_type, _ = inspect(upload, photo=True)
    upload.seek(0)
    with Image.open(upload, formats=[str(ALLOWED[content_type])]) as image:
        try:
            seen = ImageOps.exif_transpose(image).convert("RGB")
        except (OSError, SyntaxError, ValueError):
            raise BadFile(f"照片“{given}”打不开，可能已损坏，请重新拍照上传。") from None
    seen.thumbnail(LONGEST_SIDE)
    # On a new ground: Pillow carries comments and profiles of the old one over into the new file.
    picture = Image.new("RGB", seen.size)
    picture.paste(seen)
    content = BytesIO()
    picture.save(content, "JPEG", quality=85)
    return SimpleUploadedFile(name, content.getvalue(), content_type="image/jpeg")
