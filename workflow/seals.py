"""Whether the lists still are what was sealed when they were displayed (名单封存): looked at before the last day too.

Closing a sheet asks the same and stops; by then the change has hung on the web for days.
"""

import logging
from collections.abc import Iterator
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from workflow import postings, sheets
from workflow.models import Heartbeat, Posting, PostingState

log = logging.getLogger(__name__)

CHUNK = 50
"""Sheets read at a time, each with its whole list."""
NAME = "seals"


def sealed() -> QuerySet[Posting]:
    """Every sheet that was ever displayed or published: whatever became of it, its list is frozen."""
    return Posting.objects.exclude(state=PostingState.DRAFT)


def broken(rows: QuerySet[Posting]) -> Iterator[Posting]:
    """Those of the sheets whose heading or list is not what was sealed; an empty seal is a broken one."""
    last = 0
    while chunk := list(rows.filter(pk__gt=last).order_by("pk").prefetch_related("entries")[:CHUNK]):
        yield from (posting for posting in chunk if not sheets.is_intact(posting, posting.entries.all()))
        last = chunk[-1].pk


def look(*, now: datetime) -> int:
    """Look at the sheets on display once a day, and tell the administrators, once each, of those that are broken.

    Returns how many it found; 0 too where the look of today is done.
    """
    if Heartbeat.objects.filter(name=NAME, at__gte=_midnight(now), at__lte=now).exists():
        return 0
    found = 0
    for posting in broken(Posting.objects.on_display()):
        found += 1
        log.error("posting %s is not what was displayed", posting.pk)
        postings.report_tampered(posting.pk, now=now)
    Heartbeat.objects.update_or_create(name=NAME, defaults={"at": now, "items": found})
    return found


def _midnight(now: datetime) -> datetime:
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
