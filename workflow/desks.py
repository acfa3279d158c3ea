"""What a desk shows beside its piles (工作台): what was sent on and where it lies, what deserves a second look, who is missing.

One statement each: a desk has twelve in all, six of them spent before its view begins.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum, Window

from applications.models import Application, HistoryEntry
from applications.states import OPEN, State
from notifications.models import Message
from registry.appointments import Actor
from registry.models import Appointment, Region, RegionLevel, Role, User
from registry.scope import within
from workflow import doubts, photos
from workflow.models import Act, Decision, HolidayNotice, Posting, word_for
from workflow.steps import STEPS, staff_label
from workflow.worklists import is_over, mine

ENDING = timedelta(days=30)
MOST_DOUBTS = 500
"""Exceptions of one step that a desk reads: beyond that their number says nothing more."""


@dataclass(frozen=True)
class Lying:
    """Cases that a person sent on and that now lie at one state."""

    label: str
    n: int
    over: int


def sent(actor: Actor) -> QuerySet[Application]:
    """The cases that the person decided on and that lie with somebody else now (我经手的); ended ones of this year only."""
    handled = Decision.objects.filter(by=actor.user_id).values("application")
    current = Q(state__in=list(OPEN)) | Q(programme__year=actor.on.year)
    return Application.objects.visible_to(actor).filter(current, pk__in=handled).exclude(mine(actor))


def lying(actor: Actor, *, today: date) -> list[Lying]:
    """Where they lie, in the order of the chain, and how many of them are late there."""
    rows = (
        sent(actor)
        .order_by()
        .values("state")
        .annotate(n=Count("pk"), over=Count("pk", filter=is_over(today)))
    )
    found = {row["state"]: row for row in rows}
    ended = [state for state in State if state not in STEPS]
    return [
        Lying(staff_label(state), found[state]["n"], found[state]["over"])
        for state in [*STEPS, *ended]
        if state in found
    ]


@dataclass(frozen=True)
class Move:
    """What happened to a case after the person sent it on, and where it lies since."""

    application: Application
    at: datetime
    word: str
    to: str


def moves(actor: Actor, *, most: int) -> list[Move]:
    """What others, or the clock, did last with the cases that the person sent on."""
    rows = HistoryEntry.objects.filter(application__in=sent(actor).values("pk"))
    moved = rows.exclude(by=actor.user_id).exclude(source=F("target")).order_by("-pk")
    people = ("application__programme", "application__member", "application__payee")
    return [
        Move(row.application, row.at, word_for(row.act), staff_label(row.target))
        for row in moved.select_related(*people)[:most]
    ]


def messages(actor: Actor, *, most: int) -> tuple[list[Message], int]:
    """The person's latest messages, and how many are unread."""
    unread = Window(Count("pk", filter=Q(read_at__isnull=True)))
    rows = Message.objects.inbox_of(actor.user_id or 0).annotate(unread=unread)
    found: list[Any] = list(rows.order_by("-created_at", "-pk")[:most])
    return found, found[0].unread if found else 0


@dataclass(frozen=True)
class Doubt:
    """A case under review that deserves a second look, and why."""

    pk: int
    number: str
    name: str
    amount: Decimal
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Share:
    """One programme's part of what waits for review."""

    programme: str
    n: int
    amount: Decimal
    villages: int
    doubts: int = 0


@dataclass(frozen=True)
class Overview:
    """What waits for review as a whole: by programme, and the cases that deserve a second look."""

    shares: list[Share]
    doubts: list[Doubt]
    more: bool = False
    """Whether there are more cases to look at twice than were read."""

    @property
    def n(self) -> int:
        return sum(share.n for share in self.shares)

    @property
    def amount(self) -> Decimal:
        return sum((share.amount for share in self.shares), Decimal(0))


