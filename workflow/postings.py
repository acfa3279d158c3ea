"""Sheets: prepare, display, photograph, close after the last day, take down (公示)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from applications import uploads
from applications.machine import WrongState
from applications.models import Application, AppraisalItem, AttachmentKind, HistoryEntry
from notifications import catalogue, outbox
from notifications.outbox import Notice
from notifications.tasks import deliver
from registry import appointments
from registry.models import Role, User
from registry.refusal import Refused
from workflow import (
    certificates,
    deadlines,
    drafts,
    engine,
    numbers,
    permissions,
    photos,
    receipts,
    releases,
    sheets,
)
from workflow.models import (
    Act,
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
from workflow.standings import RAN


class PostingStillOpen(Refused):
    """Closing a sheet before its last day has ended."""


class WitnessMissing(Refused):
    """Poster and witness must be two people."""


@dataclass(frozen=True)
class Display:
    """One act of putting sheets up: where, when, who watched, and the photo of it."""

    place: str
    displayed_at: datetime
    witness: str
    photo: UploadedFile
    witness_post: str = "村务监督委员会"
    covers: Sequence[int] = field(default=())


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
        _refuse_act(act, by, now)
        if not postings or set(postings) - set(proceeding.locked.postings):
            raise drafts.PostingIncomplete("请选择要张贴的公示；有的公示已不存在，请刷新页面。")
        if len({ref.pk for ref in refs}) < len(refs):
            raise drafts.NotReady("同一件申请列入了两张要张贴的公示，请先删除其中一张。")
        done = DisplayAct.objects.create(
            place=act.place.strip(),
            displayed_at=act.displayed_at,
            posted_by=by,
            witness=act.witness.strip(),
            witness_post=act.witness_post,
            recorded_at=now,
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


def _refuse_act(act: Display, by: User, now: datetime) -> None:
    if not act.place.strip():
        raise drafts.PostingIncomplete("请填写张贴地点。")
    if not act.witness.strip():
        raise WitnessMissing("请填写见证人（村务监督委员会成员）。")
    if act.witness.strip() == by.name:
        raise WitnessMissing("张贴人和见证人不能是同一人。")
    if act.displayed_at > now:
        raise drafts.PostingIncomplete("张贴时间不能晚于现在。")


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
    for case in cases:
        drafts.refuse_foreign(case, kind, posting.region, posting.programme)
        if kind.level in proceeding.standings[case.pk].covered:
            # Only what was taken out is shown again: a held row's days count.
            raise drafts.NotReady(f"申请{case.number}在本级的公示已经期满有效，不用重新张贴。")
        if proceeding.standings[case.pk].on_display:
            raise drafts.NotReady(f"申请{case.number}正在另一张公示上公示，不能重复张贴。")
    if kind is PostingKind.VILLAGE:
        _refuse_before_meeting(cases, displayed_on)
    _refuse_before_arrival(cases, act.displayed_at)
    period = proceeding.calendar.period(displayed_on, plan.term)
    posting.number = numbers.posting(kind, posting.region, displayed_on)
    posting.displayed_on, posting.closes_on = displayed_on, period.last_day
    earlier = _earlier_entries(cases, kind)
    if posting.supplements_id is None:
        posting.supplements_id = _corrected_sheet(cases, earlier)
    rows = sheets.public_rows(cases, supplement=posting.supplements_id is not None)
    for entry, case, row in zip(entries, cases, rows, strict=True):
        entry.quantity, entry.amount, entry.row = case.quantity, case.amount, row
        entry.payee, entry.option = case.payee, case.option
        entry.outcome = EntryOutcome.ON_DISPLAY
        entry.repeats = earlier.get(case.pk)
    fields = ["quantity", "amount", "payee", "option", "row", "outcome", "repeats"]
    PostingEntry.objects.bulk_update(entries, fields)
    sheets.write(
        posting,
        source=PostingState.DRAFT,
        number=posting.number,
        display=act,
        supplements=posting.supplements,
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
            text=f"{posting.number}张贴于{act.place}，公示至{period.last_day:%Y年%m月%d日}。",
            level=kind.level,
            data={**sheets.shown(entry), "files": [photo.kept_sha256]},
        )


def _refuse_before_arrival(cases: Sequence[Application], displayed_at: datetime) -> None:
    """A sheet cannot have hung before its cases came to this posting: a period would be over at once."""
    arrived = (
        HistoryEntry.objects.filter(application__in=[case.pk for case in cases])
        .filter(~Q(source=F("target")), target=cases[0].state)
        .order_by()
        .values("application")
        .annotate(last=Max("at"))
        .values_list("application", "last")
    )
    for key, last in arrived:
        # The form gives the time to the minute.
        if displayed_at < last.replace(second=0, microsecond=0):
            number = next(case.number for case in cases if case.pk == key)
            raise drafts.NotReady(f"申请{number}到本级公示环节的时间晚于张贴时间，请核对张贴时间。")


def _refuse_before_meeting(cases: Iterable[Application], displayed_on: object) -> None:
    """A list cannot hang before the meeting that made it: auditors look for just that."""
    items = AppraisalItem.objects.filter(application__in=[case.pk for case in cases]).select_related(
        "meeting", "application"
    )
    for item in items:
        if item.meeting.held_on > displayed_on:  # type: ignore[operator]
            raise drafts.NotReady(f"申请{item.application.number}的民主评议会在张贴日期之后，日期先后有误。")


def _earlier_entries(cases: Sequence[Application], kind: PostingKind) -> Mapping[int, PostingEntry]:
    """The entry of the same level that each new one repeats, where there was one."""
    rows = PostingEntry.objects.filter(
        application__in=[case.pk for case in cases], level=kind, outcome__in=[EntryOutcome.REMOVED, *RAN]
    ).order_by("pk")
    return {entry.application_id: entry for entry in rows}


def _corrected_sheet(cases: Sequence[Application], earlier: Mapping[int, PostingEntry]) -> int | None:
    """The one sheet that all these cases were taken off to be corrected: a sheet of such cases only supplements it."""
    sources = {
        entry.posting_id if entry and entry.outcome_reason == Act.CORRECT.label else None
        for entry in (earlier.get(case.pk) for case in cases)
    }
    return sources.pop() if len(sources) == 1 else None


def due(*, now: datetime) -> list[int]:
    """Sheets whose last day of display has ended, oldest first."""
    rows = Posting.objects.filter(state=PostingState.DISPLAYED, closes_on__lt=timezone.localdate(now))
    return list(rows.order_by("closes_on", "pk").values_list("pk", flat=True))


def close(posting_id: int, *, now: datetime) -> Result:
    """Close a sheet whose last day has ended: entries without an open objection pass, the others are held.

    Idempotent: a sheet that is closed already answers with that. Raises PostingStillOpen or ListTampered.
    """
    with transaction.atomic(durable=True):
        entries = PostingEntry.objects.filter(posting=posting_id, outcome=EntryOutcome.ON_DISPLAY)
        refs = [Ref(key) for key in entries.values_list("application_id", flat=True)]
        proceeding = Proceeding(engine.locked(refs, postings=[posting_id]), None, now)
        posting = proceeding.locked.postings[posting_id]
        if posting.state != PostingState.DISPLAYED:
            return Result(posting.pk, posting.number, False, f"{posting}已不在公示中。")
        if posting.closes_on is None or posting.closes_on >= proceeding.today:
            raise PostingStillOpen(f"{posting}公示至{posting.closes_on}，当天结束之后才能办结。")
        everything = list(posting.entries.order_by("position"))
        sheets.verify(posting, everything)
        hanging = [entry for entry in everything if entry.outcome == EntryOutcome.ON_DISPLAY]
        held = {
            entry.application_id
            for entry in hanging
            if proceeding.standings[entry.application_id].open_objections
        }
        for entry in hanging:
            entry.outcome = EntryOutcome.NOT_PASSED if entry.application_id in held else EntryOutcome.PASSED
            entry.outcome_at = now
        PostingEntry.objects.bulk_update(hanging, ["outcome", "outcome_at"])
        posting.close()
        sheets.write(
            posting,
            source=PostingState.DISPLAYED,
            closed_at=now,
            certificate=certificates.statement(posting, everything, held),
            certificate_facts=certificates.facts(posting, everything, held, at=now),
        )
        proceeding.regather()
        passed = [entry.application_id for entry in hanging if entry.application_id not in held]
        for key in passed:
            releases.release(proceeding, key)
        proceeding.write()
        proceeding.say(_closed_notice(posting, len(passed), len(held)))
        return Result(posting.pk, posting.number, True, data={"passed": len(passed), "held": len(held)})


def _closed_notice(posting: Posting, passed: int, held: int) -> list[Notice]:
    return [
        Notice(
            event=catalogue.POSTING_CLOSED,
            fact=f"posting:{posting.pk}",
            recipients=[posting.created_by],
            context={"number": posting.number, "passed": passed, "held": held},
            url=posting.get_absolute_url(),
        )
    ]


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
        if kept.closes_on is not None and kept.closes_on < proceeding.today:
            raise drafts.NotReady(f"{kept}已于{kept.closes_on}期满，不能再提前撤下。")
        entries.update(outcome=EntryOutcome.REMOVED, outcome_reason="提前撤下", outcome_at=now)
        sheets.write(kept, source=PostingState.DISPLAYED, taken_down_at=now, taken_down_reason=reason.strip())
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
