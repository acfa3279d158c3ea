"""The announcement (公告): one sheet, many cases of one programme, ten items, an index number that never changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from applications.machine import WrongState
from applications.models import Application, Programme
from applications.states import State
from registry import appointments
from registry.models import Region, User
from registry.refusal import Refused
from registry.scope import within
from workflow import drafts, engine, numbers, permissions, photos, receipts, sheets
from workflow.models import (
    Act,
    AnnouncementSheet,
    EntryOutcome,
    Posting,
    PostingEntry,
    PostingKind,
    PostingState,
)
from workflow.proceedings import Proceeding
from workflow.results import Ref, Result


class TenItemsMissing(Refused):
    """An announcement whose ten items are not all written."""


@dataclass(frozen=True)
class TenItems:
    """The items a person writes; 公告时间 is the tenth and is set on publication."""

    place: str
    content: str
    funding: str
    construction_period: str
    result: str
    inspection: str
    performance: str
    responsible: str
    phones: str


LABELS = {
    "place": "实施地点",
    "content": "建设内容",
    "funding": "资金来源",
    "construction_period": "建设期限",
    "result": "项目实施结果",
    "inspection": "检查验收结果",
    "performance": "绩效目标实现情况",
    "responsible": "责任单位及责任人",
    "phones": "监督电话",
}


def waiting(region: Region, programme: Programme | None = None) -> "list[Application]":
    """Cases of the district that wait for their announcement; one with an open objection stays for a later sheet."""
    rows = Application.objects.filter(within([region.prefix]), state=State.ANNOUNCEMENT)
    if programme is not None:
        rows = rows.filter(programme=programme)
    return list(
        rows.select_related("programme", "village", "household", "payee", "member").order_by(
            "village__code", "pk"
        )
    )


def write_items(posting: Posting, *, items: TenItems, by: User, now: datetime) -> AnnouncementSheet:
    """Write or rewrite the ten items of an announcement that is still a draft."""
    with transaction.atomic(durable=True):
        kept = engine.locked([], postings=[posting.pk]).postings[posting.pk]
        permissions.may_handle_posting(appointments.actor(by, on=timezone.localdate(now)), kept).enforce()
        if kept.state != PostingState.DRAFT or not kept.is_announcement:
            raise drafts.NotReady("只有拟稿中的公告可以修改十项内容。")
        values = {name: text.strip() for name, text in vars(items).items()}
        return AnnouncementSheet.objects.update_or_create(posting=kept, defaults=values)[0]


def publish(posting_id: int, *, by: User, now: datetime, key: str | None = None) -> list[Result]:
    """Publish an announcement: its cases are announced, each by the law; a refused one leaves the sheet.

    The list is frozen with its SHA-256 and the sheet gets its number and its 索引号.
    """
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="publish", by=by.pk, at=now)) is not None:
            return before
        picked = PostingEntry.objects.filter(posting=posting_id, outcome=EntryOutcome.PICKED)
        refs = [Ref(case) for case in picked.order_by("position").values_list("application_id", flat=True)]
        proceeding = Proceeding(engine.locked(refs, postings=[posting_id]), by, now)
        posting = proceeding.locked.postings[posting_id]
        actor = proceeding.actor
        assert actor is not None
        permissions.may_handle_posting(actor, posting).enforce()
        sheet = _complete(posting)
        photos.refuse_lacking(ref.pk for ref in refs)
        done = [
            case
            for ref in refs
            if (
                case := proceeding.act(
                    ref,
                    Act.ANNOUNCE,
                    lambda application, standing: application.announce(standing, by=by.pk),
                    opinion="公告",
                )
            )
        ]
        if not done:
            sentences = "".join(dict.fromkeys(result.sentence for result in proceeding.results))
            raise drafts.NotReady(f"名单中没有可以公告的申请。{sentences}")
        _freeze(posting, sheet, done, proceeding)
        proceeding.write()
        receipts.keep(key, proceeding.results)
        return proceeding.results


def _complete(posting: Posting) -> AnnouncementSheet:
    """Refuse an announcement that lacks a heading, a phone or one of the ten items."""
    try:
        posting.publish()
    except WrongState:
        raise drafts.NotReady(f"{posting}不是拟稿状态，可能已经公告，请刷新页面。") from None
    drafts.refuse_incomplete(posting)
    sheet = AnnouncementSheet.objects.filter(posting=posting).first()
    missing = [label for name, label in LABELS.items() if sheet is None or not getattr(sheet, name).strip()]
    if sheet is None or missing:
        raise TenItemsMissing(f"公告十项还缺少：{'、'.join(missing)}，补齐后才能公告。")
    return sheet


def _freeze(
    posting: Posting, sheet: AnnouncementSheet, cases: Sequence[Application], proceeding: Proceeding
) -> None:
    """Keep the rows of the announced cases, drop the refused ones, number and seal the sheet."""
    on = proceeding.today
    PostingEntry.objects.filter(posting=posting).exclude(application__in=[case.pk for case in cases]).delete()
    entries = {entry.application_id: entry for entry in posting.entries.order_by("position")}
    rows = sheets.public_rows(cases)
    for position, (case, row) in enumerate(zip(cases, rows, strict=True), 1):
        entry = entries[case.pk]
        entry.position, entry.quantity, entry.amount, entry.row = position, case.quantity, case.amount, row
        entry.payee, entry.option = case.payee, case.option
        entry.outcome, entry.outcome_at = EntryOutcome.ANNOUNCED, proceeding.at
    kept = list(entries.values())
    fields = ["position", "quantity", "amount", "payee", "option", "row", "outcome", "outcome_at"]
    PostingEntry.objects.bulk_update(kept, fields)
    posting.number = numbers.posting(PostingKind.ANNOUNCEMENT, posting.region, on)
    posting.displayed_on = on
    sheets.write(
        posting,
        source=PostingState.DRAFT,
        number=posting.number,
        displayed_on=on,
        digest=sheets.digest(posting, kept),
    )
    sheet.index_number = numbers.index(posting.region, on)
    sheet.publisher = posting.region.body_name or posting.region.name
    sheet.announced_on = sheet.generated_on = sheet.published_on = on
    sheet.save()
