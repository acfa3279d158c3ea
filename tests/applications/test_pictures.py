"""What a camera writes beside a picture is taken off it, where it makes sense; PDFs without anything active are taken."""

import zlib
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from applications import pdfs, pictures, uploads
from tests.applications.hostile import flat, object_stream, pdf, stream

EXIF, GPS = 0x8769, 0x8825
NORTH_EAST = {1: "N", 2: (30.0, 30.0, 36.0), 3: "E", 4: (118.0, 15.0, 0.0)}
SOUTH_WEST = {**NORTH_EAST, 1: "S", 3: "W"}


def taken(
    place: dict[int, object] | None = None, time: object = "2021:10:01 08:30:00", offset: str = ""
) -> bytes:
    """A photo with time and place as a telephone writes them."""
    exif = Image.Exif()
    exif.get_ifd(EXIF)[36867] = time
    if offset:
        exif.get_ifd(EXIF)[36881] = offset
    exif.get_ifd(GPS).update(place or {})
    buffer = BytesIO()
    Image.new("RGB", (64, 48)).save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


def prepared(content: bytes) -> uploads.Prepared:
    return uploads.prepare(SimpleUploadedFile("照片.jpg", content), photo=True)


@pytest.mark.parametrize(
    ("content", "at", "place"),
    [
        (taken(NORTH_EAST), "2021-10-01 08:30:00", "30.510000,118.250000"),
        (taken(SOUTH_WEST), "2021-10-01 08:30:00", "-30.510000,-118.250000"),
        (taken(offset="+08:00"), "2021-10-01 08:30:00+08:00", ""),
        (taken(offset="+08:00<script>"), "2021-10-01 08:30:00", ""),
        (taken(time="yesterday"), "", ""),
        (taken(time="2021:10:01"), "", ""),
        (taken({1: "N", 2: (99.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)}), "2021-10-01 08:30:00", ""),
        (taken({1: "N", 2: (30.0, 0.0, 0.0)}), "2021-10-01 08:30:00", ""),
        (flat("JPEG", (64, 48)), "", ""),
        (flat("PNG", (64, 48)), "", ""),
    ],
)
def test_time_and_place_are_told_apart_from_the_picture(content: bytes, at: str, place: str) -> None:
    found = prepared(content)
    assert (found.taken_at, found.taken_place) == (at, place)
    assert dict(Image.open(BytesIO(found.content)).getexif()) == {}


def test_a_picture_in_scans_is_limited_sooner_than_one_in_lines() -> None:
    side = 4100
    assert pictures.MAX_IN_SCANS < side * side < pictures.MAX_PIXELS["JPEG"]
    assert prepared(flat("JPEG", (side, side))).content_type == "image/jpeg"
    with pytest.raises(uploads.BadFile, match="像素太大"):
        prepared(flat("JPEG", (side, side), progressive=True))


@pytest.mark.parametrize(("drawn", "taken_for"), [("PNG", "JPEG"), ("JPEG", "PNG"), ("GIF", "JPEG")])
def test_a_file_is_opened_as_what_it_was_found_to_be_and_as_nothing_else(drawn: str, taken_for: str) -> None:
    with pytest.raises(pictures.NoPicture):
        pictures.redraw(BytesIO(flat(drawn, (8, 8))), taken_for)


@pytest.mark.parametrize(
    "content",
    [
        pdf(b"<</Type/Catalog>>"),
        pdf(b"<</S/URI/URI(http://127.0.0.1/)>>"),
        pdf(stream(b"/Filter/FlateDecode", zlib.compress(b"BT (text) Tj ET"))),
        object_stream(b"<</Type/Page>>"),
        pdf(b"<</Title(JavaScript is a word)>>"),
        pdf(b"<</XFAnything 1>>"),
    ],
)
def test_a_pdf_with_nothing_active_is_taken(content: bytes) -> None:
    assert pdfs.fault(content) == ""
    found = uploads.prepare(SimpleUploadedFile("合同.pdf", content))
    assert (found.content, found.content_type) == (content, "application/pdf")
