"""Hostile files (恶意文件), each made here: what comes through a door that takes photos, PDFs or workbooks.

Each names its door and what must become of it: refused with a sentence, or kept as nothing but a picture.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from openpyxl import Workbook
from PIL import Image

REFUSED, DRAWN, READ = "refused", "drawn anew", "read as text"
MARK = b"HOSTILE-MARK"
"""Stands in files that are kept as a picture; what is kept must not hold it."""
MB = 1024 * 1024


@dataclass(frozen=True)
class Hostile:
    """A file, the door it comes through (paper, photo, table, list, book) and what must become of it.

    Table and list refuse whatever is not the table they ask for; book is the guard alone, which looks for what is
    hostile, so that a guard which is gone is seen.
    """

    name: str
    door: str
    make: Callable[[], bytes]
    outcome: str = REFUSED
    called: str = "材料.jpg"


def picture(kind: str = "JPEG", size: tuple[int, int] = (64, 48), **how: object) -> bytes:
    buffer = BytesIO()
    Image.effect_noise((64, 48), 80).convert("RGB").resize(size).save(buffer, kind, **how)
    return buffer.getvalue()


def flat(kind: str, size: tuple[int, int], mode: str = "RGB", **how: object) -> bytes:
    buffer = BytesIO()
    Image.new(mode, size).save(buffer, kind, **how)
    return buffer.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, *extra: bytes, body: bytes = b"") -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + b"".join(extra)
        + chunk(b"IDAT", zlib.compress(body))
        + chunk(b"IEND", b"")
    )


def jpeg_of(width: int, height: int) -> bytes:
    """A JPEG whose frame promises a size, with next to nothing behind it."""
    content = bytearray(picture())
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def with_exif(**more: object) -> bytes:
    exif = Image.Exif()
    exif[0x010E], exif[0x010F] = MARK.decode(), MARK.decode()
    exif.get_ifd(0x8825).update({1: "N", 2: (30.0, 1.0, 2.0), 3: "E", 4: (118.0, 3.0, 4.0)})
    return picture(exif=exif, comment=MARK, **more)


def pdf(*objects: bytes, tail: bytes = b"") -> bytes:
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, one) for number, one in enumerate(objects, 1))
    return b"%PDF-1.7\n" + body + b"trailer\n<</Root 1 0 R>>\n%%EOF\n" + tail


def stream(head: bytes, body: bytes) -> bytes:
    return b"<<%s /Length %d>>\nstream\n%s\nendstream" % (head, len(body), body)


def object_stream(inside: bytes, head: bytes = b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode") -> bytes:
    return pdf(b"<</Type/Catalog>>", stream(head, zlib.compress(b"2 0 " + inside)))


ACTION = b"<</S/JavaScript/JS(app.alert(1))>>"


def book(**parts: bytes) -> bytes:
    """A workbook with parts added or replaced; names written with __ for /."""
    made, buffer = Workbook(), BytesIO()
    made.active.append(["姓名", "数量"])
    made.save(buffer)
    given = {name.replace("__", "/"): body for name, body in parts.items()}
    out = BytesIO()
    with ZipFile(buffer) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        for part in old.infolist():
            if part.filename not in given:
                new.writestr(part.filename, old.read(part))
        for name, body in given.items():
            new.writestr(name, body)
    return out.getvalue()


def sheet(text: str) -> bytes:
    return f'<?xml version="1.0"?>{text}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData/></worksheet>'.encode()


XXE = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'
LAUGHS = "<!DOCTYPE a [" + "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9)) + "]>"
SHEET = "xl__worksheets__sheet1.xml"
FAR = b'<?xml version="1.0"?>' + b" " * 5000 + XXE.encode() + b"<worksheet/>"
MACRO = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
LINK = (
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
    b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s" Target="http://127.0.0.1:9/x" '
    b'TargetMode="External"/></Relationships>'
)


def bomb(size: int) -> bytes:
    """A part that unfolds a thousandfold, written piece by piece so that the test itself holds nothing."""
    buffer = BytesIO()
    with ZipFile(BytesIO(book())) as old, ZipFile(buffer, "w", ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, old.read(part))
        with new.open("xl/media/image1.xml", "w", force_zip64=True) as part:
            for _ in range(size // MB):
                part.write(b"0" * MB)
    return buffer.getvalue()


def lying_bomb() -> bytes:
    """The directory says ten bytes, the part unfolds to more than the memory holds."""
    content = bytearray(bomb(400 * MB))
    entry = content.rindex(b"PK\x01\x02", 0, content.rindex(b"xl/media/image1.xml"))
    content[entry + 24 : entry + 28] = struct.pack("<I", 10)
    return bytes(content)


def macro_by_its_type() -> bytes:
    """As a spreadsheet program tells it, in a workbook that opens."""
    with ZipFile(BytesIO(book())) as packed:
        types = packed.read("[Content_Types].xml")
    plain = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    assert plain in types
    return book(**{"[Content_Types].xml": types.replace(plain, MACRO)})


def locked_zip() -> bytes:
    content = bytearray(book())
    for at in range(len(content) - 4):
        if content[at : at + 4] == b"PK\x01\x02":
            content[at + 8] |= 1
    return bytes(content)


def stored(name: str, body: bytes) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_STORED) as packed:
        packed.writestr(name, body)
    return buffer.getvalue()


def swollen_text() -> bytes:
    """Shared texts as large as the limit lets through."""
    one = b"<si><t>" + b"x" * 93 + b"</t></si>"
    head = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    # Noise between, so that it does not unfold too far.
    noise = b"".join(b"<si><t>%d</t></si>" % (number * 7919 % 10**9) for number in range(300_000))
    return book(**{"xl__sharedStrings.xml": head + one * 20_000 + noise + b"</sst>"})


HTML = b"<!doctype html><script>alert(1)</script>" + MARK
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
PICTURES = [
    Hostile("nothing", "paper", lambda: b""),
    Hostile("html called jpg", "paper", lambda: HTML),
    Hostile("html called jpg, as a photo", "photo", lambda: HTML),
    Hostile("svg", "paper", lambda: SVG, called="图.svg"),
    Hostile("svg called png", "photo", lambda: SVG, called="图.png"),
    Hostile("two extensions", "paper", lambda: b"MZ" + b"\0" * 500, called="合同.pdf.exe"),
    Hostile("program called pdf", "paper", lambda: b"\x7fELF" + b"\0" * 500, called="合同.pdf"),
    Hostile("path in the name", "photo", picture, DRAWN, called="../../etc/cron.d/x.jpg"),
    Hostile("path of Windows in the name", "photo", picture, DRAWN, called="..\\..\\x.jpg"),
    Hostile("NUL and line end in the name", "photo", picture, DRAWN, called="a\0\r\nSet-Cookie: x.jpg"),
    Hostile("php behind a jpeg", "photo", lambda: picture() + b"<?php system('id');" + MARK, DRAWN),
    Hostile("zip behind a jpeg", "photo", lambda: picture() + stored("a.txt", MARK), DRAWN),
    Hostile("html in the comment of a jpeg", "photo", lambda: picture(comment=HTML), DRAWN),
    Hostile(
        "html in a text of a png",
        "photo",
        lambda: png(1, 1, chunk(b"tEXt", b"a\0" + HTML), body=b"\0" * 4),
        DRAWN,
    ),
    Hostile("jpeg that begins as a jpeg alone", "photo", lambda: b"\xff\xd8\xff" + HTML),
    Hostile("gif and script", "photo", lambda: b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)"),
    Hostile("pdf behind a jpeg", "photo", lambda: picture() + pdf(ACTION) + MARK, DRAWN),
    Hostile("place and maker written beside", "photo", with_exif, DRAWN),
    Hostile("place in a turned picture", "photo", lambda: with_exif(quality=60), DRAWN),
    Hostile("jpeg of 50,000 by 50,000", "photo", lambda: jpeg_of(50_000, 50_000)),
    Hostile("png of 50,000 by 50,000", "photo", lambda: png(50_000, 50_000)),
    Hostile("png of 2^31 by 2^31", "photo", lambda: png(2**31 - 1, 2**31 - 1)),
    Hostile("png over the pixel limit", "photo", lambda: flat("PNG", (5000, 5000))),
    Hostile(
        "png just under the pixel limit, see-through",
        "photo",
        lambda: flat("PNG", (3460, 3460), "RGBA"),
        DRAWN,
    ),
    Hostile("png just under it, sixteen bits", "photo", lambda: flat("PNG", (3460, 3460), "I;16"), DRAWN),
    Hostile("png just under it, with a palette", "photo", lambda: flat("PNG", (3460, 3460), "P"), DRAWN),
    Hostile("jpeg just under the pixel limit", "photo", lambda: flat("JPEG", (7740, 7740)), DRAWN),
    Hostile(
        "progressive jpeg of 59 million pixels",
        "photo",
        lambda: flat("JPEG", (7700, 7700), progressive=True, subsampling=0),
    ),
    Hostile(
        "progressive jpeg just under its limit",
        "photo",
        lambda: flat("JPEG", (3990, 3990), progressive=True, subsampling=0),
        DRAWN,
    ),
    Hostile(
        "four-colour jpeg just under the limit", "photo", lambda: flat("JPEG", (7740, 7740), "CMYK"), DRAWN
    ),
    Hostile(
        "png whose text unfolds",
        "photo",
        lambda: png(1, 1, chunk(b"zTXt", b"a\0\0" + zlib.compress(b"0" * 80 * MB)), body=b"\0" * 4),
    ),
    Hostile("webp", "photo", lambda: picture("WEBP")),
    Hostile("tiff", "photo", lambda: picture("TIFF")),
    Hostile("bmp", "photo", lambda: picture("BMP")),
    Hostile("eps", "photo", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"),
    Hostile("more than 20 MB", "photo", lambda: picture() + b"\0" * (20 * MB)),
]
PDFS = [
    Hostile("pdf as a photo", "photo", lambda: pdf(b"<<>>")),
    Hostile("pdf with a script", "paper", lambda: pdf(b"<</OpenAction 2 0 R>>", ACTION)),
    Hostile("script spelt with #", "paper", lambda: pdf(b"<</S/J#61vaScript/JS(x)>>")),
    Hostile(
        "script spelt with # throughout",
        "paper",
        lambda: pdf(b"<</S/" + b"".join(b"#%02x" % c for c in b"JavaScript") + b">>"),
    ),
    Hostile("script in an object stream", "paper", lambda: object_stream(ACTION)),
    Hostile("script with # in an object stream", "paper", lambda: object_stream(b"<</S/Java#53cript>>")),
    Hostile(
        "script in an object stream packed twice",
        "paper",
        lambda: object_stream(ACTION, b"/Type /ObjStm /N 1 /Filter [/ASCII85Decode /FlateDecode]"),
    ),
    Hostile(
        "object stream whose name is spelt with #",
        "paper",
        lambda: object_stream(ACTION, b"/Type /Obj#53tm /Filter /Fl"),
    ),
    Hostile("object stream that unfolds a thousandfold", "paper", lambda: object_stream(b"0" * (80 * MB))),
    Hostile(
        "object stream that is broken",
        "paper",
        lambda: pdf(stream(b"/Type/ObjStm/Filter/FlateDecode", b"no zlib")),
    ),
    Hostile("script behind the end", "paper", lambda: pdf(b"<<>>", tail=b"9 0 obj" + ACTION + b"endobj")),
    Hostile("script before a jpeg's end", "paper", lambda: b"%PDF-1.4\n" + picture() + ACTION),
    Hostile("program to start", "paper", lambda: pdf(b"<</S/Launch/F(calc.exe)>>")),
    Hostile("file inside", "paper", lambda: pdf(b"<</Names<</EmbeddedFiles 2 0 R>>>>")),
    Hostile("page that plays", "paper", lambda: pdf(b"<</Subtype/RichMedia>>")),
    Hostile("form with scripts of its own", "paper", lambda: pdf(b"<</AcroForm<</XFA [(a) 2 0 R]>>>>")),
    Hostile("script in a rendition", "paper", lambda: pdf(b"<</S/Rendition/JS(x)>>")),
    Hostile("data fetched", "paper", lambda: pdf(b"<</S/ImportData/F(x)>>")),
    Hostile("locked pdf", "paper", lambda: pdf(b"<</Encrypt 2 0 R>>")),
]
WORKBOOKS = [
    (name, make)
    for name, make in (
        ("empty workbook file", lambda: b""),
        ("workbook of another kind", lambda: b"PK\x03\x04" + b"\0" * 200),
        ("old workbook", lambda: b"\xd0\xcf\x11\xe0" + b"\0" * 600),
        ("zip with a path", lambda: stored("../../x.xml", b"<a/>")),
        ("XXE", lambda: book(**{SHEET: sheet(XXE)})),
        (
            "XXE in UTF-16",
            lambda: book(
                **{SHEET: sheet(XXE).decode().replace("?>", ' encoding="utf-16"?>').encode("utf-16")}
            ),
        ),
        (
            "XXE in lower case behind much white space",
            lambda: book(**{SHEET: FAR}),
        ),
        ("XXE in a part with another name", lambda: book(**{"xl__worksheets__sheet1.dat": sheet(XXE)})),
        ("a million laughs", lambda: book(**{SHEET: sheet(LAUGHS)})),
        ("macro", lambda: book(**{"xl__vbaProject.bin": b"vba"})),
        ("macro under another name", lambda: book(**{"xl__other.bin": b"vba"})),
        ("macro told by its type", macro_by_its_type),
        ("control", lambda: book(**{"xl__activeX__activeX1.xml": b"<a/>"})),
        ("program inside", lambda: book(**{"xl__embeddings__a.docx": b"PK"})),
        ("link outside", lambda: book(**{"xl__externalLinks__externalLink1.xml": b"<a/>"})),
        (
            "link outside by a relation",
            lambda: book(**{"xl__worksheets___rels__sheet1.xml.rels": LINK % b"oleObject"}),
        ),
        ("picture fetched", lambda: book(**{"xl__drawings___rels__d.xml.rels": LINK % b"image"})),
        ("bomb that unfolds a thousandfold", lambda: bomb(256 * MB)),
        ("part that unfolds a thousandfold within the limit", lambda: bomb(30 * MB)),
        ("bomb that lies about its size", lying_bomb),
        ("thousands of parts", lambda: book(**{f"xl__p{n}.xml": b"" for n in range(2000)})),
        ("texts as large as they may be", swollen_text),
        ("locked workbook", locked_zip),
        ("cut off", lambda: book()[:-60]),
    )
]


HARMLESS = {"workbook with nothing strange": book, "texts as large as they may be": swollen_text}
"""What the guard lets through."""


def all_files() -> list[Hostile]:
    """Every file for its door; each workbook for the table of applications, for the short lists and for the guard."""
    return [
        *PICTURES,
        *PDFS,
        *(
            Hostile(name, door, make, called="表.xlsx")
            for name, make in WORKBOOKS
            for door in ("table", "list", "book")
            if door != "book" or name not in HARMLESS
        ),
        *(Hostile(name, "book", make, READ, called="表.xlsx") for name, make in HARMLESS.items()),
    ]
