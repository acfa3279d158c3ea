"""Sheets: prepare, display, photograph, take down (公示); how they close stands in `closings`."""

from collections.abc import Sequence
from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from applications import uploads
from applications.machine import WrongState
from applications.models import AttachmentKind
from notifications import catalogue, outbox
from notifications.outbox import Notice
from notifications.tasks import deliver
from registry import appointments
from registry.models import Role, User
from workflow import (
    deadlines,
    displays,
    drafts,
    engine,
    numbers,
    permissions,
    photos,
    receipts,
    sheets,
    supplements,
)
from workflow.closings import PostingStillOpen, close, due
from workflow.displays import Display as Display
from workflow.models import (
    DisplayAct,
    DisplayPhoto,
    EntryOutcome,
    Posting,
    PostingEntry,
    PostingKind,
    PostingState,
)
from workflow.proceedings import Proceeding
from workflow.results import Ref, Result

__all__ = ["PostingStillOpen", "close", "due"]


def display(
    postings: Sequence[int], *, act: Display, by: User, now: datetime, key: str | None = None
) -> list[Result]:
    """Put sheets up in one act: their lists are frozen with their SHA-256 and their clocks start.

    All or none: a sheet that may not go up stops the whole act, for the photo shows them side by side.
    """
    photo = uploads.prepare(act.photo, photo=True)
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="display", by=by.pk, at=now)) is not None:
            return before
        picked = PostingEntry.objects.filter(posting__in=postings, outcome=EntryOutcome.PICKED)
        refs = [Ref(key_) for key_ in picked.values_list("application_id", flat=True)]
        proceeding = Proceeding(engine.locked(refs, postings=postings), by, now)
        displays.refuse_act(act, by, now)
        if not postings or set(postings) - set(proceeding.locked.postings):
            raise drafts.PostingIncomplete("请选择要张贴的公示；有的公示已不存在，请刷新页面。")
        if len({ref.pk for ref in refs}) < len(refs):
            raise drafts.NotReady("同一件申请列入了两张要张贴的公示，请先删除其中一张。")
        done = DisplayAct.objects.create(
            place=act.place.strip(),
            displayed_at=act.displayed_at,
            posted_by=act.posted_by or by,
            witness=act.witness.strip(),
            witness_post=act.witness_post,
            recorded_at=now,
            recorded_by=by,
        )
        for posting in proceeding.locked.postings.values():
            _put_up(posting, proceeding, done, photo)
        proceeding.write()
        deadlines.settle([move.application.pk for move in proceeding.moves], at=now)
        results = [
            Result(posting.pk, posting.number, True, data={"closes_on": f"{posting.closes_on}"})
            for posting in proceeding.locked.postings.values()
        ]
        receipts.keep(key, results)
        # Last: a refusal rolls rows back, not files, and would leave the photo of a sheet that never went up.
        _keep_photo(photo, done, DisplayPhoto.Moment.START, by=by, now=now)
        return results


def _keep_photo(
    picture: uploads.Prepared, display: DisplayAct, moment: str, *, by: User, now: datetime
) -> DisplayPhoto:
    attachment = uploads.keep(picture, kind=AttachmentKind.DISPLAY, by=by.pk, at=now)
    return DisplayPhoto.objects.create(display=display, attachment=attachment, moment=moment)


