"""Whether the history is what was written (核验): chains, files, daily digests, and the digests printed outside.

It reads in pieces and holds nothing open between them, so that work goes on beside it; what looks wrong is looked
at again under the case's lock before it is told.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import transaction

from applications import digests, filed, guards, ledgers, plain
from applications.history import Chain
from applications.models import (
    Application,
    DailyDigest,
    HistoryEntry,
    SealedHead,
)

CASES = 500
COLUMNS = (
    "id",
    "application_id",
    "seq",
    "at",
    "by_id",
    "level",
    "act",
    "source",
    "target",
    "text",
    "data",
    "batch",
    "previous",
    "digest",
)


@dataclass(frozen=True)
class Fault:
    """The first thing wrong in one place: a case (申请编号) or a day."""

    where: str
    what: str
    seq: int | None = None

    def __str__(self) -> str:
        return f"{self.where}：{self.what}"


def faults(
    *,
    anchors: Mapping[date, str],
    progress: Callable[[int], None] = lambda cases: None,
    contents: bool = True,
) -> Iterator[Fault]:
    """Everything wrong, the first fault of each case's chain and of each day, and every file.

    In: digests kept outside the database, by day; a function told how many cases have been read; whether every
    file is read as well. Source of the rule: GB/T 22239-2019 8.1.4.7 (integrity of audit data).
    """
    yield from unguarded()
    last = 0
    while True:
        cases = list(
            Application.objects.filter(pk__gt=last)
            .order_by("pk")
            .values_list("pk", "number", "state", "revision", named=True)[:CASES]
        )
        # The last piece is open at its end: lines of cases that are gone lie there too.
        end = cases[-1].pk if len(cases) == CASES else None
        yield from _piece(cases, after=last, end=end)
        progress(len(cases))
        if end is None:
            break
        last = end
    yield from _days(anchors)
    yield from (Fault(where, what) for where, what in ledgers.faults())
    if contents:
        yield from (Fault(where, what) for where, what in filed.wrong())


def unguarded() -> Iterator[Fault]:
    """The tables that the database does not guard against change: a trigger gone, switched off, or exchanged."""
    for table in guards.open_tables():
        yield Fault(f"数据表 {table}", "防止修改的触发器不在，被关闭了，或者被换成了别的内容。")


def _piece(cases: Sequence[Any], *, after: int, end: int | None) -> Iterator[Fault]:
    """The cases of one stretch of keys, and whatever lines and heads lie in it without a case."""
    stretch = {"gt": after} if end is None else {"gt": after, "lte": end}
    heads: dict[int, list[Any]] = defaultdict(list)
    for head in _heads(**{f"case__{k}": v for k, v in stretch.items()}):
        heads[head.case].append(head)
    uptos = dict(DailyDigest.objects.values_list("day", "upto"))
    rows = HistoryEntry.objects.filter(**{f"application__{k}": v for k, v in stretch.items()})
    standing = {case.pk: case for case in cases}
    seen, doubtful, told = set(), [], set()
    files: list[filed.Named] = []
    for key, lines in groupby(plain.read(rows), key=itemgetter(0)):
        seen.add(key)
        if not plain.sound(standing.get(key), _noting(lines, files), heads.get(key, []), uptos):
            doubtful.append(key)
    doubtful += (standing.keys() | heads.keys()) - seen
    for key in sorted(doubtful):
        fault, named = _again(key)
        files = [*(file for file in files if file.case != key), *named]
        if fault is not None:
            told.add(key)
            yield fault
    for one in filed.missing([file for file in files if file.case not in told]):
        if one.case not in told:
            told.add(one.case)
            what = f"第{one.seq}条所记的附件不在了，或者它的SHA-256被改过。"
            yield Fault(standing[one.case].number, what, one.seq)


def _heads(**which: Any) -> Any:
    """The ends of chains as they were sealed, case by case and day by day."""
    heads = SealedHead.objects.filter(**which).order_by("case", "day")
    return heads.values_list("case", "number", "seq", "digest", "day_id", named=True)


def _noting(lines: Iterable[plain.Plain], files: list[filed.Named]) -> Iterator[plain.Plain]:
    """The lines as they come; the files that they name are noted on the way."""
    for line in lines:
        if line.act in filed.FILED:
            files.extend(filed.named(line.application_id, line.seq, json.loads(line.content)))
        yield line


def _read(rows: Any) -> Any:
    return rows.order_by("application_id", "seq").values_list(*COLUMNS, named=True).iterator(chunk_size=2000)


def _again(key: int) -> tuple[Fault | None, list[filed.Named]]:
    """Look at one case a second time while nobody can write to it: its rows were not read at one moment.

    Out: its first fault, if there is one, and the files that its lines name.
    """
    with transaction.atomic():
        case = Application.objects.select_for_update(of=("self",), no_key=True).filter(pk=key).first()
        heads = list(_heads(case=key))
        uptos = dict(DailyDigest.objects.values_list("day", "upto"))
        lines = list(_read(HistoryEntry.objects.filter(application=key)))
    files = [
        file for line in lines if line.act in filed.FILED for file in filed.named(key, line.seq, line.data)
    ]
    found = _first(case, lines, heads, uptos)
    if found is None:
        return None, files
    number = case.number if case else heads[0].number if heads else f"第{key}号申请"
    return Fault(number, found[1], found[0]), files


def _first(
    case: Any, lines: Iterable[Any], heads: Sequence[Any], uptos: Mapping[date, int]
) -> tuple[int, str] | None:
    """The first fault of one case: its line's number and what is wrong."""
    chain, due, since = Chain(), list(heads), 0
    for line in lines:
        expected = chain.seq + 1
        found = chain.next(line, pk=line.id)
        if found:
            # A line that was exchanged shows in the one behind it.
            return (max(1, expected - 1) if "被换过" in found[0] else expected, found[0])
        if due and line.seq > due[0].seq:
            return due[0].seq, f"第{due[0].seq}条缺失，{due[0].day_id}的日摘要记有它。"
        upto = uptos.get(due[0].day_id) if due else None
        if line.id <= since or (upto is not None and line.id > upto):
            return line.seq, f"第{line.seq}条的行号不在封存的范围内，这一行被换过或者是后来插入的。"
        if due and line.seq == due[0].seq:
            head = due.pop(0)
            if line.digest != head.digest:
                return (
                    line.seq,
                    f"第{line.seq}条与{head.day_id}的日摘要所记的不同，这一条或它之前的记录被重写过。",
                )
            since = upto or since
    if case is None:
        gone = f"，{due[0].day_id}的日摘要记有第{due[0].seq}条" if due else ""
        return 1, f"整件申请不在了{gone}。"
    if due and chain.seq < due[0].seq and chain.seq == case.revision:
        return chain.seq + 1, f"第{chain.seq + 1}条起缺失，{due[0].day_id}的日摘要记有第{due[0].seq}条。"
    found = chain.end(revision=case.revision, state=case.state)
    if found:
        return min(chain.seq, case.revision) + 1 if chain.seq != case.revision else chain.seq, found[0]
    return None


def _days(anchors: Mapping[date, str]) -> Iterator[Fault]:
    """The daily digests: each over its heads, each holding the one before, each as it was printed."""
    previous, upto = "", 0
    days = set()
    for day in DailyDigest.objects.order_by("day"):
        days.add(day.day)
        heads = _heads(day=day).iterator(chunk_size=2000)
        what = ""
        if day.digest != digests.fingerprint(day, heads, day.records.all()):
            what = "日摘要与所记的各链末端不符。"
        elif day.previous != previous:
            what = "前一天的日摘要缺失或者被换过。"
        elif day.upto < upto:
            what = "封存的范围比前一天的小。"
        elif anchors.get(day.day, day.digest) != day.digest:
            what = "日摘要与印出的不同，记录被整体重写过。"
        if what:
            yield Fault(f"{day.day}", what)
        previous, upto = day.digest, day.upto
    for missing in sorted(anchors.keys() - days):
        yield Fault(f"{missing}", "印出过日摘要，数据库里却没有。")
