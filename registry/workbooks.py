"""Opening an uploaded workbook (.xlsx): packed sizes limited, no macros, no links outside, no document types."""

import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from zipfile import BadZipFile, LargeZipFile, ZipFile, ZipInfo

from django.core.files.uploadedfile import UploadedFile
from openpyxl import load_workbook

from registry.refusal import Refused

MOST_PARTS = 500
MOST_RATIO = 200
"""How far one part may unfold: the sheets of a spreadsheet program unfold some twenty times."""
ACTIVE = re.compile(r"vbaproject|/activex/|/embeddings/|/ctrlprops/|/macrosheets/|/dialogsheets/")
PRINTER = re.compile(r"xl/printersettings/printersettings\d*\.bin")
"""What Excel keeps of the printer: in every workbook that was printed once; nothing here reads it."""
RELATIONSHIP = re.compile(rb"<(?:\w+:)?RELATIONSHIP\s[^>]*>")


class BadWorkbook(Refused):
    """An uploaded file that is no plain workbook, or brings something along."""


@contextmanager
def opened(upload: UploadedFile, *, most_bytes: int, most_unpacked: int) -> Iterator[Any]:
    """The workbook, its values only; what goes wrong while it is read is refused with the same sentence."""
    if upload.size is None or upload.size > most_bytes:
        raise BadWorkbook(f"文件超过{most_bytes // 1_000_000}MB，请使用下载的模板填写。")
    upload.seek(0)
    content = upload.read()
    try:
        with ZipFile(BytesIO(content)) as packed:
            refuse_strange(packed, most_unpacked=most_unpacked)
        book = load_workbook(BytesIO(content), read_only=True, data_only=True)
        try:
            yield book
        finally:
            book.close()
    except Refused:
        raise
    except (BadZipFile, LargeZipFile, zlib.error, KeyError, ValueError, OSError, SyntaxError) as broken:
        raise BadWorkbook("文件打不开，请上传Excel（.xlsx）文件。") from broken
    except (AttributeError, IndexError, TypeError, EOFError, NotImplementedError, RuntimeError) as broken:
        # What openpyxl says to parts that are there and make no sense, and zipfile to a locked one.
        raise BadWorkbook("文件打不开，请上传Excel（.xlsx）文件。") from broken


def refuse_strange(packed: ZipFile, *, most_unpacked: int, most_parts: int = MOST_PARTS) -> None:
    """Refuse what unfolds too far, brings programs or links along, or defines a document type. One guard for all doors."""
    parts = packed.infolist()
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > most_parts or unpacked > most_unpacked or any(map(_unfolds_too_far, parts)):
        raise BadWorkbook("文件展开后太大，不能读取，请使用下载的模板填写。")
    for part in parts:
        name = part.filename.lower()
        if ACTIVE.search(name) or (name.endswith(".bin") and not PRINTER.fullmatch(name)):
            raise BadWorkbook(
                "文件里有宏或嵌入的程序，不能上传，请另存为不带宏的Excel工作簿（.xlsx）后再上传。"
            )
        if "externallinks/" in name:
            raise BadWorkbook("文件里有指向外部文件的链接，请在Excel里断开链接后再上传。")
        _refuse_content(packed, part)


def _unfolds_too_far(part: ZipInfo) -> bool:
    return part.file_size > 1_000_000 and part.file_size > MOST_RATIO * max(part.compress_size, 1)


def _refuse_content(packed: ZipFile, part: ZipInfo) -> None:
    """A document type can name files of this machine (XXE); no spreadsheet program writes one.

    Every part is read: which of them is taken for XML is told by another part, not by its name.
    """
    with packed.open(part) as file:
        # Asked for with its length: a part that unfolds further than it claims is broken off there, and its sum is wrong.
        text = file.read(part.file_size + 1)
    # In UTF-16 every other byte is nothing.
    plain = text.replace(b"\0", b"").upper() if b"\0" in text else text.upper()
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise BadWorkbook("文件的内容不正常，不能读取，请用Excel重新保存为.xlsx后再上传。")
    if part.filename == "[Content_Types].xml" and b"MACROENABLED" in plain:
        raise BadWorkbook("文件里有宏或嵌入的程序，不能上传，请另存为不带宏的Excel工作簿（.xlsx）后再上传。")
    # A link that a person clicks fetches nothing by itself.
    links = RELATIONSHIP.findall(plain) if part.filename.endswith(".rels") else []
    if any(b"EXTERNAL" in link and b"/HYPERLINK" not in link for link in links):
        raise BadWorkbook("文件里有指向外部文件的链接，请在Excel里断开链接后再上传。")
