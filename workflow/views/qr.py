"""QR codes for paper: an address as a picture that a phone reads."""

from io import BytesIO

import segno
from django.utils.safestring import SafeString, mark_safe


def svg(address: str) -> SafeString:
    """The code as inline SVG: the security policy allows no data: image."""
    return mark_safe(_made(address).svg_inline(scale=3, border=2, omitsize=True, svgclass="qr"))


def png(address: str) -> BytesIO:
    """The code as a PNG, read from its start."""
    picture = BytesIO()
    _made(address).save(picture, kind="png", scale=6, border=2)
    picture.seek(0)
    return picture


def _made(address: str) -> segno.QRCode:
    return segno.make(address, error="m", micro=False)
