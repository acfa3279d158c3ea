"""Counting open dates anew by another calendar: which ends move, and moving them (期限重算).

Shared by verbs: these functions ask for locked rows and open no transaction of their own.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone

from notifications import catalogue, outbox
from notifications.outbox import Notice
from registry import appointments
from registry.models import User
from workflow import deadlines, sheets
from workflow.calendar import Calendar, Period
from workflow.models import (
    DateMove,
    Deadline,
    EntryOutcome,
    HolidayNotice,
    Posting,
    PostingEntry,
    PostingState,
)
from workflow.proceedings import Proceeding
from workflow.steps import LEVEL_ROLE

LISTED = 5
"""Due dates that a message names one by one."""


@dataclass(frozen=True)
class Shift:
    """One end that the new calendar puts on another day than was told."""

    posting: Posting | None
    deadline: Deadline | None
    label: str
    before: date
    after: date

    @property
    def earlier(self) -> bool:
        return self.after < self.before

    @property
    def key(self) -> tuple[str, int, str, str]:
        thing, kind = (self.posting, "posting") if self.posting else (self.deadline, "deadline")
        assert thing is not None
        return kind, thing.pk, self.before.isoformat(), self.after.isoformat()


@dataclass(frozen=True)
class Recount:
    """What a calendar does to open dates: ends that come later, ends that would come earlier, sheets left alone."""

    shifts: tuple[Shift, ...]
    tampered: tuple[Posting, ...]

    @property
    def later(self) -> list[Shift]:
        return [shift for shift in self.shifts if not shift.earlier]

    @property
    def earlier(self) -> list[Shift]:
        return [shift for shift in self.shifts if shift.earlier]

    def moving(self, *, shorten: bool) -> list[Shift]:
        """The ends that move: an earlier one stays as announced unless the person said so."""
        return list(self.shifts) if shorten else self.later


def hanging(now: datetime) -> list[Posting]:
    """Sheets on display whose last day has not ended; a closed sheet never moves."""
    rows = Posting.objects.on_display().filter(closes_on__gte=timezone.localdate(now))
    return list(rows.select_related("programme", "region").order_by("pk"))


def of(postings: Iterable[Posting], known: Calendar, *, today: date) -> Recount:
    """Every end of these sheets and of all open due dates that the calendar puts on another day."""
    moved: dict[Posting, date] = {}
    for posting in postings:
        assert posting.closes_on is not None
        # A shortened sheet closes at the earliest after today: nobody may find it closed yesterday.
        after = max(_period(posting, known).last_day, min(today, posting.closes_on))
        if after != posting.closes_on:
            moved[posting] = after
    entries: dict[int, list[PostingEntry]] = defaultdict(list)
    for entry in PostingEntry.objects.filter(posting__in=moved).order_by("position"):
        entries[entry.posting_id].append(entry)
    shifts, tampered = [], []
    for posting, after in moved.items():
        if sheets.is_intact(posting, entries[posting.pk]):
            shifts.append(Shift(posting, None, f"公示{posting}", posting.closes_on, after))  # type: ignore[arg-type]
        else:
            tampered.append(posting)
    for due in _open_deadlines():
        after = deadlines.counted(due, known).last_day
        after = max(after, min(today, due.due_on))
        if after != due.due_on:
            label = f"申请{due.application.number}的{due.get_kind_display()}期限"
            shifts.append(Shift(None, due, label, due.due_on, after))
    return Recount(tuple(shifts), tuple(tampered))


def _open_deadlines() -> list[Deadline]:
    # One that rests has no end to move: it is counted when it runs again.
    rows = Deadline.objects.filter(settled_at__isnull=True, paused_on__isnull=True)
    return list(
        rows.select_related("application__village", "application__programme", "objection").order_by("pk")
    )


def _period(posting: Posting, known: Calendar) -> Period:
    assert posting.displayed_on is not None
    assert posting.term is not None
    return known.period(posting.displayed_on, posting.term)


def cases(shifts: Sequence[Shift]) -> set[int]:
    """The cases that the shifts concern: those still on the sheets, and those of the due dates."""
    shown = PostingEntry.objects.filter(
        posting__in=[shift.posting for shift in shifts if shift.posting], outcome=EntryOutcome.ON_DISPLAY
    )
    due = {shift.deadline.application_id for shift in shifts if shift.deadline}
    return due | set(shown.values_list("application_id", flat=True))


def carry_out(
    shifts: Sequence[Shift], notice: HolidayNotice, known: Calendar, proceeding: Proceeding
) -> None:
    """Move the ends in sets: sheets sealed anew, due dates, one row each, one history line per case."""
    words: dict[int, list[str]] = defaultdict(list)
    moves = []
    counts: dict[int, int] = {}
    for shift in shifts:
        word = f"{shift.label}由{shift.before}{'提前' if shift.earlier else '顺延'}到{shift.after}"
        old = shift.posting.digest if shift.posting else ""
        if shift.posting is not None:
            cases = _reseal(shift.posting, shift.after, known)
            counts[shift.posting.pk] = len(cases)
            for key in cases:
                words[key].append(word)
        elif shift.deadline is not None:
            words[shift.deadline.application_id].append(word)
        moves.append(
            DateMove(
                notice=notice,
                posting=shift.posting,
                deadline=shift.deadline,
                moved_from=shift.before,
                moved_to=shift.after,
                digest=old,
                moved_at=proceeding.at,
                moved_by=proceeding.by,
            )
        )
    DateMove.objects.bulk_create(moves)
    _move_deadlines([shift for shift in shifts if shift.deadline], known, proceeding)
    for key, said in sorted(words.items()):
        text = f"{'；'.join(said)}（{notice.citation}）。"
        proceeding.touch(proceeding.locked.cases[key], "dates_moved", text=text)
    proceeding.write()
    proceeding.say(_sheet_notices(shifts, counts, notice, proceeding))


def _reseal(posting: Posting, last: date, known: Calendar) -> list[int]:
    """Give the sheet its new last day, ledger and seal; returns the cases that hang on it."""
    entries = list(posting.entries.order_by("position"))
    period = known.kept_until(_period(posting, known), last)
    posting.closes_on = last
    sheets.write(
        posting,
        source=PostingState.DISPLAYED,
        closes_on=last,
        ledger=period.as_rows,
        provisional=period.provisional,
        digest=sheets.digest(posting, entries),
    )
    return [entry.application_id for entry in entries if entry.outcome == EntryOutcome.ON_DISPLAY]


def _move_deadlines(shifts: Sequence[Shift], known: Calendar, proceeding: Proceeding) -> None:
    """New due dates. A reminder or an escalation that the new day makes too early is taken back and may come again."""
    rows = []
    for shift in shifts:
        due = shift.deadline
        assert due is not None
        due.due_on = shift.after
        _recount(due, known)
        if due.remind_on > proceeding.today:
            due.reminded_at = None
        if due.escalate_on > proceeding.today:
            due.escalated_at = None
        rows.append(due)
    fields = [*deadlines.COUNTED, "reminded_at", "escalated_at"]
    Deadline.objects.bulk_update(rows, fields)
    outbox.withdraw([f"deadline:{row.pk}" for row in rows], at=proceeding.at)


def _recount(due: Deadline, known: Calendar) -> None:
    deadlines.set_days(due, known)
    due.provisional = deadlines.explain(due, known).provisional


def refresh(recount: Recount, moved: Sequence[Shift], known: Calendar, proceeding: Proceeding) -> None:
    """Ends that stay get their ledger, reminder and provisional mark by the new calendar."""
    done = {shift.key[:2] for shift in moved} | {("posting", one.pk) for one in recount.tampered}
    quiet = [one for one in proceeding.locked.postings.values() if ("posting", one.pk) not in done]
    for posting in quiet:
        assert posting.closes_on is not None
        period = known.kept_until(_period(posting, known), posting.closes_on)
        posting.ledger, posting.provisional = period.as_rows, period.provisional
    Posting.objects.bulk_update(quiet, ["ledger", "provisional"])
    rows = [due for due in _open_deadlines() if ("deadline", due.pk) not in done]
    for due in rows:
        _recount(due, known)
    Deadline.objects.bulk_update(rows, ["remind_on", "near_on", "escalate_on", "provisional"])


def _sheet_notices(
    shifts: Sequence[Shift], counts: Mapping[int, int], notice: HolidayNotice, proceeding: Proceeding
) -> list[Notice]:
    """One message per sheet to those who handle it, one per person for all their due dates."""
    found = []
    on = proceeding.today
    for shift in shifts:
        posting = shift.posting
        if posting is None:
            continue
        code = posting.region.code
        people = appointments.holders(LEVEL_ROLE[posting.level], {code}, on=on)[code]
        found.append(
            Notice(
                event=catalogue.POSTING_MOVED,
                fact=f"notice:{proceeding.batch}:{posting.pk}",
                recipients=[*people, posting.created_by],
                context={
                    "number": posting.number,
                    "before": shift.before,
                    "after": shift.after,
                    "word": "提前" if shift.earlier else "顺延",
                    "citation": notice.citation,
                    "count": counts[posting.pk],
                },
                url=posting.get_absolute_url(),
            )
        )
    return [*found, *_due_notices([shift for shift in shifts if shift.deadline], notice, proceeding)]


def _due_notices(shifts: Sequence[Shift], notice: HolidayNotice, proceeding: Proceeding) -> list[Notice]:
    desks: dict[tuple[str, str], list[Shift]] = defaultdict(list)
    for shift in shifts:
        assert shift.deadline is not None
        code = shift.deadline.application.village.code
        desks[LEVEL_ROLE[deadlines.level_of(shift.deadline)], code].append(shift)
    people: dict[int, User] = {}
    theirs: dict[int, list[Shift]] = defaultdict(list)
    for role in {role for role, _ in desks}:
        codes = {code for one, code in desks if one == role}
        for code, found in appointments.holders(role, codes, on=proceeding.today).items():
            for person in found:
                people[person.pk] = person
                theirs[person.pk] += desks[role, code]
    return [
        Notice(
            event=catalogue.DUE_DATES_MOVED,
            fact=f"notice:{proceeding.batch}",
            recipients=[people[key]],
            context={
                "count": len(given),
                "citation": notice.citation,
                "listed": "；".join(f"{one.label}{one.before}→{one.after}" for one in given[:LISTED])
                + ("等" if len(given) > LISTED else ""),
            },
            url="/",
        )
        for key, given in sorted(theirs.items())
    ]
