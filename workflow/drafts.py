"""Drafting a sheet: which cases wait for one, what it says, what it lacks (拟稿)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from applications.models import Application, PostingPlan, Programme
from applications.states import Level, State
from applications.terms import Term
from registry import appointments
from registry.models import Region, RegionLevel, User
from registry.refusal import Refused
from registry.scope import within
from workflow import engine, permissions, receipts, sheets, standings, wordings
from workflow import supplements as chain
from workflow.models import AnnouncementSheet, EntryOutcome, Posting, PostingEntry, PostingKind, PostingState
from workflow.results import Result
from workflow.steps import POSTING_STATE, STEPS


class PostingIncomplete(Refused):
    """A sheet that lacks something it must show, or has nothing on it."""


class NotReady(Refused):
    """A case that cannot stand on this sheet: another state, programme, region, or already on display."""


@dataclass(frozen=True)
class Heading:
    """What a sheet says besides its list."""

    title: str
    legal_basis: str
    standard: str
    text: str
    objection_way: str
    department_phone: str
    township_phone: str
    discipline_phone: str
    hotline: str = "12317"
    batch_label: str = ""


REGION_LEVEL = {
    Level.VILLAGE: RegionLevel.VILLAGE,
    Level.TOWNSHIP: RegionLevel.TOWNSHIP,
    Level.DISTRICT: RegionLevel.COUNTY,
}

REQUIRED = {
    "title": "标题",
    "legal_basis": "政策依据",
    "standard": "补贴标准",
    "text": "正文",
    "objection_way": "异议受理方式",
    "department_phone": "区主管部门监督电话",
    "township_phone": "乡镇监督电话",
    "discipline_phone": "纪委监督电话",
    "hotline": "12317举报电话",
}


def default_heading(kind: PostingKind, region: Region, programme: Programme) -> Heading:
    """The heading a sheet starts with: the kind's template, the programme, the phones of the bodies above."""
    line = {one.level: one for one in region.line}
    township, county = line.get(RegionLevel.TOWNSHIP), line.get(RegionLevel.COUNTY)
    plan = programme.plan_of(kind.level)
    values = wordings.values_for(region, programme, term=str(plan.term) if plan else "")
    wording = wordings.current(kind).filled(values)
    return Heading(
        title=wording.title,
        legal_basis=programme.legal_basis,
        standard=programme.standard,
        text=wording.text,
        objection_way="对名单有异议的，可以当面、来电或在网上实名或匿名提出，并写明具体事实。",
        department_phone=county.phone if county else "",
        township_phone=township.phone if township else (county.phone if county else ""),
        discipline_phone=county.discipline_phone if county else "",
    )


def waiting(kind: PostingKind, region: Region) -> QuerySet[Application]:
    """Cases in this level's posting state that wait for a sheet (待公示): no entry on display, none that covers."""
    level = kind.level
    hanging = PostingEntry.objects.filter(
        application=OuterRef("pk"), level=level, outcome=EntryOutcome.ON_DISPLAY
    )
    covering = standings.covering_entries().filter(level=level)
    return (
        Application.objects.filter(
            within([region.prefix]), ~Exists(hanging), ~Exists(covering), state=POSTING_STATE[level]
        )
        .select_related("programme", "village", "household", "payee", "member")
        .order_by("village__code", "pk")
    )


def late_villages(kind: PostingKind, region: Region, programme: Programme) -> list[str]:
    """Villages of the region, by code, with cases of the programme that are not as far as this level's posting yet."""
    target = POSTING_STATE[kind.level]
    order = [state for state in STEPS if not STEPS[state].is_correction]
    behind = set(order[: order.index(target)]) | {state for state in STEPS if STEPS[state].is_correction}
    late = Application.objects.filter(within([region.prefix]), programme=programme, state__in=behind)
    villages = late.order_by("village__code").values_list("village__code", "village__name").distinct()
    return [name for _, name in villages]


