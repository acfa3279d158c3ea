"""Cases in bulk for `bench.due`: sheets whose last day has ended, and cases whose due date has passed."""

from datetime import timedelta

from django.db.models import Count

from applications.models import Application, HistoryEntry
from applications.states import State
from bench import ways
from notifications.models import Message
from registry import clock
from workflow import calendar, consistency, deadlines, sheets
from workflow.models import (
    Deadline,
    DisplayAct,
    EntryOutcome,
    Posting,
    PostingEntry,
    PostingKind,
    PostingState,
)

BATCH = 500
LATE = timedelta(days=30)
"""Before today: long enough for every due date and period to be over."""


def _brought(place: ways.Place, number: int, *targets: State) -> list[Application]:
    """So many cases, moved by the engine in sets."""
    found: list[Application] = []
    while len(found) < number:
        cases = place.drafts(min(BATCH, number - len(found)))
        source = State.DRAFT
        for target in targets:
            place.by_engine(cases, source, target)()
            source = target
        found += cases
    return found


def overdue(place: ways.Place, number: int) -> None:
    """Cases before the village whose due date has passed, neither reminded of nor escalated."""
    known, at = calendar.load(), clock.now() - LATE
    cases = _brought(place, number, State.VILLAGE_REVIEW)
    for start in range(0, len(cases), BATCH):
        deadlines.enter(cases[start : start + BATCH], at=at, calendar=known)


def ended_sheets(place: ways.Place, number: int, *, rows: int) -> list[int]:
    """Village sheets that show so many cases, sealed, their last day yesterday: what they let go on has its whole term."""
    today = clock.today()
    act = DisplayAct.objects.create(
        place="村务公开栏",
        displayed_at=clock.now() - LATE,
        posted_by=place.world.clerk,
        witness="吴监督",
        recorded_at=clock.now() - LATE,
    )
    cases = _brought(place, number, State.VILLAGE_REVIEW, State.VILLAGE_POSTING)
    found = []
    for start in range(0, number, rows):
        posting = _sheet(
            place, act, f"示例〔{start}〕", today - timedelta(days=20), today - timedelta(days=1)
        )
        shown = list(
            Application.objects.select_related("programme", "village", "household", "payee")
            .filter(pk__in=[case.pk for case in cases[start : start + rows]])
            .order_by("pk")
        )
        public = sheets.public_rows(shown)
        entries = PostingEntry.objects.bulk_create(
            PostingEntry(
                posting=posting,
                application=case,
                level=posting.kind,
                position=position,
                quantity=case.quantity,
                amount=case.amount,
                payee=case.payee,
                option=case.option,
                row=row,
                outcome=EntryOutcome.ON_DISPLAY,
            )
            for position, (case, row) in enumerate(zip(shown, public, strict=True), 1)
        )
        Posting.objects.filter(pk=posting.pk).update(digest=sheets.digest(posting, entries))
        found.append(posting.pk)
    return found


def _sheet(place: ways.Place, act: DisplayAct, number: str, on: object, until: object) -> Posting:
    return Posting.objects.bulk_create(
        [
            Posting(
                kind=PostingKind.VILLAGE,
                region=place.world.village,
                programme=place.programme,
                title="示例公示",
                legal_basis="示例文件〔示例〕",
                standard="示例",
                text="现将名单公示如下。",
                objection_way="当面、电话或者网上提出。",
                number=number,
                state=PostingState.DISPLAYED,
                created_by=place.world.clerk,
                created_at=act.recorded_at,
                display=act,
                displayed_on=on,
                days=10,
                unit="calendar",
                closes_on=until,
            )
        ]
    )[0]


def verify(place: ways.Place, postings: list[int]) -> int:
    """Everything was done, and once: sheets, entries, cases, history, due dates. Returns the number of messages."""
    assert Posting.objects.filter(pk__in=postings, state=PostingState.CLOSED).count() == len(postings)
    entries = PostingEntry.objects.filter(posting__in=postings)
    assert not entries.exclude(outcome=EntryOutcome.PASSED).exists()
    assert not entries.exclude(application__state=State.TOWNSHIP_REVIEW).exists()
    closed = HistoryEntry.objects.filter(act="close_village_posting").order_by()
    per_case = closed.values("application").annotate(times=Count("pk"))
    assert per_case.count() == entries.count()
    assert not per_case.exclude(times=1).exists()
    late = Deadline.objects.filter(settled_at__isnull=True, due_on__lt=clock.today())
    assert not late.filter(reminded_at__isnull=True).exists()
    assert not late.filter(escalated_at__isnull=True).exists()
    for event in ("reminder", "escalation"):
        told = Message.objects.filter(event=event)
        assert told.values("fact").distinct().count() == late.count()
        twice = told.order_by().values("fact", "recipient", "channel").annotate(times=Count("pk"))
        assert not twice.filter(times__gt=1).exists()
    faults = list(consistency.faults())
    assert faults == [], faults[:3]
    return Message.objects.count()
