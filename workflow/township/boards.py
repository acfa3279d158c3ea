"""The notice boards of the synthetic year (公示栏): sheets go up side by side, are photographed, close, are announced."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from applications.models import Application, Programme
from applications.states import Level, State
from registry.models import Region, User
from registry.scope import within
from workflow import announcements, drafts, postings, supplements
from workflow.announcements import TenItems
from workflow.displays import Display
from workflow.models import DisplayPhoto, EntryOutcome, Posting, PostingEntry, PostingKind, PostingState
from workflow.results import one
from workflow.steps import POSTING_STATE
from workflow.township import evidence
from workflow.township.casebook import Casebook, moment
from workflow.township.village import all_done

ANNOUNCED_ON = (10, 25)
"""Days of the month on which the district announces; on a rest day the next working day."""

# Programme, and the sheet that a corrected row is posted again after.
Heap = tuple[int, int | None]


def close(book: Casebook, day: date) -> None:
    """Close the sheets whose last day has ended, on the day after it."""
    due = Posting.objects.filter(
        within([book.township.county.prefix], "region__code"), state=PostingState.DISPLAYED, closes_on__lt=day
    )
    for key in due.order_by("closes_on", "pk").values_list("pk", flat=True):
        one([postings.close(key, now=moment(day, "00:05"))])


def village_boards(book: Casebook, day: date) -> None:
    """Each village puts its sheets up, one per programme, side by side."""
    waiting: dict[int, list[Application]] = defaultdict(list)
    for case in _waiting(book, PostingKind.VILLAGE, book.township.region, moment(day, "16:30")):
        waiting[case.village_id].append(case)
    for place, (key, unit) in enumerate(book.units.items()):
        now = moment(day, "16:30", place)
        if waiting[key]:
            _put_up(book, PostingKind.VILLAGE, unit.region, waiting[key], by=unit.clerk, now=now)


def township_board(book: Casebook, day: date) -> None:
    """The township puts its sheets up, one per programme over all its villages."""
    now, region = moment(day, "10:10"), book.township.region
    if cases := _waiting(book, PostingKind.TOWNSHIP, region, now):
        _put_up(book, PostingKind.TOWNSHIP, region, cases, by=book.township.reviewers[1], now=now)


def district_board(book: Casebook, day: date) -> None:
    """The district puts its sheets up, one per programme."""
    now, region = moment(day, "10:30"), book.township.county
    if cases := _waiting(book, PostingKind.DISTRICT, region, now):
        _put_up(book, PostingKind.DISTRICT, region, cases, by=book.township.approvers[1], now=now)


def _waiting(book: Casebook, kind: PostingKind, region: Region, now: datetime) -> list[Application]:
    """The year's cases that wait for a sheet of this level and arrived before this moment."""
    arrived = {case.pk for case in book.desk(POSTING_STATE[kind.level], before=now)}
    return [case for case in drafts.waiting(kind, region) if case.pk in arrived] if arrived else []


def _put_up(
    book: Casebook,
    kind: PostingKind,
    region: Region,
    cases: Sequence[Application],
    *,
    by: User,
    now: datetime,
) -> None:
    """Draft a sheet per programme, one more per sheet that is corrected, and display them in one act."""
    heaps: dict[Heap, list[Application]] = defaultdict(list)
    for source, rows in supplements.heaps(
        cases, kind, supplements.shown_before([case.pk for case in cases], kind)
    ).items():
        for case in rows:
            heaps[case.programme_id, source].append(case)
    sheets = [
        _drafted(kind, region, heap, heaps[heap], by=by, now=now)
        for heap in sorted(heaps, key=lambda heap: (heap[0], heap[1] or 0))
    ]
    act = Display(
        place=f"{region.name}{'村务' if kind is PostingKind.VILLAGE else '政务'}公开栏",
        displayed_at=now,
        witness=f"{region.name}监督委员会成员〔示例〕",
        photo=evidence.photo(f"sheet-{region.code}-{now:%Y%m%d%H%M}"),
        witness_post="村务监督委员会" if kind is PostingKind.VILLAGE else "社会监督员",
    )
    key = book.key("display", f"{now:%Y%m%d}", kind, region.code)
    all_done(postings.display([sheet.pk for sheet in sheets], act=act, by=by, now=now, key=key))


