"""Opening an uploaded workbook (.xlsx): packed sizes limited, no macros, no links outside, no document types."""

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
            _refuse_strange(packed, most_unpacked=most_unpacked)
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


def _refuse_strange(packed: ZipFile, *, most_unpacked: int) -> None:
    parts = packed.infolist()
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MOST_PARTS or unpacked > most_unpacked or any(map(_unfolds_too_far, parts)):
        raise BadWorkbook("文件内容过大，请使用下载的模板填写。")
    for part in parts:
        name = part.filename.lower()
        if "vbaproject" in name or name.endswith(".bin"):
            raise BadWorkbook("文件里有宏或嵌入的程序，请另存为不带宏的Excel工作簿（.xlsx）后再上传。")
        if "externallinks/" in name:
            raise BadWorkbook("文件里有指向外部文件的链接，请在Excel里断开链接后再上传。")
        if name.endswith((".xml", ".rels")):
            _refuse_document_type(packed, part)


def _unfolds_too_far(part: ZipInfo) -> bool:
    return part.file_size > 1_000_000 and part.file_size > MOST_RATIO * max(part.compress_size, 1)


def _refuse_document_type(packed: ZipFile, part: ZipInfo) -> None:
    """A document type can name files of this machine (XXE); no spreadsheet program writes one."""
    with packed.open(part) as file:
        # No more than the directory says: a part may unfold further than it claims.
        text = file.read(part.file_size + 1)
    if len(text) > part.file_size:
        raise BadWorkbook("文件打不开，请上传Excel（.xlsx）文件。")
    plain = text.replace(b"\0", b"").upper()
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise BadWorkbook("文件里有不允许的定义，请使用下载的模板填写。")
