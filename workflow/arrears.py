"""What the clock has done to cases before a round has come by (未及办结的期满事项): made up for before an act is judged.

An act on a case must not come out differently because beat or worker stood still: an objection that comes after a
sheet's last day finds the sheet closed, and nobody takes a row off a sheet whose period is over.
"""

import logging
from collections.abc import Collection
from datetime import datetime

from workflow import closings, photos, releases
from workflow.models import EntryOutcome

log = logging.getLogger(__name__)


def make_up(applications: Collection[int], *, now: datetime, by: datetime | None = None) -> None:
    """Close the ended sheets that these cases hang on, and release those that an earlier period covers.

    Each in a transaction of its own, before that of the act: it stands whether the act is refused or not. What cannot
    be closed stops no act; the rounds report it. `by` is the moment before which a sheet must have ended, where that is
    not now: what was received within the period is not too late because it was written down after it.
    """
    keys = list(applications)
    hanging = closings.ended(now=by or now).filter(
        entries__application__in=keys, entries__outcome=EntryOutcome.ON_DISPLAY
    )
    for posting in set(hanging.values_list("pk", flat=True)):
        try:
            photos.ask([posting], now=now)
            closings.close_all([posting], now=now)
        except Exception:
            log.exception("posting %s could not be closed before an act on its cases", posting)
    covered = list(releases.covered().filter(pk__in=keys).values_list("pk", flat=True))
    if covered:
        try:
            releases.pass_covered(covered, now=now)
        except Exception:
            log.exception("%s covered cases could not be released before an act on them", len(covered))
