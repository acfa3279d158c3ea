"""Writing and reading the audit lines of cases: one per act and case, numbered by revision, chained by SHA-256."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Max

from applications.models import Application, HistoryEntry
from applications.states import Level


@dataclass(frozen=True)
class Line:
    """What a verb has to say about one case. `application` already carries its new revision."""

    application: Application
    act: str
    source: str
    target: str
    text: str = ""
    level: Level | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def canonical(entry: HistoryEntry) -> str:
    """The one spelling of an entry that its digest is taken over: sorted keys, no spaces, UTC."""
    # The data as the database gives it back (decimals and dates as text), so that a later check agrees.
    data = json.loads(json.dumps(entry.data, cls=DjangoJSONEncoder))
    content = {
        "application": entry.application_id,
        "seq": entry.seq,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "by": entry.by_id,
        "level": entry.level,
        "act": entry.act,
        "source": entry.source,
        "target": entry.target,
        "text": entry.text,
        "data": data,
        "batch": str(entry.batch),
        "previous": entry.previous,
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(entry: HistoryEntry) -> str:
    """The SHA-256 of an entry in its canonical spelling, which holds the digest of the one before."""
    return hashlib.sha256(canonical(entry).encode()).hexdigest()


def record(lines: Sequence[Line], *, by: int | None, at: datetime, batch: UUID) -> list[HistoryEntry]:
    """Append one line per case: two statements for any number of cases, under the cases' lock."""
    heads = _heads(line.application.pk for line in lines)
    entries = []
    for line in lines:
        entry = HistoryEntry(
            application=line.application,
            seq=line.application.revision,
            at=at,
            by_id=by,
            level=line.level or "",
            act=line.act,
            source=line.source,
            target=line.target,
            text=line.text,
            data=dict(line.data),
            batch=batch,
            previous=heads.get(line.application.pk, ""),
        )
        entry.digest = digest(entry)
        entries.append(entry)
    return HistoryEntry.objects.bulk_create(entries)


def _heads(ids: Iterable[int]) -> dict[int, str]:
    """The digest of each case's last line, read in one statement."""
    keys = list(ids)
    last = (
        HistoryEntry.objects.filter(application__in=keys)
        .order_by()
        .values("application")
        .annotate(last=Max("pk"))
        .values("last")
    )
    return dict(HistoryEntry.objects.filter(pk__in=last).order_by().values_list("application_id", "digest"))


def faults(application: Application) -> list[str]:
    """What is wrong with a case's history: gaps, wrong digests, a last state that is not the case's."""
    found = []
    previous, expected, state = "", 1, "draft"
    for entry in application.history.order_by("seq"):
        if entry.seq != expected:
            found.append(f"第{expected}条缺失，其后是第{entry.seq}条。")
        if entry.previous != previous or entry.digest != digest(entry):
            found.append(f"第{entry.seq}条与摘要不符。")
        if entry.source != state:
            found.append(f"第{entry.seq}条的原状态与前一条的新状态不连续。")
        previous, expected, state = entry.digest, entry.seq + 1, entry.target
    if expected != application.revision + 1:
        found.append(f"记录到第{expected - 1}条，申请的修订号是{application.revision}。")
    if state != application.state:
        found.append("最后一条记录的状态与申请的状态不一致。")
    return found
