"""A scanner for what must never stand on a public page: ID numbers, cards, mobiles, household categories.

It reads a page as a person and as a machine would: the visible text, every attribute and comment, and the text
with inline tags taken away; in full-width digits too, and with spaces or dashes between the digits.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator
from html.parser import HTMLParser
from io import BytesIO

from docx import Document
from stdnum.cn import uscc

from registry.models import Category, MonitorType

ALLOWED_PHONES = frozenset({"12317"})
"""Numbers that may stand on a public page; a test adds the supervision phones of its own sheets."""

GAP = r"[ \-._·\u2010-\u2015\u2212]?"
INLINE = frozenset(
    {"a", "abbr", "b", "bdi", "code", "em", "i", "mark", "small", "span", "strong", "sub", "sup", "u", "wbr"}
)
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
HEX = re.compile(r"(?<![0-9A-Za-z])(?=[0-9a-f]*[a-f])[0-9a-f]{32,64}(?![0-9A-Za-z])")
# The short checksum of a sheet, beside its word or in the address of its QR code: twelve hex digits may look like a phone.
CHECKSUM = re.compile(r"(?:校验码[：: ]{0,2}|sum=)[0-9a-f]{12}(?![0-9A-Za-z])")
INDEX_NUMBER = re.compile(r"(?<![0-9A-Z])([0-9A-Z]{18})/\d{6}-\d{5}(?!\d)")
AMOUNT = re.compile(r"(?<![\d.])\d{1,9}\.\d{2}(?![\d.])")
# Dates side by side are no card number; a date joined to other digits may be part of an ID.
ONE_DATE = r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
DATES = re.compile(rf"(?<!\d)(?<!\d[ -]){ONE_DATE}(?: {ONE_DATE})*(?![ -]?\d)")
KINDS = {
    "身份证号（18位）": re.compile(rf"(?<!\d)[1-9](?:{GAP}\d){{16}}{GAP}[\dXx](?![\dXx])"),
    "身份证号（15位）": re.compile(rf"(?<!\d)[1-9](?:{GAP}\d){{14}}(?!\d)"),
    "银行卡号": re.compile(rf"(?<!\d)\d(?:{GAP}\d){{15,18}}(?!\d)"),
    "手机号": re.compile(rf"(?<!\d)(?:\+?86{GAP})?1{GAP}[3-9](?:{GAP}\d){{9}}(?!\d)"),
}


class _Reader(HTMLParser):
    """Collects text blocks, attribute values and comments."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = [""]
        self.asides: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in INLINE:
            self.parts.append("")
        self.asides += [value for _, value in attrs if value]

    def handle_endtag(self, tag: str) -> None:
        if tag not in INLINE:
            self.parts.append("")

    def handle_data(self, data: str) -> None:
        self.parts[-1] += data

    def handle_comment(self, data: str) -> None:
        self.asides.append(data)


def pieces(html: str) -> list[str]:
    """What a page says, block by block, and what its attributes and comments hold."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return [*reader.parts, *reader.asides]


def words(content: bytes) -> list[str]:
    """Every text of a Word document, paragraph by paragraph and cell by cell."""
    made = Document(BytesIO(content))
    cells = [cell.text for table in made.tables for row in table.rows for cell in row.cells]
    return [*(one.text for one in made.paragraphs), *cells]


def find_leaks(html: str, *, allowed_phones: Collection[str] = ALLOWED_PHONES) -> list[str]:
    """What leaks from a page, one line per find, each once; an empty list where nothing does."""
    found: dict[str, None] = {}
    for text in pieces(html):
        for leak in _in_text(_plain(text), {_digits(phone) for phone in allowed_phones}):
            found[leak] = None
    return list(found)


def _plain(text: str) -> str:
    """Full-width signs made plain, invisible ones taken away, line ends kept apart from spaces."""
    return re.sub(r"[ \t\u00a0]+", " ", INVISIBLE.sub("", unicodedata.normalize("NFKC", text)))


def _in_text(text: str, allowed: Collection[str]) -> Iterator[str]:
    for label in labels():
        if label in text:
            yield f"户类别或监测类型：{label}"
    text = AMOUNT.sub(
        "¥", DATES.sub("¤", INDEX_NUMBER.sub(_forget_index_number, CHECKSUM.sub("#", HEX.sub("#", text))))
    )
    for kind, pattern in KINDS.items():
        for match in pattern.finditer(text):
            if _digits(match.group()) not in allowed:
                yield f"{kind}：{match.group()}"


def labels() -> list[str]:
    """The household categories and the monitor types, as a page would show them."""
    words = [*(one.label for one in Category), *(one.label for one in MonitorType)]
    return [_plain(word) for word in words]


def _forget_index_number(match: re.Match[str]) -> str:
    """A 索引号 begins with the publisher's code, eighteen characters that are nobody's ID."""
    return "#" if uscc.is_valid(match.group(1)) else match.group()


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isdigit() or sign in "Xx")
