"""Numbers without gaps or repeats, from locked counter rows, inside the verb's transaction."""

from datetime import date

from stdnum.cn import uscc

from registry import codes
from registry.models import Region
from registry.refusal import Refused
from workflow.models import Counter, PostingKind

RECEIPT_ALPHABET = codes.ALPHABET


class NoPublisherCode(Refused):
    """The publishing body has no valid 统一社会信用代码."""


def following(name: str, *, many: int = 1) -> int:
    """The next value of a counter, the last of `many`; the row stays locked until the verb has committed."""
    Counter.objects.bulk_create([Counter(name=name)], ignore_conflicts=True)
    counter = Counter.objects.select_for_update().get(name=name)
    counter.value += many
    counter.save(update_fields=["value"])
    return counter.value


def applications(village: Region, year: int, many: int) -> list[str]:
    """The next numbers of cases: township digits, year and a serial, e.g. 341702102-2021-00042."""
    prefix = village.code[:9]
    last = following(f"application:{prefix}:{year}", many=many)
    return [f"{prefix}-{year}-{serial:05d}" for serial in range(last - many + 1, last + 1)]


def posting(kind: PostingKind, region: Region, on: date) -> str:
    """A sheet's number per year and body: 寒公示〔2021〕3号."""
    word = "公告" if kind is PostingKind.ANNOUNCEMENT else "公示"
    serial = following(f"posting:{word}:{region.code}:{on.year}")
    return f"{region.short_name or region.name}{word}〔{on.year}〕{serial}号"


def index(publisher: Region, on: date) -> str:
    """An announcement's 索引号: publisher's 18-character code / YYYYMM-NNNNN, serial per publisher and year."""
    code = publisher.publisher_code
    # The library also takes blanks, hyphens and small letters, which would stand in the number for ever.
    if not uscc.is_valid(code) or uscc.compact(code) != code:
        raise NoPublisherCode(
            f"{publisher.body_name or publisher.name}没有有效的统一社会信用代码，不能生成索引号。"
        )
    return f"{code}/{on:%Y%m}-{following(f'index:{code}:{on.year}'):05d}"


def objection(village: Region, year: int) -> str:
    """An objection's number, by which officers speak of it: township digits, year and a serial."""
    prefix = village.code[:9]
    return f"{prefix}-{year}-异{following(f'objection:{prefix}:{year}'):04d}"


def receipt() -> str:
    """An objection's receipt: twelve random characters that nobody can guess from another."""
    return codes.unguessable()