def _put_up(posting: Posting, proceeding: Proceeding, act: DisplayAct, photo: uploads.Prepared) -> None:
    """Freeze one sheet and start its clock."""
    actor = proceeding.actor
    assert actor is not None
    permissions.may_handle_posting(actor, posting).enforce()
    kind = PostingKind(posting.kind)
    if kind is PostingKind.ANNOUNCEMENT:
        raise drafts.NotReady("公告请在公告页面发布。")
    try:
        posting.put_up()
    except WrongState:
        raise drafts.NotReady(f"{posting}不是拟稿状态，可能已经张贴，请刷新页面。") from None
    drafts.refuse_incomplete(posting)
    plan = drafts.plan_for(kind, posting.programme)
    assert plan is not None
    entries = list(posting.entries.order_by("position"))
    cases = [proceeding.locked.cases[entry.application_id] for entry in entries]
    if not cases:
        raise drafts.PostingIncomplete("公示名单不能为空。")
    displayed_on = timezone.localdate(act.displayed_at)
    if act.posted_by_id != actor.user_id:
        displays.refuse_stranger(act.posted_by, posting, displayed_on)
    for case in cases:
        drafts.refuse_foreign(case, kind, posting.region, posting.programme)
        if kind.level in proceeding.standings[case.pk].covered:
            # Only what was taken out is shown again: a held row's days count.
            raise drafts.NotReady(f"申请{case.number}在本级的公示已经期满有效，不用重新张贴。")
        if proceeding.standings[case.pk].on_display:
            raise drafts.NotReady(f"申请{case.number}正在另一张公示上公示，不能重复张贴。")
    if kind is PostingKind.VILLAGE:
        displays.refuse_before_meeting(cases, displayed_on)
    displays.refuse_before_arrival(cases, act.displayed_at)
    period = proceeding.calendar.period(displayed_on, plan.term)
    displays.refuse_late(period, proceeding.calendar, proceeding.today)
    supplements.refuse_other(posting, cases, kind)
    rows = sheets.public_rows(cases, supplement=posting.supplements_id is not None)
    drafts.refuse_other_list(posting, entries, cases, rows, term=plan.term)
    earlier = supplements.repeated(supplements.shown_before([case.pk for case in cases], kind))
    for entry in entries:
        entry.outcome = EntryOutcome.ON_DISPLAY
        entry.repeats = earlier.get(entry.application_id)
    PostingEntry.objects.bulk_update(entries, ["outcome", "repeats"])
    posting.number = numbers.posting(kind, posting.region, displayed_on)
    posting.displayed_on, posting.closes_on = displayed_on, period.last_day
    sheets.write(
        posting,
        source=PostingState.DRAFT,
        number=posting.number,
        display=act,
        displayed_on=displayed_on,
        days=plan.days,
        unit=plan.unit,
        first_day_counts=plan.first_day_counts,
        rolls=plan.rolls,
        citation=plan.citation,
        closes_on=period.last_day,
        ledger=period.as_rows,
        provisional=period.provisional,
        digest=sheets.digest(posting, entries),
    )
    for case, entry in zip(cases, entries, strict=True):
        proceeding.touch(
            case,
            "put_up",
            text=f"{posting.number}由{act.posted_by.name}张贴于{act.place}，公示至{period.last_day:%Y年%m月%d日}。",
            level=kind.level,
            data={**sheets.shown(entry), "files": [photo.kept_sha256]},
        )


def take_down(
    posting: Posting, *, by: User, now: datetime, reason: str, key: str | None = None
) -> list[Result]:
    """Take a sheet down before its end, with a reason: its period is void, its cases wait for a new one."""
    if not reason.strip():
        raise drafts.PostingIncomplete("提前撤下公示必须写明原因。")
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="take_down", by=by.pk, at=now)) is not None:
            return before
        entries = PostingEntry.objects.filter(posting=posting, outcome=EntryOutcome.ON_DISPLAY)
        refs = [Ref(case) for case in entries.values_list("application_id", flat=True)]
        proceeding = Proceeding(engine.locked(refs, postings=[posting.pk]), by, now)
        kept = proceeding.locked.postings[posting.pk]
        actor = proceeding.actor
        assert actor is not None
        permissions.may_handle_posting(actor, kept).enforce()
        try:
            kept.take_down()
        except WrongState:
            raise drafts.NotReady(f"{kept}不在公示中，不能撤下。") from None
        ended = kept.closes_on is not None and kept.closes_on < proceeding.today
        # A sheet that is not what was displayed is never closed: taking it down is its one way out.
        if ended and sheets.is_intact(kept, kept.entries.all()):
            raise drafts.NotReady(f"{kept}已于{kept.closes_on}期满，不能再提前撤下。")
        entries.update(outcome=EntryOutcome.REMOVED, outcome_reason=supplements.TAKEN_DOWN, outcome_at=now)
        sheets.write(kept, source=PostingState.DISPLAYED, taken_down_at=now, taken_down_reason=reason.strip())
        photos.settle([kept.pk], at=now)
        cases = list(proceeding.locked.cases.values())
        for case in cases:
            proceeding.touch(
                case, "take_down", text=f"{kept.number}提前撤下：{reason.strip()}", level=kept.level
            )
        proceeding.write()
        deadlines.enter(cases, at=now, calendar=proceeding.calendar)
        results = [Result(kept.pk, kept.number, True)]
        receipts.keep(key, results)
        return results


