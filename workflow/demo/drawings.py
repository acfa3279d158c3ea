"""Drawn files for the demonstration (示例图片): every photo and paper says 〔示例〕, and no two are the same.

No machine can be trusted to have a Chinese font, so that the four characters are drawn stroke by stroke.
"""

from io import BytesIO
from itertools import count

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw, ImageFont

Stroke = tuple[tuple[int, int], ...]

SIZE = (640, 480)
PAPER, INK, RED, GREY = (250, 247, 238), (40, 40, 40), (178, 34, 34), (196, 196, 190)

# Each character on a square of a hundred.
CHARACTERS: tuple[tuple[Stroke, ...], ...] = (
    (((90, 5), (70, 20), (70, 80), (90, 95)),),
    (
        ((25, 15), (75, 15)),
        ((8, 38), (92, 38)),
        ((50, 38), (50, 92), (38, 84)),
        ((30, 55), (14, 78)),
        ((70, 55), (86, 78)),
    ),
    (
        ((24, 8), (4, 46)),
        ((16, 32), (16, 94)),
        ((30, 16), (66, 16)),
        ((46, 16), (30, 52)),
        ((40, 38), (62, 38), (54, 64), (32, 92)),
        ((40, 52), (50, 62)),
        ((76, 22), (76, 68)),
        ((94, 8), (94, 92), (84, 84)),
    ),
    (((10, 5), (30, 20), (30, 80), (10, 95)),),
)

_serial = count(1)


def _stamp(draw: ImageDraw.ImageDraw, *, left: int, top: int, height: int) -> None:
    """Draw 〔示例〕 in red."""
    for place, strokes in enumerate(CHARACTERS):
        for stroke in strokes:
            line = [(left + (place + x / 100) * height, top + y / 100 * height) for x, y in stroke]
            draw.line(line, fill=RED, width=max(2, height // 14), joint="curve")


def _sheet(rows: int) -> Image.Image:
    """A sheet of paper with a table on it, as on a village board."""
    image = Image.new("RGB", SIZE, (120, 96, 72))
    draw = ImageDraw.Draw(image)
    draw.rectangle((90, 24, 550, 456), fill=PAPER, outline=INK)
    _stamp(draw, left=180, top=44, height=70)
    for row in range(rows + 1):
        top = 140 + row * 26
        draw.line((120, top, 520, top), fill=GREY, width=2)
        if row < rows:
            for left, width in ((132, 60), (222, 90), (342, 40), (422, 70)):
                draw.rectangle((left, top + 9, left + width, top + 16), fill=GREY)
    return image


def _field(tone: int) -> Image.Image:
    """A field under the sky, in a tone of its own; nobody stands on it."""
    image = Image.new("RGB", SIZE, (206, 226, 240))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 250, 640, 480), fill=(96 + tone % 60, 140 + tone % 40, 78))
    for left in range(-200, 840, 60):
        draw.line((320 + (left - 320) // 4, 250, left, 480), fill=(112, 92, 60), width=3)
    _stamp(draw, left=150, top=90, height=80)
    return image


def _upload(image: Image.Image, name: str, serial: int, *, pdf: bool = False) -> SimpleUploadedFile:
    ImageDraw.Draw(image).text((12, 462), f"DEMO {serial:05d}", fill=INK, font=ImageFont.load_default())
    buffer = BytesIO()
    image.save(buffer, "PDF" if pdf else "JPEG")
    content_type = "application/pdf" if pdf else "image/jpeg"
    return SimpleUploadedFile(name, buffer.getvalue(), content_type=content_type)


def photo_of_sheet(*, rows: int) -> SimpleUploadedFile:
    """A photo of a sheet on the board (公示照片)."""
    serial = next(_serial)
    return _upload(_sheet(min(rows, 11)), f"公示照片〔示例〕{serial}.jpg", serial)


def photo_of_field() -> SimpleUploadedFile:
    """A photo of a visit (入户核实照片)."""
    serial = next(_serial)
    return _upload(_field(serial * 7), f"核实照片〔示例〕{serial}.jpg", serial)


def paper(name: str) -> SimpleUploadedFile:
    """A one-page PDF that stands for a paper (申请材料)."""
    serial = next(_serial)
    return _upload(_sheet(8), f"{name}〔示例〕{serial}.pdf", serial, pdf=True)
