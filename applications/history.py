"""Writing and reading the audit lines of cases: one per act and case, numbered by revision, chained by SHA-256."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from json.encoder import encode_basestring as _quoted
from typing import Any, Protocol
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


class Written(Protocol):
    """What a digest is taken over: an entry, or a row of its columns."""

    @property
    def application_id(self) -> int: ...
    @property
    def seq(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def by_id(self) -> int | None: ...
    @property
    def level(self) -> str: ...
    @property
    def act(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def data(self) -> Any: ...
    @property
    def batch(self) -> UUID: ...
    @property
    def previous(self) -> str: ...
    @property
    def digest(self) -> str: ...


START = "draft"
"""The state before a case's first line."""
spell = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def spelling(
    *,
    act: str,
    application: int,
    at: str,
    batch: str,
    by: int | None,
    data: str,
    level: str,
    previous: str,
    seq: int,
    source: str,
    target: str,
    text: str,
) -> str:
    """The one spelling of an entry that its digest is taken over: JSON with sorted keys, no spaces, UTC.

    In: the columns, with moment, batch and data spelt already. The keys are written out because a million lines are
    spelt when the history is verified.
    """
    return (
        f'{{"act":{_quoted(act)},"application":{application},"at":"{at}","batch":"{batch}",'
        f'"by":{"null" if by is None else by},"data":{data},"level":{_quoted(level)},'
        f'"previous":{_quoted(previous)},"seq":{seq},"source":{_quoted(source)},'
        f'"target":{_quoted(target)},"text":{_quoted(text)}}}'
    )


def canonical(entry: Written) -> str:
    """The spelling of an entry as it was read or is about to be written."""
    return spelling(
        act=entry.act,
        application=entry.application_id,
        at=entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        batch=f"{entry.batch}",
        by=entry.by_id,
        data=spell(entry.data),
        level=entry.level,
        previous=entry.previous,
        seq=entry.seq,
        source=entry.source,
        target=entry.target,
        text=entry.text,
    )


def digest(entry: Written) -> str:
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
            # As the database gives it back (decimals and dates as text), so that a later check agrees.
            data=json.loads(json.dumps(dict(line.data), cls=DjangoJSONEncoder)),
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


class Chain:
    """Follows the lines of one case in the order of their numbers and says what does not fit."""

    def __init__(self) -> None:
        self.seq = 0
        self.state = START
        self._digest = ""
        self._pk = 0

    def next(self, entry: Written, *, pk: int) -> list[str]:
        """Take the next line; answer with what is wrong with it, the gravest first."""
        found = []
        if entry.seq != self.seq + 1:
            found.append(f"第{self.seq + 1}条缺失，其后是第{entry.seq}条。")
        if entry.digest != digest(entry):
            found.append(f"第{entry.seq}条与摘要不符。")
        elif entry.previous != self._digest and not found:
            gone = f"第{self.seq}条被换过" if self.seq else "第1条之前有过别的记录"
            found.append(f"{gone}，第{entry.seq}条记的前一条摘要与它不符。")
        if entry.source != self.state:
            found.append(f"第{entry.seq}条的原状态与前一条的新状态不连续。")
        if pk <= self._pk:
            found.append(f"第{entry.seq}条写入的先后次序不对。")
        self.seq, self.state, self._digest, self._pk = entry.seq, entry.target, entry.digest, pk
        return found

    def end(self, *, revision: int, state: str) -> list[str]:
        """Compare the last line with the case itself."""
        found = []
        if self.seq != revision:
            found.append(f"记录到第{self.seq}条，申请的修订号是{revision}。")
        if self.state != state:
            found.append("最后一条记录的状态与申请的状态不一致。")
        return found


def faults(application: Application) -> list[str]:
    """What is wrong with a case's history: gaps, wrong digests, a last state that is not the case's."""
    chain = Chain()
    found = [
        fault for entry in application.history.order_by("seq") for fault in chain.next(entry, pk=entry.pk)
    ]
    return [*found, *chain.end(revision=application.revision, state=application.state)]
