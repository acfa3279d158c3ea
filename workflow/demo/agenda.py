"""The order of the story (演示故事): acts at moments of the past, told in time, with a sweep each night between them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from notifications import outbox
from registry.refusal import Refused
from workflow import postings, releases, sweeps
from workflow.models import Deadline

Act = Callable[[datetime], object]

NIGHT = time(0, 30)
ONE_DAY = timedelta(days=1)


class StoryBroken(Refused):
    """An act of the story was refused: the story no longer fits the rules."""


@dataclass
class Agenda:
    """Acts to come. They may be planned in any order."""

    planned: list[tuple[datetime, Act]] = field(default_factory=list)

    def plan(self, day: date, clock: str, act: Act) -> None:
        """Plan an act for a day and a time of day (09:30), local time."""
        self.plan_at(moment(day, time.fromisoformat(clock)), act)

    def plan_at(self, at: datetime, act: Act) -> None:
        self.planned.append((at, act))

    def plan_sweeps(self, *, until: date) -> None:
        """Plan the nightly sweeps from the first act to the day before `until`."""
        day = timezone.localdate(min(at for at, _ in self.planned)) + ONE_DAY
        while day < until:
            self.plan_at(moment(day, NIGHT), _sweep)
            day += ONE_DAY

    def tell(self) -> Iterator[datetime]:
        """Carry out the acts in the order of time, and deliver each one's messages; gives each act's moment."""
        for at, act in sorted(self.planned, key=lambda planned: planned[0]):
            # A broker that is away would cost a second an act; the story delivers by itself. Not around the yield:
            # whoever stops listening would leave everybody unwoken.
            with outbox.held():
                act(at)
                _deliver(at + timedelta(seconds=30))
            yield at


def moment(day: date, clock: time) -> datetime:
    return timezone.make_aware(datetime.combine(day, clock))


def _sweep(at: datetime) -> None:
    # On most nights nothing is due, and a round that does nothing writes four times all the same.
    if not _something_is_due(at):
        return
    done = sweeps.run(now=at)
    if done.failed:
        raise StoryBroken("".join(done.failed))


def _something_is_due(at: datetime) -> bool:
    on = timezone.localdate(at)
    to_tell = Q(remind_on__lte=on, reminded_at__isnull=True) | Q(
        escalate_on__lte=on, escalated_at__isnull=True
    )
    return (
        bool(postings.due(now=at))
        or Deadline.objects.filter(to_tell, settled_at__isnull=True, paused_on__isnull=True).exists()
        or bool(releases.covered_but_waiting(limit=1))
    )


def _deliver(at: datetime) -> None:
    # Each letter writes twice; in one transaction they cost one wait for the disk.
    with transaction.atomic():
        outbox.drain(now=at)
