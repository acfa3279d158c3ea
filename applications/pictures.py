"""Drawing a photo anew (重绘): what is kept is the picture alone; where and when it was taken is told apart from it."""

import re
import struct
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any

from PIL import Image, ImageOps, UnidentifiedImageError

MAX_PIXELS = {"JPEG": 60_000_000, "PNG": 12_000_000}
"""A JPEG is opened at a fraction of its size, a PNG whole."""
MAX_IN_SCANS = 16_000_000
"""A JPEG in several scans (progressive) is held whole before its first line comes out: nine bytes a pixel, measured."""
SOF = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
SOS, ALONE = 0xDA, frozenset({0x01, 0xD8, *range(0xD0, 0xD8)})
LONGEST_SIDE = (2560, 2560)
"""Enough to read a sheet on the photo, and a tenth of what a telephone sends."""

TAKEN, OFFSET, WHEN_WRITTEN = 36867, 36881, 306
MOMENT = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)")
EXIF, GPS = 0x8769, 0x8825
BROKEN = (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError)


class TooManyPixels(Exception):
    """The picture is larger than any telephone's."""


class NoPicture(Exception):
    """The file does not open as the picture that it begins like."""


@dataclass(frozen=True)
class Picture:
    """A photo as it is kept: a JPEG with nothing but the picture, and what the camera had written beside it."""

    content: bytes
    taken_at: str = ""
    taken_place: str = ""


def redraw(file: IO[bytes], image_format: str) -> Picture:
    """Open a photo as what it is, take time and place off it, and draw it on a new ground."""
    file.seek(0)
    try:
        with Image.open(file, formats=[image_format]) as opened:
            image: Image.Image = opened
            pixels = image.width * image.height
            if pixels > MAX_PIXELS[image_format]:
                raise TooManyPixels
            if image_format == "JPEG" and pixels > MAX_IN_SCANS and _comes_in_scans(file):
                raise TooManyPixels
            taken_at, taken_place = _written_beside(image)
            opened.draft("RGB", LONGEST_SIDE)
            image.load()
            if image.mode == "P":
                image = image.convert("RGBA")
            image.thumbnail(LONGEST_SIDE)
            seen = ImageOps.exif_transpose(image)
            # On a new ground: Pillow carries comments and profiles of the old one over into the new file.
            ground = Image.new("RGB", seen.size, "white")
            if "A" in seen.getbands():
                ground.paste(seen.convert("RGB"), mask=seen.getchannel("A"))
            else:
                ground.paste(seen.convert("RGB"))
    except BROKEN:
        raise NoPicture from None
    finally:
        file.seek(0)
    content = BytesIO()
    ground.save(content, "JPEG", quality=85)
    return Picture(content.getvalue(), taken_at, taken_place)


def _comes_in_scans(file: IO[bytes]) -> bool:
    """Whether a JPEG holds each part of the picture in several scans; one that cannot be followed counts as such."""
    place = file.tell()
    try:
        file.seek(2)
        components = 0
        while (head := file.read(2)) and head[0] == 0xFF and len(head) == 2:
            mark = head[1]
            if mark == 0xFF:
                file.seek(-1, 1)
                continue
            if mark in ALONE:
                continue
            size = int.from_bytes(file.read(2), "big")
            body = file.read(max(0, size - 2))
            if mark in PROGRESSIVE:
                return True
            if mark in SOF:
                components = body[5] if len(body) > 5 else 0
            if mark == SOS:
                # Fewer parts in the first scan than the picture has: the others follow in scans of their own.
                return not body or body[0] < components
        return True
    finally:
        file.seek(place)


def _written_beside(image: Image.Image) -> tuple[str, str]:
    """Time and place as the camera wrote them; nothing where they are missing or make no sense."""
    try:
        exif = image.getexif()
        more = exif.get_ifd(EXIF)
        return (
            _time(more.get(TAKEN) or exif.get(WHEN_WRITTEN), more.get(OFFSET)),
            _place(exif.get_ifd(GPS)),
        )
    except (*BROKEN, TypeError, KeyError, IndexError, ZeroDivisionError, AttributeError, struct.error):
        return "", ""


def _time(text: Any, offset: Any) -> str:
    if not isinstance(text, str):
        return ""
    found = MOMENT.fullmatch(text.strip("\0 "))
    if found is None:
        return ""
    zone = offset.strip("\0 ") if isinstance(offset, str) and len(offset) <= 7 else ""
    return "{}-{}-{} {}".format(*found.groups()) + zone


def _place(gps: dict[int, Any]) -> str:
    if not {1, 2, 3, 4} <= gps.keys():
        return ""
    north, east = _degrees(gps[2], gps[1] == "S"), _degrees(gps[4], gps[3] == "W")
    return f"{north:.6f},{east:.6f}" if abs(north) <= 90 and abs(east) <= 180 else ""


def _degrees(parts: Any, is_negative: bool) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    found = degrees + minutes / 60 + seconds / 3600
    return -found if is_negative else found
