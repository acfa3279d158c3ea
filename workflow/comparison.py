"""One truth across the lists: village, township, district and announcement, row by row, each difference with its event.

What a row showed when it was put up stands in the case's history, which is chained; so a row changed behind the
verbs' back is found by itself, and every difference between two lists lies between two lines of the record.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from applications.amounts import plain
from applications.models import Application, HistoryEntry
from applications.states import Level, State
from registry.refusal import Refused
from workflow import records, sheets, standings
from workflow.models import (
    EntryOutcome,
    Objection,
    Posting,
    PostingEntry,
    PostingKind,
    PostingState,
    word_for,
)
from workflow.steps import staff_label

NAMED_AT_ONCE = 5


class ListsDisagree(Refused):
    """Two lists differ, and no recorded event says why."""


@dataclass(frozen=True)
class Event:
    """A line of the record that explains a difference."""

    line: HistoryEntry
    word: str


@dataclass(frozen=True)
class Difference:
    """One field that two neighbouring lists show differently, or a row that the next list no longer has."""

    lists: str
    label: str
    before: str
    after: str
    events: tuple[Event, ...] = ()


@dataclass
class Line:
    """One case along the lists: what each shows (None: it has no such row), and what differs."""

    case: Application
    cells: dict[PostingKind, PostingEntry | None]
    differences: list[Difference] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def sentences(self) -> list[str]:
        return [f"{self.case.payee.name}（{self.case.number}）：{fault}" for fault in self.faults]


@dataclass
class Comparison:
    """The rows of an announcement, and the rows that stood beside them on a list and are not announced with them."""

    lines: list[Line]
    absent: list[Line]

    @property
    def faults(self) -> list[str]:
        return [sentence for line in [*self.lines, *self.absent] for sentence in line.sentences]

    def enforce(self) -> None:
        """Raise ListsDisagree, which names the rows, where something is not explained."""
        if faults := self.faults:
            more = f"；等{len(faults)}处" if len(faults) > NAMED_AT_ONCE else ""
            raise ListsDisagree(f"各级名单对不上，不能公告：{'；'.join(faults[:NAMED_AT_ONCE])}{more}。")


def compare(posting: Posting, cases: Sequence[Application]) -> Comparison:
    """Compare the lists behind these cases of an announcement: four statements for any number of them.

    The cases carry payee, village, household and programme.
    """
    keys = [case.pk for case in cases]
    ours: dict[int, list[PostingEntry]] = defaultdict(list)
    drafted: dict[int, PostingEntry] = {}
    for entry in _rows(Q(posting=posting) | _shown(posting)).filter(application__in=keys):
        if entry.posting_id == posting.pk:
            drafted[entry.application_id] = entry
        else:
            ours[entry.application_id].append(entry)
    chosen = {case.pk: _chosen(case, ours[case.pk]) for case in cases}
    lists = {entry.posting_id for cells in chosen.values() for entry in cells.values() if entry}
    theirs: dict[int, list[PostingEntry]] = defaultdict(list)
    beside = PostingEntry.objects.filter(posting__in=lists).exclude(application__in=keys)
    stopped = Objection.objects.open().filter(application=OuterRef("application"))
    others = _rows(_shown(posting)).filter(application__in=beside.values("application"))
    for entry in others.annotate(objected=Exists(stopped)):
        theirs[entry.application_id].append(entry)
    lines_of = records.of([*keys, *theirs])
    announced = dict(zip(keys, sheets.public_rows(cases), strict=True))
    lines = [
        _line(case, chosen[case.pk], drafted[case.pk], announced[case.pk], lines_of[case.pk])
        for case in cases
    ]
    absent = [
        _absent(entries, _as_seen(entries, lines_of[key]), lists, objected=vars(entries[0])["objected"])
        for key, entries in theirs.items()
    ]
    known = {(entry.application_id, entry.posting_id) for entry in _all(ours, theirs)}
    return Comparison(lines, [*absent, *_lost(posting, lists, known)])


def _shown(posting: Posting) -> Q:
    """Rows that were really shown, on other sheets than this one."""
    return ~Q(posting__state=PostingState.DRAFT) & ~Q(posting=posting)


def _rows(which: Q) -> QuerySet[PostingEntry]:
    rows = PostingEntry.objects.filter(which)
    return rows.select_related("posting", "application__payee", "application__village").order_by("pk")


def _as_seen(entries: Sequence[PostingEntry], record: records.Record) -> records.Record:
    """The record up to the revision that came with the rows: these cases are not locked, and somebody may publish
    them between our two statements."""
    return [line for line in record if line.seq <= entries[0].application.revision]


def _all(*groups: Mapping[int, Sequence[PostingEntry]]) -> Iterator[PostingEntry]:
    for group in groups:
        for entries in group.values():
            yield from entries


def _chosen(case: Application, entries: Sequence[PostingEntry]) -> dict[PostingKind, PostingEntry | None]:
    """The row of each level that stands for the case: the last that covers it, else the last that ran."""
    cells: dict[PostingKind, PostingEntry | None] = {}
    for level in Level:
        ran = [one for one in entries if one.level == level and one.outcome in standings.RAN]
        covering = [one for one in ran if standings.covers(one, case)]
        cells[PostingKind(level)] = (covering or ran)[-1] if ran else None
    return cells


def _line(
    case: Application,
    cells: dict[PostingKind, PostingEntry | None],
    drafted: PostingEntry,
    announced: dict[str, Any],
    record: records.Record,
) -> Line:
    """One case of the announcement: each row as it was put up, each difference between neighbours recorded."""
    line = Line(case, {**cells, PostingKind.ANNOUNCEMENT: drafted})
    line.faults += records.chain_faults(record)
    changes = list(records.changes(record))
    shown = []
    for kind, entry in cells.items():
        if entry is None:
            line.faults.append(f"没有公示期满的{kind.label}条目")
            continue
        line.faults += records.row_faults(entry, record)
        hung = records.put_up(entry, record)
        shown.append((kind.label, records.values(entry.row, entry.payee_id), hung.seq if hung else 0))
    if drafted.outcome == EntryOutcome.PICKED:
        since = next((one.seq for one in record if one.at > drafted.posting.created_at), len(record) + 1)
        drafted_values = records.values(drafted.row, drafted.payee_id)
        if _columns(drafted) != (drafted.row.get("quantity"), drafted.row.get("amount")):
            line.faults.append("公告名单上这一行的数量或金额前后不一致")
        now = records.values(announced, case.payee_id)
        _differ(
            line, "公告拟稿→公告", drafted_values, now, records.between(changes, since - 1, len(record) + 1)
        )
    else:
        now = records.values(drafted.row, drafted.payee_id)
    line.faults += records.final_faults(now, record)
    shown.append((PostingKind.ANNOUNCEMENT.label, now, len(record) + 1))
    for (lower, before, start), (upper, after, end) in pairwise(shown):
        between = records.between(changes, min(start, end), max(start, end))
        _differ(line, f"{lower}→{upper}", before, after, between)
    return line


def _absent(
    entries: Sequence[PostingEntry], record: records.Record, lists: set[int], *, objected: bool
) -> Line:
    """A case that stood on one of the lists and is not announced here: the record says what became of it."""
    case = entries[0].application
    cells = {
        kind: next((one for one in reversed(entries) if one.level == kind), None) for kind in PostingKind
    }
    line = Line(case, cells)
    line.faults += records.chain_faults(record)
    for entry in entries:
        if entry.posting_id in lists:
            line.faults += records.row_faults(entry, record)
    last = next(entry for entry in reversed(entries) if entry.posting_id in lists)
    fate, event = _fate(last, entries, record)
    if event is None:
        line.faults.append(f"{fate}，没有对应的办理记录")
    words = f"{fate}，有未办结异议" if objected else fate
    events = (_event(event),) if event else ()
    where = f"{PostingKind(last.level).label}→公告"
    line.differences.append(Difference(where, "条目", str(last.posting), words, events))
    return line


def _fate(
    last: PostingEntry, entries: Sequence[PostingEntry], record: records.Record
) -> tuple[str, HistoryEntry | None]:
    """What became of a case after its last row on these lists, and the line that says so."""
    state = State(last.application.state)
    moves = [one for one in record if one.source != one.target]
    if not moves or moves[-1].target != state:
        return f"现在是“{staff_label(state)}”", None
    announced = [one for one in entries if one.level == PostingKind.ANNOUNCEMENT]
    if state in {State.ANNOUNCED, State.REVOKED}:
        return (f"另列入{announced[0].posting}", moves[-1]) if announced else ("已公告而不在任何公告上", None)
    if last.outcome == EntryOutcome.REMOVED:
        left = next((one for one in reversed(record) if one.at == last.outcome_at), None)
        return f"已撤出（{last.outcome_reason}），现在是“{staff_label(state)}”", left
    return f"现在是“{staff_label(state)}”", moves[-1]


def _lost(posting: Posting, lists: set[int], known: set[tuple[int, int]]) -> Iterator[Line]:
    """Rows that were put up on one of the lists and are no longer there."""
    lines = HistoryEntry.objects.filter(
        act="put_up", application__programme=posting.programme_id, data__posting__in=sorted(lists)
    )
    for line in lines.select_related("application__payee", "application__village").order_by("pk"):
        if (line.application_id, line.data["posting"]) not in known:
            lost = Line(line.application, dict.fromkeys(PostingKind))
            lost.faults.append(f"{line.get_level_display()}公示名单上的这一行不见了，没有对应的办理记录")
            yield lost


def _columns(entry: PostingEntry) -> tuple[str, str]:
    return plain(entry.quantity), f"{entry.amount:.2f}"


def _differ(
    line: Line, lists: str, before: Mapping[str, str], after: Mapping[str, str], changes: records.Changes
) -> None:
    """Note each field that differs, with the acts that changed it; where there is none, that is a fault."""
    for name, (label, recorded) in records.FIELDS.items():
        if before[name] == after[name] or (name == "payee" and before["name"] != after["name"]):
            continue
        events = tuple(_event(changed) for figure, changed in changes if figure == recorded)
        # A payee of the same name still differs; the number that tells them apart is nobody's business.
        old, new = ("原收款人", "新收款人") if name == "payee" else (before[name], after[name])
        line.differences.append(Difference(lists, label, old, new, events))
        if not events:
            line.faults.append(f"{lists}的{label}由{old}变为{new}，没有对应的办理记录")


def _event(line: HistoryEntry) -> Event:
    return Event(line, word_for(line.act))