def prepare(
    *,
    kind: PostingKind,
    region: Region,
    programme: Programme,
    applications: Sequence[int],
    heading: Heading,
    by: User,
    now: datetime,
    supplements: Posting | None = None,
    key: str | None = None,
) -> Posting:
    """Draft a sheet from picked cases. Picking reserves nothing: what counts is checked at display.

    What was shown before and hangs again stands on a sheet of its own, linked to the first one; `supplements` may name
    the sheet that the person means.
    """
    with transaction.atomic(durable=True):
        if (before := receipts.first(key, act="prepare", by=by.pk, at=now)) is not None:
            return Posting.objects.get(pk=before[0].pk)
        actor = appointments.actor(by, on=timezone.localdate(now))
        permissions.may_prepare(actor, kind, region).enforce()
        if region.level != REGION_LEVEL[kind.level]:
            raise NotReady(f"{kind.label}应以{RegionLevel(REGION_LEVEL[kind.level]).label}为单位。")
        cases = list(
            Application.objects.filter(pk__in=applications)
            .select_related("programme", "village", "household", "payee")
            .order_by("village__code", "pk")
        )
        if not cases:
            raise PostingIncomplete("公示名单不能为空，请至少选择一件申请。")
        for case in cases:
            refuse_foreign(case, kind, region, programme)
        refuse_incomplete(heading)
        plan = plan_for(kind, programme)
        source = chain.source(cases, kind)
        if supplements is not None and supplements != source:
            raise NotReady(f"名单中的申请不是从{supplements}上更正的，不能作为它的补充公示。")
        posting = Posting(
            kind=kind,
            region=region,
            programme=programme,
            created_by=by,
            created_at=now,
            supplements=source,
            **vars(heading),
        )
        rows = sheets.public_rows(cases, supplement=source is not None)
        entries = [
            PostingEntry(
                posting=posting,
                application=case,
                level=kind,
                position=position,
                quantity=case.quantity,
                amount=case.amount,
                payee=case.payee,
                option=case.option,
                row=row,
            )
            for position, (case, row) in enumerate(zip(cases, rows, strict=True), 1)
        ]
        if plan is not None:
            posting.digest = sheets.list_digest(posting, entries, term=plan.term)
        posting.save()
        PostingEntry.objects.bulk_create(entries)
        receipts.keep(key, [Result(posting.pk, "", True)])
        return posting


def refuse_other_list(
    posting: Posting,
    entries: Sequence[PostingEntry],
    cases: Sequence[Application],
    rows: Sequence[dict[str, Any]],
    *,
    term: Term,
) -> None:
    """The paper that hangs was printed from the draft: refuse to freeze anything else than what it says."""
    if not posting.digest:
        raise NotReady(f"{posting}拟稿时还没有校验码，请删除后重新拟稿打印，再张贴。")
    again = "名单有变化，请重新拟稿打印，再张贴。"
    moved = [
        f"第{entry.position}号"
        for entry, case, row in zip(entries, cases, rows, strict=True)
        if (entry.row, entry.quantity, entry.amount) != (row, case.quantity, case.amount)
        or (entry.payee_id, entry.option) != (case.payee_id, case.option)
    ]
    if moved:
        raise NotReady(f"{posting}{'、'.join(moved)}和拟稿时不同：{again}")
    if sheets.list_digest(posting, entries, term=term) != posting.digest:
        raise NotReady(f"{posting}的文字或公示期和拟稿时不同：{again}")


def refuse_foreign(case: Application, kind: PostingKind, region: Region, programme: Programme) -> None:
    wanted = State.ANNOUNCEMENT if kind is PostingKind.ANNOUNCEMENT else POSTING_STATE[kind.level]
    if case.programme_id != programme.pk:
        raise NotReady(f"申请{case.number}不是“{programme}”的申请，不能列入本公示。")
    if not region.contains(case.village):
        raise NotReady(f"申请{case.number}不属于{region.name}，不能列入本公示。")
    if case.state != wanted:
        raise NotReady(f"申请{case.number}现在不在“{wanted.label}”环节，不能列入本公示。")


def discard(posting: Posting, *, by: User, now: datetime, key: str | None = None) -> None:
    """Throw a draft away; a sheet that was displayed stays for ever."""
    with transaction.atomic(durable=True):
        if receipts.first(key, act="discard_sheet", by=by.pk, at=now) is not None:
            return
        kept = engine.locked([], postings=[posting.pk]).postings.get(posting.pk)
        if kept is None:
            raise NotReady("这张拟稿已经删除，请刷新页面。")
        permissions.may_handle_posting(appointments.actor(by, on=timezone.localdate(now)), kept).enforce()
        if kept.state != PostingState.DRAFT:
            raise NotReady("只有拟稿中的公示可以删除，已张贴的公示永久保留。")
        PostingEntry.objects.filter(posting=kept).delete()
        if kept.is_announcement:
            AnnouncementSheet.objects.filter(posting=kept).delete()
        kept.delete()
        receipts.keep(key, [Result(posting.pk, "", True)])


def missing(heading: Heading | Posting) -> list[str]:
    """What a sheet must show and does not yet, by its labels."""
    return [label for name, label in REQUIRED.items() if not str(getattr(heading, name)).strip()]


def refuse_incomplete(heading: Heading | Posting) -> None:
    """A sheet must show all that the rules ask for; the sentence names what is empty."""
    empty = missing(heading)
    if empty:
        raise PostingIncomplete(f"公示还缺少：{'、'.join(empty)}，补齐后才能张贴。")


def plan_for(kind: PostingKind, programme: Programme) -> PostingPlan | None:
    """The programme's plan for this level, which must say how long and where a list hangs; announcements have none."""
    if kind is PostingKind.ANNOUNCEMENT:
        return None
    plan = programme.plan_of(kind.level)
    if plan is None:
        raise PostingIncomplete(f"项目“{programme.name}”没有设定{kind.label}的公示期，不能张贴。")
    if not plan.channels.strip():
        raise PostingIncomplete(f"项目“{programme.name}”没有设定{kind.label}的公示地点，不能张贴。")
    return plan
