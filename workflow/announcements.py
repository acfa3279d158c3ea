"""The announcement (公告): one sheet, many cases of one programme, ten items, an index number that never changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from applications.machine import WrongState
from applications.models import Application, HistoryEntry, Programme
from applications.states import State
from registry import appointments
from registry.models import Region, User
from registry.refusal import Refused
from registry.scope import within
from workflow import comparison, corrections, drafts, engine, numbers, permissions, photos, receipts, sheets
from workflow.models import (
    Act,
    AnnouncementSheet,
    EntryOutcome,
    Posting,
    PostingEntry,
    PostingState,
)
from workflow.proceedings import Proceeding
from workflow.results import Ref, Result


class TenItemsMissing(Refused):
    """An announcement whose ten items are not all written."""


class BadDate(Refused):
    """An announcement dated into the future, or before the postings it announces the result of."""


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


@dataclass(frozen=True)
class Listing:
    """The fields of the 政府信息公开 catalogue that a person writes; an empty 生成日期 is the day of publication."""

    category: str
    topic: str
    document_number: str = ""
    generated_on: date | None = None


LISTED = {"category": "组配分类", "topic": "主题分类"}
"""What the catalogue must hold; 文号 may be missing, and the rest is set on publication."""

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


def write_items(
    posting: Posting,
    *,
    items: TenItems,
    by: User,
    now: datetime,
    listing: Listing | None = None,
    key: str | None = None,
) -> AnnouncementSheet:
    """Write or rewrite the ten items of an announcement that is still a draft, and its place in the catalogue."""
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="write_items", by=by.pk, at=now)) is not None:
            return AnnouncementSheet.objects.get(pk=before[0].pk)
        kept = engine.locked([], postings=[posting.pk]).postings[posting.pk]
        permissions.may_handle_posting(appointments.actor(by, on=timezone.localdate(now)), kept).enforce()
        if kept.state != PostingState.DRAFT or not kept.is_announcement:
            raise drafts.NotReady("只有拟稿中的公告可以修改十项内容。")
        values = dict(vars(items))
        if listing is not None:
            _refuse_future(listing.generated_on, timezone.localdate(now))
            values |= vars(listing)
        values = {name: text.strip() if isinstance(text, str) else text for name, text in values.items()}
        sheet = AnnouncementSheet.objects.update_or_create(posting=kept, defaults=values)[0]
        receipts.keep(key, [Result(sheet.pk, kept.number, True)])
        return sheet


def _refuse_future(generated_on: date | None, today: date) -> None:
    if generated_on is not None and generated_on > today:
        raise BadDate(f"生成日期{generated_on}晚于今天，请核对。")


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
        _refuse_dates(sheet, done, proceeding.today)
        comparison.compare(posting, done).enforce()
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
    missing = lacking(sheet)
    if sheet is None or missing:
        raise TenItemsMissing(f"公告十项还缺少：{'、'.join(missing)}，补齐后才能公告。")
    if empty := unlisted(sheet):
        raise TenItemsMissing(f"信息公开目录还缺少：{'、'.join(empty)}，补齐后才能公告。")
    return sheet


def lacking(sheet: AnnouncementSheet | None) -> list[str]:
    """Those of the ten items that are not written yet."""
    return [label for name, label in LABELS.items() if sheet is None or not getattr(sheet, name).strip()]


def unlisted(sheet: AnnouncementSheet) -> list[str]:
    """What the catalogue must hold and does not."""
    return [label for name, label in LISTED.items() if not getattr(sheet, name).strip()]


def _refuse_dates(sheet: AnnouncementSheet, cases: Sequence[Application], today: date) -> None:
    """The paper is drawn up after the last posting has closed and not after today: auditors look for the order."""
    _refuse_future(sheet.generated_on, today)
    if sheet.generated_on is None:
        return
    arrivals = HistoryEntry.objects.filter(
        ~Q(source=F("target")), application__in=[case.pk for case in cases], target=State.ANNOUNCEMENT
    )
    last = arrivals.aggregate(last=Max("at"))["last"]
    if last is not None and sheet.generated_on < timezone.localdate(last):
        raise BadDate(
            f"生成日期{sheet.generated_on}早于名单进入待公告的日期{timezone.localdate(last)}，请核对。"
        )


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
    corrections.seal(posting, kept, on=on)
    sheet.index_number = numbers.index(posting.region, on)
    sheet.publisher = posting.region.body_name or posting.region.name
    sheet.announced_on = sheet.published_on = on
    sheet.generated_on = sheet.generated_on or on
    sheet.save()