def add_end_photo(
    posting: Posting, *, photo: UploadedFile, by: User, now: datetime, key: str | None = None
) -> DisplayPhoto:
    """Keep the photo of the sheet at the end of its period; its absence stops no clock."""
    picture = uploads.prepare(photo, photo=True)
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="add_end_photo", by=by.pk, at=now)) is not None:
            return DisplayPhoto.objects.get(pk=before[0].pk)
        kept = engine.locked([], postings=[posting.pk]).postings[posting.pk]
        permissions.may_handle_posting(appointments.actor(by, on=timezone.localdate(now)), kept).enforce()
        if kept.display is None:
            raise drafts.NotReady("该公示还没有张贴，不能登记期满照片。")
        if kept.closes_on is not None and timezone.localdate(now) < kept.closes_on:
            raise drafts.NotReady(f"公示至{kept.closes_on}，期满照片应在最后一天或之后拍摄。")
        made = _keep_photo(picture, kept.display, DisplayPhoto.Moment.END, by=by, now=now)
        # Sheets that hang side by side share their photo, each from its own last day on.
        beside = kept.display.postings.filter(closes_on__lte=timezone.localdate(now))
        photos.settle(beside.values_list("pk", flat=True), at=now)
        receipts.keep(key, [Result(made.pk, kept.number, True)])
        return made


def excuse_end_photo(posting: Posting, *, reason: str, by: User, now: datetime) -> None:
    """Write down why a sheet whose period has run has no photo of its end; then its cases may be announced."""
    if not reason.strip():
        raise drafts.PostingIncomplete("请写明没有期满照片的原因。")
    with transaction.atomic(durable=True):
        kept = engine.locked([], postings=[posting.pk]).postings[posting.pk]
        permissions.may_excuse_photo(appointments.actor(by, on=timezone.localdate(now)), kept).enforce()
        if not photos.lacking(Posting.objects.filter(pk=kept.pk)).exists():
            raise drafts.NotReady(f"{kept}不缺期满照片，不用写明原因。")
        sheets.write(
            kept,
            source=PostingState.CLOSED,
            photo_excuse=reason.strip(),
            photo_excused_by=by,
            photo_excused_at=now,
        )
        photos.settle([kept.pk], at=now)


def report_tampered(posting_id: int, *, now: datetime) -> None:
    """Tell the administrators, once, that a sheet is not what was displayed; it stays where it is until they look."""
    with transaction.atomic(durable=True):
        posting = Posting.objects.select_related("region").get(pk=posting_id)
        code = posting.region.code
        on = timezone.localdate(now)
        notice = Notice(
            event=catalogue.LIST_TAMPERED,
            fact=f"posting:{posting.pk}",
            recipients=appointments.holders(Role.ADMINISTRATOR, {code}, on=on)[code],
            context={"number": posting.number, "finding": sheets.seal_words(posting, intact=False)},
            url=posting.get_absolute_url(),
        )
        if outbox.announce([notice], at=now):
            outbox.wake(deliver, at=now)
