"""What a PDF must not bring along: scripts, programs to start, files inside, or a lock that hides them.

Nothing is drawn or run. Names are looked for in the bytes as they stand and in the object streams, which are
unpacked up to a limit; whatever cannot be looked into is refused.
"""

import re
import zlib

MOST_UNPACKED = 64 * 1024 * 1024
MOST_STREAMS = 20_000

ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
OBJECT_STREAM = re.compile(rb"/(?:Type\s*/)?ObjStm(?![0-9A-Za-z])")
STREAM = re.compile(rb"(?<!end)stream(?:\r\n|\n|\r)")
# A script always has the long name in its action: a short one may stand in packed bytes by chance.
ACTIVE = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|ImportData)(?![0-9A-Za-z])")
# The language of forms (XFA) and pages that play something carry scripts of their own. With what follows the name, so
# that packed bytes match by chance in one of many thousand large files only.
FORM = re.compile(rb"/(?:XFA\s*[\[\d<(]|GoToE\s*[/>]|Rendition\s*[/>])")
LOCKED = re.compile(rb"/Encrypt(?![0-9A-Za-z])")
OTHER_PACKING = re.compile(
    rb"/(?:DecodeParms|DP|ASCII85Decode|A85|ASCIIHexDecode|AHx|LZWDecode|LZW|RunLengthDecode|RL|Crypt|F)(?![0-9A-Za-z])"
)
PACKED = re.compile(rb"/(?:FlateDecode|Fl)(?![0-9A-Za-z])")
BRINGS = "含有脚本、可启动的程序或内嵌文件，请另存为普通PDF后再上传"
CLOSED = "的结构不能检查，请另存为普通PDF后再上传"


def fault(content: bytes) -> str:
    """Why the document cannot be taken, as the end of a sentence; nothing where it can."""
    if _has(LOCKED, content):
        return "加了密码或权限限制，不能检查，请去掉密码后再上传"
    if _has(ACTIVE, content) or _has(FORM, content):
        return BRINGS
    return _fault_in_streams(content)


def _fault_in_streams(content: bytes) -> str:
    """Look into the streams that hold objects; a reader program would act on what stands there."""
    told = len(OBJECT_STREAM.findall(_plain(content)))
    if not told:
        return ""
    left, seen = MOST_UNPACKED, 0
    for number, begin in enumerate(STREAM.finditer(content)):
        # The dictionary of a stream stands right before it.
        head = _plain(content[max(0, content.rfind(b"obj", 0, begin.start())) : begin.start()])
        if not (marks := len(OBJECT_STREAM.findall(head))):
            continue
        seen += marks
        if number > MOST_STREAMS or OTHER_PACKING.search(head):
            return CLOSED
        body = content[begin.end() : content.find(b"endstream", begin.end())]
        if PACKED.search(head):
            unpacker = zlib.decompressobj()
            try:
                body = unpacker.decompress(body, left)
            except zlib.error:
                return CLOSED
            left -= len(body)
            if unpacker.unconsumed_tail or left <= 0:
                return CLOSED
        if _has(ACTIVE, body) or _has(FORM, body):
            return BRINGS
    # A mark that no stream was found for: written so that this reader and another one see different things.
    return "" if seen == told else CLOSED


def _has(names: re.Pattern[bytes], content: bytes) -> bool:
    """Whether one of the names stands there, also with signs written as #xx."""
    return bool(names.search(content) or (b"#" in content and names.search(_plain(content))))


def _plain(content: bytes) -> bytes:
    return ESCAPE.sub(lambda found: bytes([int(found.group(1), 16)]), content)
