"""Ways to tamper with the history, each drawn by a seed; each says what the check has to name."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

from django.db import connection

from applications import digests, history
from applications.models import Application, DailyDigest, HistoryEntry, SealedHead
from applications.verification import COLUMNS

LINES, DAYS, HEADS = "applications_historyentry", "applications_dailydigest", "applications_sealedhead"
RECORDS = "applications_sealedrecord"
Named = tuple[str, int | None]
"""What must be named: a case with the number of its line, or a day."""


@dataclass(frozen=True)
class Forgery:
    """One way. With `outside` it rewrites everything inside: only a digest printed elsewhere finds it."""

    name: str
    act: Callable[[Random], Named]
    outside: bool = False


def sql(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def lines(case: Application) -> list[HistoryEntry]:
    return list(case.history.order_by("seq"))


def some_case(rng: Random, *, longer_than: int = 0) -> Application:
    cases = Application.objects.filter(revision__gt=longer_than).order_by("pk")
    return rng.choice(list(cases))


def some_line(rng: Random) -> tuple[Application, HistoryEntry]:
    case = some_case(rng)
    return case, rng.choice(lines(case))


def put(line: HistoryEntry, column: str, value: object) -> None:
    sql(f"UPDATE {LINES} SET {column} = %s WHERE id = %s", value, line.pk)


def other(rng: Random, column: str, line: HistoryEntry) -> object:
    """A value the column does not have now."""
    return {
        "seq": line.seq + 50,
        "at": line.at + timedelta(microseconds=rng.choice([1, 1_000_000, 86_400_000_000])),
        "by_id": None if line.by_id else Application.objects.values_list("entered_by", flat=True)[0],
        "level": "district" if line.level != "district" else "village",
        "act": line.act + "x",
        "source": "lapsed",
        "target": "lapsed",
        "text": line.text + "。",
        "data": '{"amount": "1.00"}',
        "batch": f"{rng.getrandbits(128):032x}",
        "previous": f"{rng.getrandbits(256):064x}",
        "digest": f"{rng.getrandbits(256):064x}",
        "id": HistoryEntry.objects.order_by("pk").last().pk + 1000,  # type: ignore[union-attr]
    }[column]


def column(name: str) -> Callable[[Random], Named]:
    def act(rng: Random) -> Named:
        case, line = some_line(rng)
        put(line, name, other(rng, name, line))
        return case.number, line.seq

    return act


def to_another_case(rng: Random) -> Named:
    case, line = some_line(rng)
    target = rng.choice(list(Application.objects.exclude(pk=case.pk)))
    sql(
        f"UPDATE {LINES} SET application_id = %s, seq = %s WHERE id = %s",
        target.pk,
        target.revision + 1,
        line.pk,
    )
    return case.number, line.seq


def removed(rng: Random) -> Named:
    case, line = some_line(rng)
    sql(f"DELETE FROM {LINES} WHERE id = %s", line.pk)
    return case.number, line.seq


def end_cut_off(rng: Random) -> Named:
    case = some_case(rng, longer_than=1)
    seq = rng.randint(2, case.revision)
    sql(f"DELETE FROM {LINES} WHERE application_id = %s AND seq >= %s", case.pk, seq)
    return case.number, seq


def end_cut_off_and_case_put_back(rng: Random) -> Named:
    case = some_case(rng, longer_than=1)
    kept = rng.randint(1, case.revision - 1)
    state = case.history.get(seq=kept).target
    sql(f"DELETE FROM {LINES} WHERE application_id = %s AND seq > %s", case.pk, kept)
    sql("UPDATE applications_application SET revision = %s, state = %s WHERE id = %s", kept, state, case.pk)
    return case.number, kept + 1


def whole_history_removed(rng: Random) -> Named:
    case = some_case(rng)
    sql(f"DELETE FROM {LINES} WHERE application_id = %s", case.pk)
    return case.number, 1


def whole_case_removed(rng: Random) -> Named:
    case = Application.objects.get(revision=1)  # the one draft, on which nothing hangs yet
    sql(f"DELETE FROM {LINES} WHERE application_id = %s", case.pk)
    sql("DELETE FROM applications_application WHERE id = %s", case.pk)
    return case.number, 1


def everything_removed(rng: Random) -> Named:
    sql(f"DELETE FROM {LINES}")
    return Application.objects.order_by("pk")[0].number, 1


def neighbours_reordered(rng: Random) -> Named:
    case = some_case(rng, longer_than=2)
    first = rng.choice(lines(case)[:-1])
    second = case.history.get(seq=first.seq + 1)
    put(first, "seq", 9999)
    put(second, "seq", first.seq)
    put(first, "seq", second.seq)
    return case.number, first.seq


def two_cases_swapped(rng: Random) -> Named:
    one, two = rng.sample(list(Application.objects.filter(revision__gt=1).order_by("pk")), 2)
    shared = min(one.revision, two.revision)
    a, b = one.history.get(seq=shared), two.history.get(seq=shared)
    put(a, "seq", 9999)
    put(b, "application_id", one.pk)
    sql(f"UPDATE {LINES} SET seq = %s, application_id = %s WHERE id = %s", shared, two.pk, a.pk)
    return one.number, shared


def copy(line: Any, **changes: object) -> SimpleNamespace:
    made = SimpleNamespace(**{name: getattr(line, name) for name in COLUMNS if name != "id"}, id=line.pk)
    vars(made).update(changes)
    return made


def insert(made: SimpleNamespace) -> None:
    HistoryEntry.objects.bulk_create(
        [HistoryEntry(**{name: getattr(made, name) for name in COLUMNS if name != "id"})]
    )


def added_at_the_end(rng: Random) -> Named:
    case = some_case(rng)
    last = lines(case)[-1]
    made = copy(last, seq=last.seq + 1, previous=last.digest, source=last.target)
    made.digest = history.digest(made)
    insert(made)
    return case.number, last.seq + 1


def put_in_with_all_behind_made_anew(rng: Random) -> Named:
    case = some_case(rng, longer_than=1)
    at = rng.choice(lines(case)[:-1])
    for line in reversed(lines(case)[at.seq :]):
        put(line, "seq", line.seq + 1)
    made = copy(at, seq=at.seq + 1, previous=at.digest, source=at.target, target=at.target, text="插入")
    made.digest = history.digest(made)
    insert(made)
    sql("UPDATE applications_application SET revision = revision + 1 WHERE id = %s", case.pk)
    chain_anew(case, since=at.seq + 1)
    return case.number, at.seq + 1


def chain_anew(case: Application, *, since: int) -> None:
    """All digests of a case from a line on, as whoever has the program can make them."""
    previous = case.history.get(seq=since - 1).digest if since > 1 else ""
    for line in case.history.filter(seq__gte=since).order_by("seq"):
        made = copy(line, previous=previous)
        made.digest = history.digest(made)
        sql(f"UPDATE {LINES} SET previous = %s, digest = %s WHERE id = %s", previous, made.digest, line.pk)
        previous = made.digest


def rewritten(rng: Random) -> Named:
    case, line = some_line(rng)
    put(line, "text", line.text + "（改）")
    chain_anew(case, since=line.seq)
    head = SealedHead.objects.filter(case=case.pk, seq__gte=line.seq).order_by("seq")[0]
    return case.number, head.seq


def rewritten_with_its_heads(rng: Random) -> Named:
    case, line = some_line(rng)
    put(line, "text", line.text + "（改）")
    chain_anew(case, since=line.seq)
    return f"{heads_anew(case, since=line.seq)}", None


def heads_anew(case: Application, *, since: int) -> date:
    heads = list(SealedHead.objects.filter(case=case.pk, seq__gte=since).order_by("seq"))
    for head in heads:
        sql(f"UPDATE {HEADS} SET digest = %s WHERE id = %s", case.history.get(seq=head.seq).digest, head.pk)
    return heads[0].day_id


def days_anew(since: date) -> None:
    before = DailyDigest.objects.filter(day__lt=since).order_by("day").last()
    previous = before.digest if before else ""
    for day in DailyDigest.objects.filter(day__gte=since).order_by("day"):
        day.previous = previous
        previous = digests.fingerprint(day, day.heads.order_by("case"), day.records.all())
        sql(f"UPDATE {DAYS} SET previous = %s, digest = %s WHERE day = %s", day.previous, previous, day.day)


def rewritten_as_a_whole(rng: Random) -> Named:
    case, line = some_line(rng)
    put(line, "text", line.text + "（改）")
    chain_anew(case, since=line.seq)
    since = heads_anew(case, since=line.seq)
    days_anew(since)
    return f"{since}", None


def remove(day: DailyDigest) -> None:
    for table, column in ((HEADS, "day_id"), (RECORDS, "day_id"), (DAYS, "day")):
        sql(f"DELETE FROM {table} WHERE {column} = %s", day.day)


def last_day_removed(rng: Random) -> Named:
    day = DailyDigest.objects.order_by("day").last()
    assert day is not None
    remove(day)
    return f"{day.day}", None


def middle_day_removed(rng: Random) -> Named:
    first, second, *_ = DailyDigest.objects.order_by("day")
    remove(first)
    return f"{second.day}", None


def head_removed(rng: Random) -> Named:
    head = rng.choice(list(SealedHead.objects.order_by("pk")))
    sql(f"DELETE FROM {HEADS} WHERE id = %s", head.pk)
    return f"{head.day_id}", None


def head_changed(rng: Random) -> Named:
    head = rng.choice(list(SealedHead.objects.order_by("pk")))
    sql(f"UPDATE {HEADS} SET digest = %s WHERE id = %s", f"{rng.getrandbits(256):064x}", head.pk)
    return head.number, head.seq


def day_changed(rng: Random) -> Named:
    day = rng.choice(list(DailyDigest.objects.order_by("day")))
    name, value = rng.choice(
        [("digest", "0" * 64), ("upto", day.upto + 1), ("cases", day.cases + 1), ("entries", 0)]
    )
    sql(f"UPDATE {DAYS} SET {name} = %s WHERE day = %s", value, day.day)
    return f"{day.day}", None


def state_changed(rng: Random) -> Named:
    case = some_case(rng)
    sql("UPDATE applications_application SET state = 'revoked' WHERE id = %s", case.pk)
    return case.number, case.revision


FORGERIES = [
    *(Forgery(f"change {name}", column(name)) for name in COLUMNS if name != "application_id"),
    *(
        Forgery(act.__name__, act)
        for act in (
            to_another_case,
            removed,
            end_cut_off,
            end_cut_off_and_case_put_back,
            whole_history_removed,
            whole_case_removed,
            everything_removed,
            neighbours_reordered,
            two_cases_swapped,
            added_at_the_end,
            put_in_with_all_behind_made_anew,
            rewritten,
            rewritten_with_its_heads,
            middle_day_removed,
            head_removed,
            head_changed,
            day_changed,
            state_changed,
        )
    ),
    Forgery("rewritten_as_a_whole", rewritten_as_a_whole, outside=True),
    Forgery("last_day_removed", last_day_removed, outside=True),
]
