"""The lines of the history as the database spells them (原样读取), and whether a case's chain is sound, said quickly.

A million lines are read when the history is verified: turning each moment, batch and content into an object, only to
spell it again, took two thirds of the time. Whatever is not sound here is looked at again, and named, by `verification`;
so this must never call sound what that would name, and may be stricter.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Any, NamedTuple

from django.db.models import F, Func, QuerySet, TextField
from django.db.models.functions import Cast

from applications.history import START, spell, spelling
from applications.models import HistoryEntry

_parsed = json.JSONDecoder().raw_decode


class Moment(Func):
    """A moment as `datetime.isoformat` spells it in UTC, with microseconds."""

    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')"""
        return super().as_sql(compiler, connection, template=template, **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        # Django keeps "2021-03-01 04:00:00", and six more digits where there are any. Nothing is cut off: what was
        # put behind a moment must show.
        (source,) = self.source_expressions
        column, values = compiler.compile(source)
        long = f"replace({column}, ' ', 'T')"
        return f"{long} || CASE length({column}) WHEN 19 THEN '.000000' ELSE '' END || '+00:00'", values * 2


class Batch(Func):
    """A batch as `str(UUID)` spells it."""

    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return super().as_sql(compiler, connection, template="(%(expressions)s)::text", **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        (source,) = self.source_expressions
        column, values = compiler.compile(source)
        parts = (f"substr({column}, {start})" for start in ("1, 8", "9, 4", "13, 4", "17, 4", "21"))
        return " || '-' || ".join(parts), values * 5


class Plain(NamedTuple):
    """One line; `moment`, `content` and `lot` are the text of its time, its data and its batch."""

    application_id: int
    id: int
    seq: int
    moment: str
    by_id: int | None
    level: str
    act: str
    source: str
    target: str
    text: str
    content: str
    lot: str
    previous: str
    digest: str


def read(rows: QuerySet[HistoryEntry]) -> Iterator[Plain]:
    """The lines of a query in the order of cases, and of their numbers."""
    plain = rows.annotate(
        moment=Moment(F("at")), content=Cast("data", TextField()), lot=Batch(F("batch"))
    ).order_by("application_id", "seq")
    return map(Plain._make, plain.values_list(*Plain._fields).iterator(chunk_size=2000))


def canonical(line: Plain) -> str:
    """What `history.canonical` makes of the entry."""
    data, end = _parsed(line.content)
    return spelling(
        act=line.act,
        application=line.application_id,
        at=line.moment,
        batch=line.lot,
        by=line.by_id,
        # What stands behind the end of the content must show: it is no JSON then.
        data=spell(data) + line.content[end:],
        level=line.level,
        previous=line.previous,
        seq=line.seq,
        source=line.source,
        target=line.target,
        text=line.text,
    )


def sound(case: Any, lines: Iterable[Plain], heads: Sequence[Any], uptos: Mapping[date, int]) -> bool:
    """Whether the lines follow one another from the first to the case as it stands, and are those that were sealed.

    In: the case or None, its lines in order, the ends of its chain by day, the last row that each day covers.
    """
    seq = last = since = 0
    state, previous = START, ""
    due = iter(heads)
    head = next(due, None)
    for line in lines:
        seq += 1
        upto = uptos.get(head.day_id) if head else None
        if (
            line.seq != seq
            or line.previous != previous
            or line.source != state
            or line.id <= last
            or line.id <= since
            or (upto is not None and line.id > upto)
            or line.digest != sha256(canonical(line).encode()).hexdigest()
        ):
            return False
        if head and head.seq <= seq:
            if head.seq != seq or head.digest != line.digest:
                return False
            since, head = upto or since, next(due, None)
        last, state, previous = line.id, line.target, line.digest
    return head is None and case is not None and seq == case.revision and state == case.state
