"""The checksum (校验码) of a sheet as everybody meets it: in the QR code on paper and on the public page.

It is that of the list and its heading, which the draft has already: the paper that hangs was printed before it was
registered. An announcement is printed when it is out, and carries the short form of its seal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from workflow import sheets
from workflow.models import DateMove, Posting, PostingEntry, PostingState

SHORT = 12
"""Characters of the checksum that a person can compare by eye."""


@dataclass(frozen=True)
class Seal:
    """What the public page says about the seal; `call` asks for the phones of those who answer for the sheet."""

    code: str
    sentence: str
    tone: str = ""
    call: bool = False


def code_of(posting: Posting, entries: Sequence[PostingEntry]) -> str:
    """The short form of the checksum; empty for an announcement that is not out."""
    if posting.is_announcement or not posting.digest:
        return posting.digest[:SHORT]
    if posting.state == PostingState.DRAFT:
        return posting.digest[:SHORT]
    return sheets.list_digest(posting, entries, term=posting.term)[:SHORT]


def compare(posting: Posting, entries: Sequence[PostingEntry], *, asked: str) -> Seal | None:
    """In: a public sheet, all its entries, the code that came with the address. Out: what to say; None without a seal.

    The list is held against its own seal first: a code on paper that fits the seal proves nothing about a list that
    no longer does. What came with the address is never repeated on the page.
    """
    code, asked = code_of(posting, entries), asked.strip().lower()
    if not code:
        return None
    if not sheets.is_intact(posting, entries):
        words = f"这一页的{sheets.seal_words(posting, intact=False)}，请不要以这一页为准。"
        return Seal(code, words, "bad", call=True)
    if not asked:
        return Seal(code, f"校验码 {code}")
    if asked == code and not posting.is_announcement and (moved := _moves(posting)):
        last = moved[-1].moved_to
        words = f"这一页的名单和您手里的纸一致（校验码 {code}），公示期后来按节假日通知调整到{last}，以这一页为准。"
        return Seal(code, words, "warn")
    # Papers printed before the draft had a code carry the short form of the whole seal.
    if asked in {code, posting.digest[:SHORT]}:
        return Seal(code, f"这一页的{sheets.seal_words(posting, intact=True)}（校验码 {code}）。", "good")
    if asked in _codes_before(posting):
        sentence = f"您手里的纸是节假日调整以前印的，公示期后来改过，以这一页为准（现在的校验码 {code}）。"
        return Seal(code, sentence, "warn")
    sentence = (
        f"您扫的纸和这一页的名单不一致：纸上的校验码不是 {code}。这张纸可能被改过，或者不是这一张公示。"
    )
    return Seal(code, sentence, "bad", call=True)


def _moves(posting: Posting) -> list[DateMove]:
    return list(DateMove.objects.filter(posting=posting).order_by("pk"))


def _codes_before(posting: Posting) -> set[str]:
    """The codes of the seals that a holiday notice replaced: only the period of such a sheet was changed."""
    return {move.digest[:SHORT] for move in _moves(posting) if move.digest}
