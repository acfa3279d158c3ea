"""A sheet as it hangs on the board: the one shape that preview, desk, print and public page all show."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects

from applications.models import PostingPlan, Programme
from registry.models import Region
from workflow import sheets
from workflow.calendar import chinese_date
from workflow.drafts import Heading
from workflow.models import DateMove, EntryOutcome, Posting, PostingEntry, PostingKind, PostingState
from workflow.permissions import Verdict, takes_objections

NO = Verdict(False)


@dataclass(frozen=True)
class Line:
    """One row of the list; `row` holds the allow-listed fields and nothing else."""

    position: int
    row: Mapping[str, Any]
    entry_id: int | None = None
    application_id: int | None = None
    word: str = ""
    tone: str = "quiet"
    note: str = ""
    gone: bool = False
    may_object: Verdict = NO
    repeats: PostingEntry | None = None
    repeated_by: Sequence[PostingEntry] = ()


@dataclass(frozen=True)
class Paper:
    """Heading, period and list of one sheet."""

    title: str
    batch_label: str
    number: str
    programme: str
    legal_basis: str
    standard: str
    text: str
    period: str
    objection_way: str
    phones: tuple[tuple[str, str], ...]
    body: str
    on: date | None
    lines: Sequence[Line]
    is_announcement: bool
    moves: Sequence[str] = ()


def allowed(row: Mapping[str, Any]) -> dict[str, Any]:
    """The allow-listed fields of a frozen row: whatever else stands in the row stays private."""
    return {name: row.get(name, "") for name in sheets.PUBLIC_FIELDS}


def of(posting: Posting, lines: Sequence[Line], *, plan: PostingPlan | None = None) -> Paper:
    """The paper of a sheet; a draft names the period that its plan promises."""
    return _paper(
        posting,
        kind=PostingKind(posting.kind),
        region=posting.region,
        programme=posting.programme,
        lines=lines,
        number=posting.number,
        on=posting.displayed_on,
        period=_period(posting, plan),
        moves=_moves(posting),
    )


def preview(
    heading: Heading,
    *,
    kind: PostingKind,
    region: Region,
    programme: Programme,
    rows: Sequence[dict[str, Any]],
) -> Paper:
    """The paper that a draft with this heading and these rows would be."""
    plan = programme.plan_of(kind.level)
    promised = f"自张贴之日起{plan.term}" if plan and kind is not PostingKind.ANNOUNCEMENT else ""
    lines = [Line(position, allowed(row)) for position, row in enumerate(rows, 1)]
    return _paper(
        heading,
        kind=kind,
        region=region,
        programme=programme,
        lines=lines,
        number="",
        on=None,
        period=promised,
    )


def _paper(
    heading: Posting | Heading,
    *,
    kind: PostingKind,
    region: Region,
    programme: Programme,
    lines: Sequence[Line],
    number: str,
    on: date | None,
    period: str,
    moves: Sequence[str] = (),
) -> Paper:
    return Paper(
        title=heading.title,
        batch_label=heading.batch_label,
        number=number,
        programme=f"{programme.year}年{programme.name}",
        legal_basis=heading.legal_basis,
        standard=heading.standard,
        text=heading.text,
        period=period,
        objection_way=heading.objection_way,
        phones=(
            ("区主管部门", heading.department_phone),
            ("乡镇", heading.township_phone),
            ("纪委", heading.discipline_phone),
            ("举报电话", heading.hotline),
        ),
        body=region.body_name or region.name,
        on=on,
        lines=lines,
        is_announcement=kind is PostingKind.ANNOUNCEMENT,
        moves=moves,
    )


def _period(posting: Posting, plan: PostingPlan | None) -> str:
    if posting.displayed_on and posting.closes_on:
        days = f"{chinese_date(posting.displayed_on)}至{chinese_date(posting.closes_on)}"
        return f"{days}，{posting.term}"
    return f"自张贴之日起{plan.term}" if plan and not posting.is_announcement else ""


def _moves(posting: Posting) -> list[str]:
    """A line for each holiday notice that moved the last day: whoever saw the earlier sheet learns why it differs."""
    if posting.closes_on is None:
        return []
    return [
        f"截止日由{chinese_date(move.moved_from)}调整到{chinese_date(move.moved_to)}，依据{move.notice.citation}。"
        for move in date_moves(posting)
    ]


def date_moves(posting: Posting) -> list[DateMove]:
    """How notices moved the last day of the sheet, each with its notice; asked for once, however often it is told."""
    prefetch_related_objects([posting], Prefetch("date_moves", DateMove.objects.select_related("notice")))
    return list(posting.date_moves.all())


def as_shown(entries: Iterable[PostingEntry]) -> list[Line]:
    """Rows exactly as they were frozen, for the desk and for printing."""
    return [Line(entry.position, allowed(entry.row)) for entry in entries]


def public_lines(posting: Posting, entries: Iterable[PostingEntry]) -> list[Line]:
    """Rows for everybody. A row taken out keeps its number and loses its content; a revoked one is marked."""
    lines = []
    for entry in entries:
        removed = entry.outcome in {EntryOutcome.REMOVED, EntryOutcome.REVOKED}
        hidden = removed and not posting.is_announcement
        word = "" if not removed else ("已撤销" if posting.is_announcement else "已撤出公示")
        row = allowed({}) if hidden else allowed(entry.row)
        lines.append(Line(entry.position, row, entry_id=entry.pk, word=word, gone=hidden))
    return lines


def staff_lines(
    entries: Iterable[PostingEntry], *, objected: Mapping[int, int], may_object: Mapping[str, Verdict]
) -> list[Line]:
    """What became of each row. *Held* is derived from open objections, never stored."""
    lines = []
    for entry in entries:
        word, tone = outcome(entry, held=bool(objected.get(entry.application_id)))
        lines.append(
            Line(
                entry.position,
                allowed(entry.row),
                entry_id=entry.pk,
                application_id=entry.application_id,
                word=word,
                tone=tone,
                note=entry.outcome_reason,
                may_object=takes_objections(entry) and may_object.get(entry.application.village.code, NO),
                repeats=entry.repeats,
                repeated_by=list(entry.repeated_by.all()),
            )
        )
    return lines


def outcome(entry: PostingEntry, *, held: bool) -> tuple[str, str]:
    """The word and the tone for what became of an entry."""
    found = EntryOutcome(entry.outcome)
    if held and found is EntryOutcome.ON_DISPLAY:
        return "公示中，有异议", "warn"
    if found is EntryOutcome.NOT_PASSED:
        return ("期满，有异议" if held else "期满时有异议"), "warn"
    tones = {
        EntryOutcome.ON_DISPLAY: "open",
        EntryOutcome.PASSED: "good",
        EntryOutcome.ANNOUNCED: "good",
        EntryOutcome.REMOVED: "bad",
        EntryOutcome.REVOKED: "bad",
    }
    return found.label, tones.get(found, "quiet")


def names_are_public(posting: Posting, *, today: date) -> bool:
    """A named list is on the web while its period runs; an announcement stays."""
    if posting.is_announcement:
        return posting.state in {PostingState.PUBLISHED, PostingState.CORRECTED}
    return (
        posting.state == PostingState.DISPLAYED
        and posting.closes_on is not None
        and posting.closes_on >= today
    )