def overview(actor: Actor, *, role: Role, state: State) -> Overview:
    """The cases at a review step by programme with their sums, and each exception (核减, 异议, 照片, 平均数, 退回).

    Two statements: the sums are the database's, and of the cases only exceptions are read, MOST_DOUBTS of them.
    """
    cases = Application.objects.filter(within(actor.prefixes(role)), state=state)
    sums = list(
        cases.order_by("programme__code", "programme")
        .values("programme_id", "programme__name")
        .annotate(n=Count("pk"), total=Sum("amount"), villages=Count("village", distinct=True))
    )
    known = {
        (row["programme_id"], f"{state}"): doubts.bound(row["total"], row["n"])
        for row in sums
        if row["n"] >= doubts.COMPARABLE
    }
    found, counted = [], Counter[int]()
    rows = _doubtful(cases, known) if sums else []
    for row in rows[:MOST_DOUBTS]:
        counted[row["programme_id"]] += 1
        name = row["member__name"] or row["payee__name"]
        found.append(Doubt(row["pk"], row["number"], name, row["amount"], doubts.reasons(row, known)))
    found.sort(key=lambda doubt: -len(doubt.reasons))
    shares = [
        Share(row["programme__name"], row["n"], row["total"], row["villages"], counted[row["programme_id"]])
        for row in sums
    ]
    return Overview(shares, found, more=len(rows) > MOST_DOUBTS)


def _doubtful(cases: QuerySet[Application], known: doubts.Bounds) -> list[Any]:
    """The cases with a reason to look twice, one more than are shown at most."""
    rows = doubts.annotated(cases).filter(doubts.is_doubtful(known)).order_by("programme__code", "number")
    # Values only: whole rows would decipher every account number for nothing.
    return list(rows.values(*doubts.FACTS, "pk", "number", "payee__name", "member__name")[: MOST_DOUBTS + 1])


def corrected_lists(actor: Actor, *, most: int) -> list[Decision]:
    """The latest corrections of lists: rows taken out of a sheet (更正) and results taken back (撤销)."""
    rows = Decision.objects.filter(
        within(actor.may_read_prefixes, "application__village__code"), act__in=[Act.CORRECT, Act.REVOKE]
    )
    return list(rows.select_related("application", "application__village").order_by("-pk")[:most])


def unphotographed(actor: Actor, *, most: int) -> list[Posting]:
    """Sheets of the area that have closed without a photo of their end, the oldest first."""
    rows = photos.lacking(Posting.objects.visible_to(actor)).select_related("region")
    return list(rows.order_by("closes_on", "pk")[:most])


def without_clerk(actor: Actor) -> list[Region]:
    """Villages of the administrator's area where nobody may act for the households today."""
    clerks = Appointment.objects.active(actor.on).filter(role=Role.VILLAGE_CLERK, region=OuterRef("pk"))
    villages = Region.objects.within(actor.prefixes(Role.ADMINISTRATOR)).filter(level=RegionLevel.VILLAGE)
    return list(villages.filter(~Exists(clerks)).order_by("code"))


def staffing(actor: Actor) -> dict[str, int]:
    """People in numbers: who may act today, who still has an initial password, whose appointment ends soon."""
    here = within(actor.prefixes(Role.ADMINISTRATOR), "region__code")
    active = Appointment.objects.active(actor.on).filter(here, user=OuterRef("pk"))
    ending = active.filter(ends_on__lte=actor.on + ENDING)
    people = User.objects.filter(Exists(active))
    return people.aggregate(
        n=Count("pk"),
        initial=Count("pk", filter=Q(must_change_password=True)),
        ending=Count("pk", filter=Exists(ending)),
    )


def calendar_years(on: date) -> list[tuple[int, bool]]:
    """This year and the next, and whether their holiday notice is entered: without it dates are provisional."""
    wanted = (on.year, on.year + 1)
    entered = set(HolidayNotice.objects.filter(year__in=wanted).values_list("year", flat=True))
    return [(year, year in entered) for year in wanted]
