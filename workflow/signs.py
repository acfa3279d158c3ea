"""Signs of life (心跳) of workers and beats: written by the task that a worker runs, so that a worker which lives and
takes nothing shows none."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflow.models import Heartbeat

WORKER, BEAT = "worker", "beat"
OFTEN = timedelta(seconds=20)
"""Not written more often: a sweep and a delivery come each minute and half minute."""
FORGOTTEN = timedelta(days=1)
LONGEST = Heartbeat._meta.get_field("name").max_length or 0


@dataclass(frozen=True)
class Sign:
    """One process and when it was last heard of."""

    kind: str
    where: str
    at: datetime


def give(kind: str, where: str, *, now: datetime) -> bool:
    """Write down that this process lives; false where that was done a moment ago.

    A new process takes along those that nobody has heard of for a day.
    """
    rows = Heartbeat.objects.filter(name=_name(kind, where))
    known = rows.values_list("at", flat=True).first()
    if known is not None:
        # One in the future was written before the clock was set back.
        return not known <= now < known + OFTEN and rows.update(at=now) == 1
    Heartbeat.objects.filter(name__startswith=f"{kind} ", at__lt=now - FORGOTTEN).delete()
    Heartbeat.objects.bulk_create([Heartbeat(name=_name(kind, where), at=now)], ignore_conflicts=True)
    return True


def seen() -> list[Sign]:
    """All workers and beats that were heard of, the latest first."""
    return among(Heartbeat.objects.filter(name__contains=" ").order_by("-at"))


def among(rows: Iterable[Heartbeat]) -> list[Sign]:
    """Those of the rows that are signs of workers and beats, in their order."""
    parts = [(row.name.partition(" "), row.at) for row in rows]
    return [Sign(kind, where, at) for (kind, _, where), at in parts if kind in (WORKER, BEAT)]


def _name(kind: str, where: str) -> str:
    # The end tells two processes of one machine apart.
    return f"{kind} {where[-(LONGEST - len(kind) - 1) :]}"
