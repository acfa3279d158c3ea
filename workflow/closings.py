"""Closing sheets after their last day has ended (期满办结): up to a chunk of them under one lock, in one transaction."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from notifications import catalogue
from notifications.outbox import Notice
from registry.refusal import Refused
from workflow import certificates, engine, releases, sheets
from workflow.calendar import ONE_DAY
from workflow.models import EntryOutcome, Posting, PostingEntry, PostingState
from workflow.proceedings import Proceeding
from workflow.results import Ref, Result

BUSY = "正在由别人办理，下一轮再办结。"


class PostingStillOpen(Refused):
    """Closing a sheet before its last day has ended."""


def ended(*, now: datetime) -> QuerySet[Posting]:
    """Sheets whose last day of display has ended, oldest first."""
    rows = Posting.objects.filter(state=PostingState.DISPLAYED, closes_on__lt=timezone.localdate(now))
    return rows.order_by("closes_on", "pk")


def due(*, now: datetime, limit: int | None = None) -> list[int]:
    """The keys of the sheets whose last day of display has ended, oldest first."""
    return list(ended(now=now).values_list("pk", flat=True)[:limit])


def within(keys: Sequence[int], *, rows: int) -> list[int]:
    """As many of the sheets, in their order, as together show so many rows; at least one."""
    hanging = Count("entries", filter=Q(entries__outcome=EntryOutcome.ON_DISPLAY))
    sizes = dict(
        Posting.objects.filter(pk__in=keys).order_by().annotate(size=hanging).values_list("pk", "size")
    )
    found: list[int] = []
    total = 0
    for key in keys:
        total += sizes.get(key, 0)
        if found and total > rows:
            break
        found.append(key)
    return found


def close(posting_id: int, *, now: datetime) -> Result:
    """Close a sheet whose last day has ended: entries without an open objection pass, the others are held.

    Idempotent: a sheet that is closed already answers with that. Raises PostingStillOpen or ListTampered.
    """
    return close_all([posting_id], now=now)[0]


def close_all(postings: Sequence[int], *, now: datetime, skip_locked: bool = False) -> list[Result]:
    """Close sheets, all or none of those that may be closed; one that is closed already answers with that.

    With `skip_locked` a sheet that somebody holds, or one of whose cases somebody holds, is passed by.
    """
    with transaction.atomic(durable=True):
        hanging = PostingEntry.objects.filter(posting__in=postings, outcome=EntryOutcome.ON_DISPLAY)
        named = dict(hanging.order_by().values_list("application_id", "posting_id"))
        held = engine.locked([], postings=postings, skip_locked=skip_locked).postings
        # Only the cases of sheets that this round holds: else two rounds, one with the sheets and one with their
        # cases, would pass each other by and neither close anything.
        theirs = [Ref(key) for key, posting in named.items() if posting in held]
        locked = engine.Locked(held, engine.locked(theirs, skip_locked=skip_locked).cases)
        proceeding = Proceeding(locked, None, now)
        results: list[Result] = []
        entries = _entries(locked.postings)
        open_sheets: list[Posting] = []
        for key in postings:
            posting = locked.postings.get(key)
            if posting is None:
                results.append(Result(key, "", False, f"该公示{BUSY}"))
            elif posting.state != PostingState.DISPLAYED:
                results.append(Result(key, posting.number, False, f"{posting}已不在公示中。"))
            elif posting.closes_on is None or posting.closes_on >= proceeding.today:
                raise PostingStillOpen(f"{posting}公示至{posting.closes_on}，当天结束之后才能办结。")
            elif any(entry.application_id not in locked.cases for entry in _hanging(entries[key])):
                results.append(Result(key, posting.number, False, f"{posting}{BUSY}"))
            else:
                sheets.verify(posting, entries[key])
                open_sheets.append(posting)
        results += _finish(open_sheets, entries, proceeding)
        order = {key: place for place, key in enumerate(postings)}
        return sorted(results, key=lambda result: order[result.pk])


def _entries(postings: dict[int, Posting]) -> dict[int, list[PostingEntry]]:
    found: dict[int, list[PostingEntry]] = defaultdict(list)
    for entry in PostingEntry.objects.filter(posting__in=list(postings)).order_by("posting", "position"):
        entry.posting = postings[entry.posting_id]
        found[entry.posting_id].append(entry)
    return found


def _hanging(entries: Sequence[PostingEntry]) -> list[PostingEntry]:
    return [entry for entry in entries if entry.outcome == EntryOutcome.ON_DISPLAY]


def _finish(
    postings: Sequence[Posting], entries: dict[int, list[PostingEntry]], proceeding: Proceeding
) -> list[Result]:
    """Outcomes, states, certificates, and the cases that go on; the standings are looked at again in between."""
    if not postings:
        return []
    hanging = {posting.pk: _hanging(entries[posting.pk]) for posting in postings}
    everything = [entry for rows in hanging.values() for entry in rows]
    held = {
        entry.application_id
        for entry in everything
        if proceeding.standings[entry.application_id].open_objections
    }
    passed = [entry for entry in everything if entry.application_id not in held]
    stopped = [entry for entry in everything if entry.application_id in held]
    for rows, outcome in ((passed, EntryOutcome.PASSED), (stopped, EntryOutcome.NOT_PASSED)):
        if rows:
            # Not bulk_update: one value for all is far less work than a CASE per row.
            keys = [entry.pk for entry in rows]
            PostingEntry.objects.filter(pk__in=keys).update(outcome=outcome, outcome_at=proceeding.at)
        for entry in rows:
            entry.outcome, entry.outcome_at = outcome, proceeding.at
    results, notices = [], []
    received = certificates.gather(postings)
    for posting in postings:
        theirs = {entry.application_id for entry in hanging[posting.pk]}
        posting.close()
        sheets.write(
            posting,
            source=PostingState.DISPLAYED,
            closed_at=proceeding.at,
            certificate=certificates.statement(
                posting, entries[posting.pk], theirs & held, received[posting.pk]
            ),
            certificate_facts=certificates.facts(
                posting, entries[posting.pk], theirs & held, received[posting.pk], at=proceeding.at
            ),
        )
        numbers = {"passed": len(theirs - held), "held": len(theirs & held)}
        results.append(Result(posting.pk, posting.number, True, data=numbers))
        notices.append(_notice(posting, numbers))
    proceeding.regather()
    for entry in everything:
        if entry.application_id not in held:
            releases.release(proceeding, entry.application_id)
    after = {
        entry.application_id: posting.closes_on + ONE_DAY
        for posting in postings
        if posting.closes_on is not None
        for entry in hanging[posting.pk]
    }
    releases.count_from(proceeding, after)
    proceeding.write()
    proceeding.say(notices)
    return results


def _notice(posting: Posting, numbers: dict[str, int]) -> Notice:
    return Notice(
        event=catalogue.POSTING_CLOSED,
        fact=f"posting:{posting.pk}",
        recipients=[posting.created_by],
        context={"number": posting.number, **numbers},
        url=posting.get_absolute_url(),
    )
