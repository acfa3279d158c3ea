"""The correction announcement (更正公告): what a revocation after the announcement publishes, in the same act.

These functions ask for locked rows and open no transaction.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

from django.utils import timezone

from applications.models import Application
from registry.models import User
from workflow import engine, numbers, sheets
from workflow.models import AnnouncementSheet, EntryOutcome, Posting, PostingEntry, PostingKind, PostingState

HEADING = (
    "region",
    "programme",
    "legal_basis",
    "standard",
    "objection_way",
    "department_phone",
    "township_phone",
    "discipline_phone",
    "hotline",
)
CARRIED = ("place", "responsible", "phones", "category", "topic", "publisher")


def announce(
    cases: Sequence[Application], *, reason: str, locked: engine.Locked, by: User, at: datetime
) -> list[Posting]:
    """Mark the revoked rows on their announcements, which stay, and publish one correction for each announcement.

    The correction names the rows by the allow-list and never says the reason: that may concern a person's life.
    """
    entries = PostingEntry.objects.filter(
        application__in=[case.pk for case in cases],
        level=PostingKind.ANNOUNCEMENT,
        outcome=EntryOutcome.ANNOUNCED,
    )
    revoked: dict[int, list[PostingEntry]] = defaultdict(list)
    for entry in entries.order_by("posting", "position"):
        revoked[entry.posting_id].append(entry)
    entries.update(outcome=EntryOutcome.REMOVED, outcome_reason=f"撤销：{reason}"[:200], outcome_at=at)
    return [_correct(locked.postings[key], revoked[key], by=by, at=at) for key in sorted(revoked)]


def _correct(old: Posting, revoked: Sequence[PostingEntry], *, by: User, at: datetime) -> Posting:
    """Publish the correction of one announcement, linked to it, with a number and an index number of its own."""
    source = old.state
    old.note_correction()
    sheets.write(old, source=source)
    on = timezone.localdate(at)
    announced = AnnouncementSheet.objects.get(posting=old)
    left = PostingEntry.objects.filter(posting=old, outcome=EntryOutcome.ANNOUNCED).count()
    posting = Posting.objects.create(
        kind=PostingKind.ANNOUNCEMENT,
        title=f"关于{old.number}的更正公告",
        text=_text(old, announced, revoked, left),
        created_by=by,
        created_at=at,
        **{name: getattr(old, name) for name in HEADING},
    )
    rows = PostingEntry.objects.bulk_create(
        PostingEntry(
            posting=posting,
            application_id=entry.application_id,
            level=entry.level,
            position=position,
            quantity=entry.quantity,
            amount=entry.amount,
            payee_id=entry.payee_id,
            option=entry.option,
            row=entry.row,
            outcome=EntryOutcome.REVOKED,
            outcome_at=at,
            repeats=entry,
        )
        for position, entry in enumerate(revoked, 1)
    )
    posting.publish()
    seal(posting, rows, on=on)
    AnnouncementSheet.objects.create(
        posting=posting,
        corrects=announced,
        index_number=numbers.index(posting.region, on),
        announced_on=on,
        generated_on=on,
        published_on=on,
        **{name: getattr(announced, name) for name in CARRIED},
    )
    return posting


def _text(old: Posting, announced: AnnouncementSheet, revoked: Sequence[PostingEntry], left: int) -> str:
    places = "、".join(f"第{entry.position}号" for entry in revoked)
    rest = f"其余{left}件不变" if left else "该公告名单上已没有有效的条目"
    return (
        f"{announced.publisher}{announced.published_on:%Y年%m月%d日}发布的{old.number}《{old.title}》"
        f"（索引号{announced.index_number}），名单中的{places}共{len(revoked)}件，经核查予以撤销，{rest}。"
        "原公告和索引号保留不变。"
    )


def seal(posting: Posting, entries: Sequence[PostingEntry], *, on: date) -> None:
    """Number a published announcement and freeze its list with the SHA-256."""
    posting.number = numbers.posting(PostingKind.ANNOUNCEMENT, posting.region, on)
    posting.displayed_on = on
    sheets.write(
        posting,
        source=PostingState.DRAFT,
        number=posting.number,
        displayed_on=on,
        digest=sheets.digest(posting, entries),
    )
