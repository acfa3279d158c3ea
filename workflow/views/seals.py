"""The checksum (校验码) of a sheet as everybody meets it: in the QR code on paper and on the public page."""

from collections.abc import Sequence
from dataclasses import dataclass

from workflow import sheets
from workflow.models import DateMove, Posting, PostingEntry

SHORT = 12
"""Characters of the checksum that a person can compare by eye."""


@dataclass(frozen=True)
class Seal:
    """What the public page says about the seal; `call` asks for the phones of those who answer for the sheet."""

    code: str
    sentence: str
    tone: str = ""
    call: bool = False


def code_of(posting: Posting) -> str:
    """The short form of the checksum; empty before the list is frozen."""
    return posting.digest[:SHORT]


def compare(posting: Posting, entries: Sequence[PostingEntry], *, asked: str) -> Seal | None:
    """In: a public sheet, all its entries, the code that came with the address. Out: what to say; None without a seal.

    The list is held against its own seal first: a code on paper that fits the seal proves nothing about a list that
    no longer does. What came with the address is never repeated on the page.
    """
    code, asked = code_of(posting), asked.strip().lower()
    if not code:
        return None
    if not sheets.is_intact(posting, entries):
        words = f"这一页的{sheets.seal_words(posting, intact=False)}，请不要以这一页为准。"
        return Seal(code, words, "bad", call=True)
    if not asked:
        return Seal(code, f"校验码 {code}")
    if asked == code:
        return Seal(code, f"这一页的{sheets.seal_words(posting, intact=True)}（校验码 {code}）。", "good")
    if asked in _codes_before(posting):
        sentence = f"您手里的纸是节假日调整以前印的，公示期后来改过，以这一页为准（现在的校验码 {code}）。"
        return Seal(code, sentence, "warn")
    sentence = (
        f"您扫的纸和这一页的名单不一致：纸上的校验码不是 {code}。这张纸可能被改过，或者不是这一张公示。"
    )
    return Seal(code, sentence, "bad", call=True)


def _codes_before(posting: Posting) -> set[str]:
    """The codes of the seals that a holiday notice replaced: only the period of such a sheet was changed."""
    moves = DateMove.objects.filter(posting=posting).exclude(digest="")
    return {digest[:SHORT] for digest in moves.values_list("digest", flat=True)}
