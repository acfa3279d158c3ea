"""What a file must be to be taken in: told from its content, whatever its name says."""

import hashlib
import random
import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from applications import uploads
from applications.models import Attachment, AttachmentKind
from applications.uploads import BadFile
from tests import stages
from tests.world import World

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def drawn(kind: str, size: tuple[int, int] = (64, 48)) -> bytes:
    buffer = BytesIO()
    noise = Image.effect_noise(size, 80).convert("RGB")
    noise.save(buffer, kind)
    return buffer.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header promises a size, with next to nothing behind it."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def file(content: bytes, name: str = "材料.jpg", content_type: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type=content_type)


@pytest.mark.parametrize(
    ("content", "name", "content_type"),
    [
        (drawn("JPEG"), "照片.jpg", "image/jpeg"),
        (drawn("PNG"), "照片.png", "image/png"),
        (PDF, "合同.pdf", "application/pdf"),
        (drawn("PNG"), "照片.jpg", "image/png"),
        (PDF, "合同.jpg", "application/pdf"),
        (drawn("JPEG"), "没有扩展名", "image/jpeg"),
    ],
)
def test_type_is_read_from_the_content_and_the_digest_is_over_the_whole_file(
    content: bytes, name: str, content_type: str
) -> None:
    upload = file(content, name, "text/html")
    assert uploads.prepare(upload).sha256 == hashlib.sha256(content).hexdigest()
    assert uploads.prepare(upload).content_type == (
        "application/pdf" if content_type == "application/pdf" else "image/jpeg"
    )
    assert upload.read() == content


WRONG_TYPE = "文件“材料.jpg”不是JPG、PNG照片或PDF，请换一个文件。"
BROKEN = "照片“材料.jpg”打不开，可能已损坏，请重新拍照上传。"
TOO_MANY_PIXELS = "照片“材料.jpg”的像素太大，请缩小后再上传。"


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "文件“材料.jpg”是空的，请重新选择。"),
        (b"<!doctype html><script>alert(1)</script>", WRONG_TYPE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", WRONG_TYPE),
        (b"MZ\x90\x00" + b"\0" * 200, WRONG_TYPE),
        (b"PK\x03\x04" + b"\0" * 200, WRONG_TYPE),
        (drawn("GIF"), WRONG_TYPE),
        (drawn("WEBP"), WRONG_TYPE),
        (drawn("BMP"), WRONG_TYPE),
        (drawn("TIFF"), WRONG_TYPE),
        ("只是文字。".encode(), WRONG_TYPE),
        (drawn("JPEG")[:400], BROKEN),
        (drawn("PNG")[:400], BROKEN),
        (b"\xff\xd8\xff\xe0" + b"\0" * 200, BROKEN),
        (b"\xff\xd8\xff" + b"<script>alert(1)</script>", BROKEN),
        (b"\x89PNG\r\n\x1a\n", BROKEN),
        (png_of(8000, 8000), TOO_MANY_PIXELS),
        (png_of(12000, 12000), TOO_MANY_PIXELS),
        (png_of(50000, 50000), BROKEN),
        (png_of(2**31 - 1, 2**31 - 1), BROKEN),
    ],
)
def test_file_that_is_no_readable_paper_is_refused(content: bytes, sentence: str) -> None:
    with pytest.raises(BadFile) as caught:
        uploads.prepare(file(content))
    assert caught.value.sentence == sentence


def test_photo_is_an_image_and_not_a_pdf() -> None:
    with pytest.raises(BadFile) as caught:
        uploads.prepare(file(PDF), photo=True)
    assert caught.value.sentence == "文件“材料.jpg”不是JPG或PNG照片，请换一个文件。"
    assert uploads.prepare(file(drawn("PNG")), photo=True).content_type == "image/jpeg"


def test_size_is_limited_to_the_byte() -> None:
    limit = settings.UPLOAD_LIMIT
    assert limit == 20 * 1024 * 1024
    assert uploads.prepare(file(PDF.ljust(limit, b"\n"))).content_type == "application/pdf"
    with pytest.raises(BadFile) as caught:
        uploads.prepare(file(PDF.ljust(limit + 1, b"\n")))
    assert caught.value.sentence == "文件“材料.jpg”超过20MB，请压缩后再上传。"


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_no_damage_to_an_image_is_more_than_a_refusal(kind: str) -> None:
    whole, chance = drawn(kind), random.Random(7)
    outcomes = set()
    for _ in range(400):
        content = bytearray(whole[: chance.randrange(8, len(whole) + 1)])
        for _ in range(chance.randrange(4)):
            content[chance.randrange(4, len(content))] = chance.randrange(256)
        try:
            uploads.prepare(file(bytes(content)))
            outcomes.add("taken")
        except BadFile:
            outcomes.add("refused")
    assert "refused" in outcomes


@pytest.mark.parametrize(
    ("name", "kept"),
    [("../../etc/passwd", "passwd"), ("照片.jpg", "照片.jpg"), ("a" * 300 + ".jpg", "a" * 200)],
)
def test_file_is_kept_under_a_random_name_and_its_own_is_only_data(
    world: World, name: str, kept: str
) -> None:
    content = drawn("JPEG")
    case = stages.draft(world)
    upload = file(content)
    # As an unfriendly client would send it: Django's own upload parser cuts the path off.
    upload._name = name
    found = uploads.keep(upload, kind=AttachmentKind.PAPER, by=world.clerk.pk, at=world.now, application=case)
    found.refresh_from_db()
    assert (found.original_name, found.content_type) == (kept, "image/jpeg")
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    stored = Path(found.file.path)
    assert stored.parent == Path(settings.MEDIA_ROOT) / "attachments"
    assert len(stored.name) == 32
    assert stored.suffix == ""
    on_disk = stored.read_bytes()
    assert (found.size, found.kept_sha256) == (len(on_disk), hashlib.sha256(on_disk).hexdigest())
    assert on_disk != content


def stored_files() -> set[Path]:
    return set((Path(settings.MEDIA_ROOT) / "attachments").glob("*"))


def test_refused_file_leaves_no_row_and_no_file(world: World) -> None:
    case, before = stages.draft(world), stored_files()
    values: dict[str, Any] = {"kind": AttachmentKind.PAPER, "by": world.clerk.pk, "at": world.now}
    with pytest.raises(BadFile):
        uploads.keep(file(b"<html>"), application=case, **values)
    assert Attachment.objects.count() == 0
    assert stored_files() == before


def test_same_photo_twice_shows_by_its_digest(world: World) -> None:
    content, values = drawn("JPEG"), {"kind": AttachmentKind.VISIT, "by": world.clerk.pk, "at": world.now}
    first, second = (uploads.keep(file(content), photo=True, **values) for _ in range(2))
    assert first.sha256 == second.sha256
    assert first.file.name != second.file.name
