"""What the record says of a row: what it showed when it was put up, and which acts changed a figure since.

The lines of a case are chained, so what was shown cannot be changed afterwards without being found.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from applications import history
from applications.amounts import plain
from applications.models import HistoryEntry
from workflow import sheets
from workflow.models import PostingEntry, PostingKind

FIELDS = {
    # what a row shows: (its label, the recorded figure it follows from)
    "payee": ("收款人", "payee"),
    "name": ("姓名", "payee"),
    "quantity": ("数量", "quantity"),
    "standard": ("标准", "option"),
    "claimed_amount": ("申报金额", "claimed"),
    "amount": ("核定金额", "amount"),
}

Record = Sequence[HistoryEntry]
Changes = Sequence[tuple[str, HistoryEntry]]


def between(changes: Changes, start: int, end: int) -> Changes:
    """The changes recorded after one line and before another."""
    return [(name, line) for name, line in changes if start < line.seq < end]


def of(keys: Sequence[int]) -> dict[int, list[HistoryEntry]]:
    """The lines of each case, by key: one statement."""
    found: dict[int, list[HistoryEntry]] = defaultdict(list)
    for line in HistoryEntry.objects.filter(application__in=keys).order_by("application", "seq"):
        found[line.application_id].append(line)
    return found


def values(row: Mapping[str, Any], payee_id: int) -> dict[str, str]:
    """The fields of a public row that lists are compared by, and who is paid."""
    return {"payee": f"{payee_id}", **{name: row.get(name, "") for name in FIELDS if name != "payee"}}


def put_up(entry: PostingEntry, record: Record) -> HistoryEntry | None:
    """The line that says the entry was put up."""
    own = (one for one in record if one.act == "put_up" and one.data.get("posting") == entry.posting_id)
    return next(own, None)


def row_faults(entry: PostingEntry, record: Record) -> Iterator[str]:
    """A row is what the record says was put up."""
    line = put_up(entry, record)
    if line is None:
        yield f"{PostingKind(entry.level).label}名单{entry.posting}上的这一行没有张贴记录"
        return
    now = sheets.shown(entry)
    wrong = [name for name in now if now[name] != line.data.get(name)]
    if wrong:
        labels = {recorded: label for label, recorded in reversed(FIELDS.values())}
        named = "、".join(dict.fromkeys(labels.get(name, "公示内容") for name in wrong))
        yield f"{PostingKind(entry.level).label}名单{entry.posting}上的{named}与张贴时的记录不一致"


def chain_faults(record: Record) -> Iterator[str]:
    """The first line that is not what was written."""
    previous = ""
    for line in record:
        if line.previous != previous or line.digest != history.digest(line):
            yield f"办理记录第{line.seq}条与摘要不符"
            return
        previous = line.digest


def final_faults(now: Mapping[str, str], record: Record) -> Iterator[str]:
    """What is announced is what the last act left: a case changed behind the verbs' back is not announced."""
    left: dict[str, str] = {}
    for line in record:
        left |= figures(line)
    for name in ("payee", "quantity", "claimed_amount", "amount"):
        label, recorded = FIELDS[name]
        if left.get(recorded) != now[name]:
            yield f"公告的{label}与最后一次办理的记录不一致"


def figures(line: HistoryEntry) -> dict[str, str]:
    """The figures that a line of the record carries, spelt as a row spells them."""
    spelt = {
        "quantity": lambda text: plain(Decimal(text)),
        "amount": lambda text: f"{Decimal(text):.2f}",
        "claimed": lambda text: f"{Decimal(text):.2f}",
    }
    names = ("payee", "quantity", "option", "claimed", "amount")
    return {name: spelt.get(name, str)(line.data[name]) for name in names if name in line.data}


def changes(record: Record) -> Iterator[tuple[str, HistoryEntry]]:
    """Each recorded figure that an act changed, with the line of that act."""
    left: dict[str, str] = {}
    for line in record:
        carried = figures(line)
        yield from ((name, line) for name in carried if name in left and left[name] != carried[name])
        left |= carried
