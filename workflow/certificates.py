"""The statement on how a posting went (公示情况说明): written from the record when the sheet closes, then frozen."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.utils import timezone

from workflow.models import OPEN_OBJECTION, DateMove, EntryOutcome, Objection, Posting, PostingEntry


def gather(postings: Sequence[Posting]) -> dict[int, list[Objection]]:
    """What the certificates of many sheets are written from, in some statements for all of them.

    Gives the objections and appeals by sheet, in their order; acts, people and moved dates are put on the sheets.
    """
    moves = Prefetch("date_moves", DateMove.objects.select_related("notice"))
    prefetch_related_objects(postings, "display__posted_by", "display__recorded_by", "created_by", moves)
    found: dict[int, list[Objection]] = defaultdict(list)
    rows = Objection.objects.filter(posting__in=postings).select_related("entry")
    for row in rows.order_by("received_at", "pk"):
        found[row.posting_id].append(row)
    return found


def statement(
    posting: Posting,
    entries: Sequence[PostingEntry],
    held: Collection[int],
    received: Sequence[Objection],
) -> str:
    """The statement in one paragraph; `held` are the cases with an open objection at the end."""
    passed = sum(entry.outcome == EntryOutcome.PASSED for entry in entries)
    removed = sum(entry.outcome == EntryOutcome.REMOVED for entry in entries)
    objections, appeals = (_settled(received, appeals=one) for one in (False, True))
    settled = [f"异议有{objections}件"] * bool(objections) + [f"复核申请有{appeals}件"] * bool(appeals)
    parts = [
        f"{posting.number}《{posting.title}》于{posting.displayed_on:%Y年%m月%d日}在"
        f"{posting.display.place if posting.display else ''}张贴，公示期{posting.term}，"
        f"至{posting.closes_on:%Y年%m月%d日}期满。名单共{len(entries)}件。"
    ]
    if settled:
        parts.append(f"公示期间收到的{'、'.join(settled)}已办结。")
    if held:
        parts.append(f"期满时{len(held)}件有未办结异议，暂不通过，待异议办结后处理。")
    if removed:
        parts.append(f"公示期间撤出{removed}件。")
    if not passed:
        parts.append("本次公示没有条目通过。")
    elif settled:
        parts.append(f"期满时{passed}件无未办结异议，公示有效。")
    elif held or removed:
        parts.append(f"其余{passed}件公示期间无异议，公示有效。")
    else:
        parts.append("公示期间无异议，公示有效。")
    return "".join(parts)


def facts(
    posting: Posting,
    entries: Sequence[PostingEntry],
    held: Collection[int],
    received: Sequence[Objection],
    *,
    at: datetime,
) -> dict[str, Any]:
    """What the certificate shows line by line, as it was at the end. No objector, no receipt: it may hang on a wall."""
    act = posting.display
    assert act is not None
    return {
        "number": posting.number,
        "title": posting.title,
        "batch_label": posting.batch_label,
        "body": posting.region.body_name or posting.region.name,
        "programme": f"{posting.programme.year}年{posting.programme.name}",
        "place": act.place,
        "posted_by": act.posted_by.name,
        "recorded_by": (act.recorded_by or act.posted_by).name,
        "witness": f"{act.witness}（{act.witness_post}）",
        "displayed_at": f"{timezone.localtime(act.displayed_at):%Y-%m-%d %H:%M}",
        "recorded_at": f"{timezone.localtime(act.recorded_at):%Y-%m-%d %H:%M}",
        "displayed_on": f"{posting.displayed_on}",
        "closes_on": f"{posting.closes_on}",
        "term": str(posting.term),
        "citation": posting.citation,
        "moves": [
            [f"{move.moved_from}", f"{move.moved_to}", move.notice.citation]
            for move in posting.date_moves.all()
        ],
        "entries": len(entries),
        "passed": sum(entry.outcome == EntryOutcome.PASSED for entry in entries),
        "held": len(held),
        "removed": [
            [entry.position, entry.outcome_reason]
            for entry in entries
            if entry.outcome == EntryOutcome.REMOVED
        ],
        "objections": _objections(received, appeals=False),
        "appeals": _objections(received, appeals=True),
        "digest": posting.digest,
        "written_at": f"{timezone.localtime(at):%Y-%m-%d %H:%M}",
    }


def _named(received: Sequence[Objection], *, appeals: bool) -> list[Objection]:
    """The objections to the sheet, or the appeals (复核) against their handling: one complaint is never counted twice."""
    return [row for row in received if (row.appeal_of_id is not None) is appeals]


def _settled(received: Sequence[Objection], *, appeals: bool) -> int:
    return sum(row.state not in OPEN_OBJECTION for row in _named(received, appeals=appeals))


def _objections(received: Sequence[Objection], *, appeals: bool) -> list[list[Any]]:
    """Each of them: the row it names, the day it came in, and how far it was at the end of the period."""
    return [
        [
            row.entry.position,
            f"{timezone.localdate(row.received_at)}",
            row.get_outcome_display() if row.outcome else row.get_state_display(),
        ]
        for row in _named(received, appeals=appeals)
    ]
