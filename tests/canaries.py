"""Canaries (金丝雀): people with numbers found nowhere else, and a finder that sees them in whatever was written.

The finder unpacks what is packed (workbooks, letters, tar, gzip, base64) and reads through tags, entities, full-width
digits, gaps and UTF-16; `tests/test_canaries.py` plants a leak in each of these.
"""

import base64
import binascii
import contextlib
import gzip
import re
import tarfile
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from io import BytesIO
from itertools import count
from urllib.parse import unquote_to_bytes
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook

from registry.models import Category, Household, Member, MemberStatus, Relationship
from tests.world import AREA, World, id_number

_serial = count(1)
PHONE, CARD, NAME = "199", "6299", "金丝雀户主"
PATTERN = re.compile(rf"(?=({AREA}\d{{11}}[\dX]|{PHONE}\d{{8}}|{CARD}\d{{15}}|{NAME}\d{{4}}))")
TAG = re.compile(r"<[^>]*>")
GAPS = re.compile(r"(?<=\d)[ \t\u00a0._·\u2010-\u2015\u2212\u200b-]+(?=[\dXx])")
BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{20,}={0,2}")
DEEPEST = 4


@dataclass
class Canaries:
    """Every number given out, by its kind: id, phone, card, name."""

    kinds: dict[str, str] = field(default_factory=dict)

    def give(self, kind: str, value: str) -> str:
        self.kinds[value] = kind
        return value

    def id_number(self) -> str:
        return self.give("id", id_number())

    def phone(self) -> str:
        return self.give("phone", f"{PHONE}{next(_serial):08d}")

    def card(self) -> str:
        return self.give("card", f"{CARD}{next(_serial):015d}")

    def name(self) -> str:
        return self.give("name", f"{NAME}{next(_serial):04d}")

    def numbers(self, content: bytes) -> set[str]:
        """The full numbers (ID, phone, card) that stand in this; names do not count."""
        return {f"{self.kinds[one]} {one}" for one in self._in(content) if self.kinds[one] != "name"}

    def names(self, content: bytes) -> set[str]:
        return {one for one in self._in(content) if self.kinds[one] == "name"}

    def _in(self, content: bytes) -> set[str]:
        return {
            found
            for piece in unpacked(content)
            for text in spellings(piece)
            for found in PATTERN.findall(text)
            if found in self.kinds
        }


def spellings(content: bytes) -> Iterator[str]:
    """The same bytes as somebody may read them."""
    plain = content.decode("utf-8", "ignore").upper()
    yield plain
    if b"\0" in content:
        yield content.replace(b"\0", b"").decode("utf-8", "ignore").upper()
    if b"%" in content:
        yield unquote_to_bytes(content).decode("utf-8", "ignore").upper()
    text = unicodedata.normalize("NFKC", plain)
    if "\\U" in text:
        text = re.sub(r"\\U([0-9A-F]{4})", lambda one: chr(int(one[1], 16)), text)
    yield GAPS.sub("", text)
    if "<" in text or "&" in text:
        yield GAPS.sub("", unescape(TAG.sub("", text)))


def unpacked(content: bytes, depth: int = 0) -> Iterator[bytes]:
    """The bytes themselves and whatever lies packed in them."""
    yield content
    if depth == DEEPEST:
        return
    inner: list[bytes] = []
    if content[:4] == b"PK\x03\x04":
        inner += _zipped(content)
    elif content[:2] == b"\x1f\x8b":
        # Any bytes may begin like this by chance: then there is nothing packed in them.
        with contextlib.suppress(OSError, EOFError, zlib.error):
            inner.append(gzip.decompress(content))
    elif content[257:262] == b"ustar":
        with contextlib.suppress(tarfile.TarError), tarfile.open(fileobj=BytesIO(content)) as archive:
            inner += [file.read() for entry in archive if (file := archive.extractfile(entry))]
    elif content[:1] == b"\x78":
        with contextlib.suppress(zlib.error):
            inner.append(zlib.decompress(content))
    for run in BASE64.findall(content):
        try:
            inner.append(base64.urlsafe_b64decode(run.replace(b"+", b"-").replace(b"/", b"_") + b"=="))
        except binascii.Error:
            continue
    for one in inner:
        yield from unpacked(one, depth + 1)


def _zipped(content: bytes) -> list[bytes]:
    try:
        with ZipFile(BytesIO(content)) as packed:
            names = packed.namelist()
            parts = [packed.read(name) for name in names]
    except BadZipFile:
        return []
    if "xl/workbook.xml" in names:
        # As a person sees them: a number in a numeric cell is spelt 1.99E+10 in the part.
        book = load_workbook(BytesIO(content))
        cells = (cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)
        parts.append("\n".join(_cell(cell) for cell in cells if cell is not None).encode())
    return parts


def _cell(value: object) -> str:
    return f"{value:.0f}" if isinstance(value, float) else f"{value}"


class CanaryWorld(World):
    """The usual world, whose people carry canaries; what the real verbs make of them is looked through."""

    canaries: Canaries

    @classmethod
    def of(cls, world: World) -> "CanaryWorld":
        made = cls(**vars(world))
        made.canaries = Canaries()
        return made

    def household(
        self, *, village: int = 0, category: Category = Category.GENERAL, name: str = ""
    ) -> Household:
        made = super().household(village=village, category=category, name=self.canaries.name())
        made.phone = self.canaries.phone()
        made.save()
        return made

    def member(
        self,
        household: Household,
        *,
        name: str = "示例成员",
        relationship: Relationship = Relationship.CHILD,
        status: MemberStatus = MemberStatus.ALIVE,
        **values: object,
    ) -> Member:
        return Member.objects.create(**self._person(household, name, relationship), status=status, **values)

    def _person(self, household: Household, name: str, relationship: Relationship) -> dict[str, object]:
        return {
            "household": household,
            "name": name,
            "relationship": relationship,
            "id_number": self.canaries.id_number(),
            "phone": self.canaries.phone(),
            "bank": "示例银行〔示例〕",
            "card_number": self.canaries.card(),
            "card_holder": name,
        }

    def settle(self, homes: int) -> None:
        """So many households of one person more, in a few statements."""
        made = Household.objects.bulk_create(
            Household(
                number=f"金丝雀{number:04d}",
                village=self.village,
                group=f"第{number % 9 + 1}村民组",
                category=Category.GENERAL,
                phone=self.canaries.phone(),
            )
            for number in range(homes)
        )
        Member.objects.bulk_create(
            Member(**self._person(home, self.canaries.name(), Relationship.HEAD)) for home in made
        )
