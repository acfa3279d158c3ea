"""A year of acts, done once with a round each day, and again with rounds that stop and start (模拟的一年)."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from applications.models import Application
from applications.states import CORRECTIONS, OPEN, POSTINGS, REVIEWS, Level, State
from registry.models import Household, User
from registry.refusal import Refused
from tests import stages
from tests.workflow import year_facts
from tests.workflow.year_facts import Deed, Run
from tests.world import World
from workflow import (
    announcements,
    drafts,
    intake,
    objections,
    photos,
    postings,
    releases,
    reviews,
    supplements,
    sweeps,
)
from workflow.models import (
    Deadline,
    Objection,
    ObjectionOutcome,
    Posting,
    PostingEntry,
    PostingKind,
    PostingState,
)
from workflow.results import Ref, Result

DAYS = 365
LEVEL_OF_KIND = (PostingKind.VILLAGE, PostingKind.TOWNSHIP, PostingKind.DISTRICT)
REFUSALS: dict[str, Callable[..., Sequence[Result]]] = {
    "withdraw": intake.withdraw,
    "correct": reviews.correct,
    "take back": reviews.take_back,
    "return": reviews.return_to_township,
    "stop": reviews.stop,
    "lapse": reviews.lapse,
    "revoke": reviews.revoke,
}

FROM: dict[str, frozenset[State]] = {
    "on": REVIEWS | CORRECTIONS | {State.DRAFT},
    "send back": REVIEWS,
    "reject": OPEN,
    "withdraw": OPEN,
    "correct": POSTINGS,
    "take back": POSTINGS,
    "return": frozenset({State.DISTRICT_REVIEW}),
    "stop": frozenset({State.ANNOUNCEMENT}),
    "lapse": CORRECTIONS,
    "revoke": frozenset({State.ANNOUNCED}),
}
"""Where each act makes sense: a year in which everything is refused proves nothing."""


@dataclass(frozen=True)
class Wish:
    """What somebody would like to do so many days after the last act: to which row, counted among those there are."""

    days: int
    what: str
    number: int
    how: int


class NotDone(Exception):
    """A verb that refused, for all or for the one row."""


@contextmanager
def undone() -> Iterator[None]:
    """A block that is rolled back at its end; to a verb it does not count as one (as in Django's TestCase)."""
    with _block():
        yield
        transaction.set_rollback(True)


@contextmanager
def _block() -> Iterator[None]:
    block = transaction.atomic()
    block._from_testcase = True
    with block:
        yield


def morning(day: date) -> datetime:
    """Five past midnight, when the day's round comes."""
    return timezone.make_aware(datetime.combine(day, time(0, 5)))


class Township:
    """People who act, and rounds that come or not."""

    def __init__(self, world: World, households: Sequence[Household]) -> None:
        self.world, self.households = world, households
        self.begin, self.end = timezone.localdate(world.now), timezone.localdate(world.now) + timedelta(DAYS)

    def uninterrupted(self, wishes: Sequence[Wish]) -> Run:
        """Do what of the wishes can be done, with a round each day."""
        run = Run()
        with undone():
            day, now = self.begin, self.world.now
            for wish in wishes:
                now += timedelta(days=wish.days, minutes=1)
                if timezone.localdate(now) >= self.end - timedelta(days=30):
                    break
                day = self._rounds(run, day, timezone.localdate(now), lambda _: True)
                deed = self._resolved(wish, now)
                if deed is not None and self._tried(deed):
                    run.deeds.append(deed)
            self._rounds(run, day, self.end, lambda _: True)
            year_facts.look(run)
        return run

    def interrupted(self, deeds: Sequence[Deed], spans: Sequence[int]) -> Run:
        """The same deeds while the rounds stop and start. Where one needs what a round does, one comes just before."""
        run = Run(deeds=list(deeds))
        off = set[date]()
        day = self.begin
        # Days without and with rounds, in turns, over and over.
        for number in range(DAYS):
            length = spans[number % len(spans)]
            if number % 2 == 0:
                off |= {day + timedelta(days=n) for n in range(length)}
            day += timedelta(days=length)
            if day > self.end:
                break
        off.discard(self.end)
        with undone():
            day = self.begin
            for deed in deeds:
                day = self._rounds(run, day, timezone.localdate(deed.at), lambda on: on not in off)
                if not self._tried(deed):
                    self._round(run, deed.at)
                    assert self._tried(deed), f"not done after a round either: {deed}"
            self._rounds(run, day, self.end, lambda on: on not in off)
            year_facts.look(run)
        return run

    def _rounds(self, run: Run, since: date, until: date, comes: Callable[[date], bool]) -> date:
        """The rounds of the days after `since` up to `until`; those that would find nothing due are left out."""
        day, due = since, _next_due(since + timedelta(days=1))
        while day < until:
            day += timedelta(days=1)
            if due is not None and due <= day and comes(day):
                self._round(run, morning(day))
                due = _next_due(day + timedelta(days=1))
        return day

    def _round(self, run: Run, now: datetime) -> None:
        assert sweeps.run(now=now).failed == []
        run.rounds.append(now)

    def _tried(self, deed: Deed) -> bool:
        try:
            with _block():
                self._do(deed)
        except (Refused, NotDone):
            return False
        return True

    def _resolved(self, wish: Wish, now: datetime) -> Deed | None:
        """Find the rows that a wish is about as they are now."""
        if wish.what != "on":
            return self._found(wish, wish.what, now)
        # Whoever wants to go on does what there is to do.
        ways = (self._found(wish, what, now) for what in ("on", "display", "announce"))
        return next((deed for deed in ways if deed), None)

    def _found(self, wish: Wish, what: str, now: datetime) -> Deed | None:
        world = self.world
        which: Any = None
        if what == "enter":
            which = wish.number % len(self.households)
        elif what == "display":
            regions = (world.village, world.township, world.county)
            waits = [
                (kind, rows)
                for kind, region in zip(LEVEL_OF_KIND, regions, strict=True)
                if (rows := list(drafts.waiting(kind, region)))
            ]
            if not waits:
                return None
            kind, rows = waits[wish.number % len(waits)]
            shown = supplements.shown_before([case.pk for case in rows], kind)
            heap = next(iter(supplements.heaps(rows, kind, shown).values()), [])
            which = (kind, tuple(case.number for case in heap[: wish.how + 1])) if heap else None
        elif what == "announce":
            waiting = announcements.waiting(world.county, world.grain)
            lacking = {row.pk for row in photos.lacking(Posting.objects.all())}
            places = tuple(n for n, row in enumerate(year_facts.in_order()) if row.pk in lacking)
            which = (places, tuple(case.number for case in waiting))
            which = which if which[1] else None
        elif what in ("photo", "take down"):
            hanging = [
                n for n, row in enumerate(year_facts.in_order()) if row.state == PostingState.DISPLAYED
            ]
            which = hanging[wish.number % len(hanging)] if hanging else None
        elif what == "lodge":
            shown = list(PostingEntry.objects.exclude(outcome="picked").order_by("pk"))
            entry = shown[wish.number % len(shown)] if shown else None
            which = (entry.application.number, entry.level) if entry else None
        elif what == "handle":
            rows = list(Objection.objects.order_by("pk"))
            which = wish.number % len(rows) if rows else None
        elif cases := [case for case in Application.objects.order_by("pk") if case.state in FROM[what]]:
            which = cases[wish.number % len(cases)].number
        return None if which is None else Deed(now, what, which, wish.how)

    def _do(self, deed: Deed) -> None:
        world, now = self.world, deed.at
        if deed.what == "enter":
            stages.draft(
                world,
                household=self.households[deed.which],
                quantity=Decimal(1 + deed.how),
                now=now,
            )
        elif deed.what == "display":
            kind, numbers = deed.which
            stages.displayed(world, [_case(number) for number in numbers], kind=kind, now=now)
        elif deed.what == "announce":
            places, numbers = deed.which
            for place in places:
                stages.photographed(year_facts.in_order()[place], now=now)
            stages.announced(world, [_case(number) for number in numbers], now=now)
        elif deed.what == "photo":
            stages.photographed(year_facts.in_order()[deed.which], now=now)
        elif deed.what == "take down":
            sheet = year_facts.in_order()[deed.which]
            postings.take_down(sheet, by=sheet.created_by, now=now, reason="被雨淋湿。")
        elif deed.what == "lodge":
            number, level = deed.which
            entry = PostingEntry.objects.filter(application__number=number, level=level).latest("pk")
            stages.lodged(world, entry.application, entry.posting, now=now)
        elif deed.what == "handle":
            self._handle(Objection.objects.order_by("pk")[deed.which], deed)
        else:
            self._move(_case(deed.which), deed)

    def _handle(self, found: Objection, deed: Deed) -> None:
        by, now = self._person(Level(found.handling_level)), deed.at
        if deed.how == 0:
            objections.accept(found, by=by, now=now)
        elif deed.how == 1:
            objections.withdraw(found, by=by, now=now, reason="异议人撤回。")
        else:
            # By its place: a key is another one in the other run, where a sequence is not rolled back.
            outcome = list(ObjectionOutcome)[deed.how % 3] if deed.which % 2 else ObjectionOutcome.NOT_UPHELD
            stages.decided(found, outcome, by=by, now=now)

    def _move(self, case: Application, deed: Deed) -> None:
        """The act the deed names, or the step on from where the case lies."""
        state, now = State(case.state), deed.at
        by = self._person(case.level or Level.DISTRICT)
        if deed.what == "on":
            if state is State.DRAFT:
                _done(intake.submit([Ref.of(case)], by=self.world.clerk, now=now))
                stages.visit(self.world, case, now=now)
                stages.meeting(self.world, [case], now=now)
            elif state in CORRECTIONS:
                _done(intake.resubmit([Ref.of(case)], by=self.world.clerk, now=now))
                if stages.again(case).state == State.VILLAGE_REVIEW:
                    stages.visit(self.world, case, now=now)
                    stages.meeting(self.world, [case], now=now)
            else:
                _done(reviews.pass_on([Ref.of(case)], by=by, now=now))
        elif deed.what == "send back":
            _done(reviews.send_back([Ref.of(case)], by=by, now=now, faults=[reviews.FaultText("缺少合同。")]))
        elif deed.what == "reject":
            refs = [Ref.of(case)]
            _done(reviews.reject(refs, by=by, now=now, reason_code="facts", opinion="与事实不符。"))
        else:
            by = self.world.clerk if deed.what == "withdraw" else by
            _done(REFUSALS[deed.what]([Ref.of(case)], by=by, now=now, opinion="情况有变。"))

    def _person(self, level: Level) -> User:
        world = self.world
        return {
            Level.VILLAGE: world.clerk,
            Level.TOWNSHIP: world.reviewer,
            Level.DISTRICT: world.approver,
        }[level]


def _next_due(tomorrow: date) -> date | None:
    """The first day on which a round finds something to do; what it does lets nothing else come due that day."""
    if releases.covered().exists():
        return tomorrow
    waiting = Deadline.objects.filter(settled_at__isnull=True, paused_on__isnull=True)
    days = [
        waiting.filter(reminded_at__isnull=True).aggregate(day=Min("remind_on"))["day"],
        waiting.filter(escalated_at__isnull=True).aggregate(day=Min("escalate_on"))["day"],
    ]
    last = Posting.objects.on_display().aggregate(day=Min("closes_on"))["day"]
    days += [last, last + timedelta(days=1)] if last else []
    return min((day for day in days if day), default=None)


def _done(results: Sequence[Result]) -> None:
    if not results or not all(result.done for result in results):
        raise NotDone


def _case(number: str) -> Application:
    return stages.again(Application.objects.get(number=number))