def _drafted(
    kind: PostingKind, region: Region, heap: Heap, cases: Sequence[Application], *, by: User, now: datetime
) -> Posting:
    """The draft of a heap; one that was drafted at this moment before the year was cut off is taken up."""
    programme = cases[0].programme
    of_this_kind = Posting.objects.filter(kind=kind, region=region, programme=programme)
    before = of_this_kind.filter(created_at=now, supplements=heap[1], state=PostingState.DRAFT).first()
    if before is not None:
        return before
    batch = of_this_kind.exclude(state=PostingState.DRAFT).count() + 1
    return drafts.prepare(
        kind=kind,
        region=region,
        programme=programme,
        applications=[case.pk for case in cases],
        heading=replace(drafts.default_heading(kind, region, programme), batch_label=f"第{batch}批"),
        by=by,
        now=now,
        supplements=Posting.objects.get(pk=heap[1]) if heap[1] else None,
    )


def photograph(book: Casebook, day: date) -> None:
    """Keep a photo of the board on the last day of its sheets: one for all that hang side by side."""
    now = moment(day, "17:30")
    ending = Posting.objects.filter(
        within([book.township.county.prefix], "region__code"), state=PostingState.DISPLAYED, closes_on=day
    )
    boards = {sheet.display_id: sheet for sheet in ending.select_related("created_by").order_by("-pk")}
    taken = DisplayPhoto.objects.filter(display__in=boards, attachment__uploaded_at=now)
    for key in sorted(set(boards) - set(taken.values_list("display_id", flat=True)), key=str):
        sheet = boards[key]
        photo = evidence.photo(f"end-{sheet.number}-{day}")
        postings.add_end_photo(sheet, photo=photo, by=sheet.created_by, now=now)


def announce(book: Casebook, day: date) -> None:
    """The district announces, programme by programme, all that is through."""
    if not any(_is_announcing_day(book, day, number) for number in ANNOUNCED_ON):
        return
    now = moment(day, "11:00")
    arrived = {case.pk for case in book.desk(State.ANNOUNCEMENT, before=now)}
    by, county = book.township.approvers[1], book.township.county
    for programme in book.township.programmes.values():
        cases = [case for case in announcements.waiting(county, programme) if case.pk in arrived]
        if cases:
            sheet = _drafted(PostingKind.ANNOUNCEMENT, county, (programme.pk, None), cases, by=by, now=now)
            announcements.write_items(sheet, items=_ten_items(book, programme, cases), by=by, now=now)
            key = book.key("announce", f"{day}", programme.code)
            all_done(announcements.publish(sheet.pk, by=by, now=now, key=key))


def _is_announcing_day(book: Casebook, day: date, number: int) -> bool:
    """Whether this is the first working day on or after the tenth (the twenty-fifth) of the month."""
    wanted = day.replace(day=number)
    return day == wanted or (
        wanted < day
        and not any(book.calendar.is_working(wanted + timedelta(n)) for n in range((day - wanted).days))
    )


def _ten_items(book: Casebook, programme: Programme, cases: Sequence[Application]) -> TenItems:
    total = sum(case.amount for case in cases)
    return TenItems(
        place=book.township.region.name,
        content=f"{programme.name}，{len(cases)}件，{total:.2f}元",
        funding="财政衔接推进乡村振兴补助资金〔示例〕",
        construction_period=f"{programme.year}年",
        result="已核实到户",
        inspection="村、乡、区三级审核并公示，无异议或异议已办结",
        performance="已达到绩效目标〔示例〕",
        responsible=f"{book.township.region.body_name}，责任人〔示例〕",
        phones="12317",
    )


def on_display(cases: Iterable[int], level: Level) -> list[PostingEntry]:
    """The entries of some cases that hang on a board of this level."""
    rows = PostingEntry.objects.filter(
        application__in=list(cases), level=level, outcome=EntryOutcome.ON_DISPLAY
    )
    return list(rows.select_related("posting").order_by("pk"))
