"""What a round could not do (未办成事项): it waits for its next try, longer each time, and stops nothing behind it."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from registry.refusal import Refused
from workflow.models import Setback, SetbackKind

log = logging.getLogger(__name__)

SHORTEST = timedelta(minutes=1)
LONGEST = timedelta(hours=6)
STUBBORN = 3
"""Tries after which a thing will hardly go by itself: the health page shows it."""


def note(kind: SetbackKind, key: int, failure: Exception, *, now: datetime) -> Setback:
    """Write down that a thing failed, why, and when it is tried again: after 1, 2, 4 … minutes, at most 6 hours."""
    with transaction.atomic(durable=True):
        kept, _ = Setback.objects.select_for_update().get_or_create(
            kind=kind, key=key, defaults={"first_at": now, "last_at": now, "next_try_at": now}
        )
        # A doubling that is capped before it is taken: two to the power of a thousand tries is no timedelta.
        wait = SHORTEST * 2 ** min(kept.attempts, 9)
        kept.attempts += 1
        kept.reason, kept.last_at, kept.next_try_at = worded(failure), now, now + min(wait, LONGEST)
        kept.save()
    return kept


def worded(failure: Exception) -> str:
    """Why it failed: a refusal's sentence, or the error's name with its first line alone, since a database adds rows."""
    if isinstance(failure, Refused):
        return failure.sentence[:300]
    first = next(iter(str(failure).splitlines()), "")
    return f"{type(failure).__name__}: {first}"[:300]


def resting(kind: SetbackKind, *, now: datetime) -> QuerySet[Setback]:
    """The things of a kind whose next try is still to come.

    A time further off than any that is given now was given before the clock was set back, and counts for nothing.
    """
    return Setback.objects.filter(kind=kind, next_try_at__gt=now, next_try_at__lte=now + LONGEST)


def is_resting(kind: SetbackKind, *, now: datetime) -> Q:
    """The same as a condition on an outer query of the things themselves."""
    return Q(Exists(resting(kind, now=now).filter(key=OuterRef("pk"))))


def tried(kind: SetbackKind, *, now: datetime) -> QuerySet[Setback]:
    """The things of a kind whose next try has come, or was given before the clock was set back."""
    return Setback.objects.filter(Q(next_try_at__lte=now) | Q(next_try_at__gt=now + LONGEST), kind=kind)


def forget(kind: SetbackKind, *, now: datetime) -> int:
    """Everything of a kind has been tried: what did not fail again is done, or nobody's business any more."""
    return tried(kind, now=now).delete()[0]


def again(keys: Iterable[int], *, by: int | None, at: datetime) -> int:
    """Let things be tried in the next round, with who asked for it. Returns how many there were."""
    rows = Setback.objects.filter(pk__in=list(keys))
    number = rows.update(next_try_at=at, asked_by=by)
    log.info("%s setbacks are tried again at once, asked by user %s", number, by)
    return number
