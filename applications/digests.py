"""The daily digest (日摘要): what ties the chains of all cases together, to be printed where nobody can rewrite it."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, islice
from operator import attrgetter, itemgetter

from django.db import connection, transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from applications import ledgers
from applications.models import DailyDigest, HistoryEntry, SealedHead, SealedRecord

BATCH = 500


def sealed(*, now: datetime) -> QuerySet[DailyDigest]:
    """The digest of the day that has ended, or of a later one: nothing is to be sealed where there is one."""
    return DailyDigest.objects.filter(day__gte=timezone.localdate(now) - timedelta(days=1))


def seal(*, now: datetime) -> DailyDigest | None:
    """Write the digest of the day that has ended, once; nothing where it is there already.

    In: the moment. Out: the digest that was written. It covers every line written since the last one, also
    after days on which nothing ran.
    """
    day = timezone.localdate(now) - timedelta(days=1)
    if sealed(now=now).exists():
        return None
    with transaction.atomic(durable=True):
        _wait_for_writers()
        last = DailyDigest.objects.order_by("day").last()
        if last is not None and last.day >= day:
            return None
        since, previous = (last.upto, last.digest) if last else (0, "")
        upto = HistoryEntry.objects.aggregate(last=Max("pk"))["last"] or since
        made = DailyDigest(day=day, made_at=now, upto=upto, cases=0, entries=0, previous=previous)
        records = ledgers.seal(made, now=now)
        made.digest = fingerprint(made, _kept(_heads(made, since=since)), records)
        made.save(force_insert=True)
        SealedRecord.objects.bulk_create(records)
        return made


def _wait_for_writers() -> None:
    """Let the lines now being written be committed: a number given earlier must not appear after the sealing."""
    # On SQLite the IMMEDIATE transaction has waited already.
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {HistoryEntry._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")


def _heads(made: DailyDigest, *, since: int) -> Iterator[SealedHead]:
    """The last line of each case that has new ones, in the order of cases; counts them on the way."""
    rows = (
        HistoryEntry.objects.filter(pk__gt=since, pk__lte=made.upto)
        .order_by("application_id", "seq")
        .values_list("application_id", "application__number", "seq", "digest")
    )
    for case, lines in groupby(rows.iterator(chunk_size=2000), key=itemgetter(0)):
        *earlier, line = lines
        made.entries += len(earlier) + 1
        made.cases += 1
        yield SealedHead(day=made, case=case, number=line[1], seq=line[2], digest=line[3])


def _kept(heads: Iterator[SealedHead]) -> Iterator[SealedHead]:
    """Write the heads in batches and hand them on."""
    while batch := list(islice(heads, BATCH)):
        yield from SealedHead.objects.bulk_create(batch)


def fingerprint(day: DailyDigest, heads: Iterable[SealedHead], records: Iterable[SealedRecord] = ()) -> str:
    """The SHA-256 over each end of a chain, in the order of cases, over the records beside them, and then over the day
    and the digest before it."""
    found = hashlib.sha256()
    for head in heads:
        found.update(f"{head.case} {head.number} {head.seq} {head.digest}\n".encode())
    for record in sorted(records, key=attrgetter("record")):
        found.update(f"{record.record} {record.upto} {record.rows} {record.digest}\n".encode())
    made_at = day.made_at.astimezone(UTC).isoformat(timespec="microseconds")
    # The day comes last: how many cases and lines it has is known when its heads have gone by.
    found.update(f"{day.day} {made_at} {day.upto} {day.cases} {day.entries} {day.previous}\n".encode())
    return found.hexdigest()


def printed(on: date) -> DailyDigest | None:
    """The digest that a sheet published on a day carries: that of the last sealed day before it."""
    return DailyDigest.objects.filter(day__lt=on).order_by("day").last()


def line(on: date | None) -> str:
    """The line that ties a sheet published on a day to the history, on the page, on paper and in the document."""
    found = printed(on) if on else None
    return f"办理记录日摘要（截至{found.day:%Y-%m-%d}，SHA-256）：{found.digest}" if found else ""
