"""The audit line of a case: a chain in which a gap, a change and a wrong end all show, and that is only added to."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core import serializers
from django.core.management import call_command
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as searching
from hypothesis import strategies as st

from applications import history
from applications.models import Application, HistoryEntry
from applications.models.history import HistoryIsAppendOnly
from applications.states import State
from tests import stages
from tests.tampering import rewrite
from tests.world import World


@pytest.fixture
def case(world: World) -> Application:
    return stages.reach(world, State.TOWNSHIP_REVIEW)[0]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
VALUES = st.dictionaries(
    TEXTS,
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


@searching(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    words=st.tuples(*[TEXTS] * 6),
    data=VALUES,
    by=st.none() | st.integers(1),
    at=st.datetimes(),
    seq=st.integers(1),
)
def test_written_out_spelling_is_sorted_json(
    words: tuple[str, ...], data: dict[str, Any], by: int | None, at: datetime, seq: int
) -> None:
    batch = uuid4()
    level, act, source, target, text, previous = words
    columns = {
        "level": level,
        "act": act,
        "source": source,
        "target": target,
        "text": text,
        "previous": previous,
    }
    moment = at.replace(tzinfo=UTC)
    line = SimpleNamespace(**columns, application_id=7, by_id=by, at=moment, seq=seq, data=data, batch=batch)
    spelt = {
        **columns,
        "application": 7,
        "by": by,
        "seq": seq,
        "data": data,
        "at": moment.isoformat(timespec="microseconds"),
        "batch": str(batch),
    }
    whole = json.dumps(spelt, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert history.canonical(line) == whole  # type: ignore[arg-type]


def last_line(case: Application) -> HistoryEntry:
    return case.history.latest("seq")


def test_history_of_a_case_is_numbered_by_revision_and_chained_by_digest(case: Application) -> None:
    lines = list(case.history.order_by("seq"))
    assert [line.seq for line in lines] == list(range(1, case.revision + 1))
    assert [line.previous for line in lines] == ["", *(line.digest for line in lines[:-1])]
    assert [line.source for line in lines] == ["draft", *(line.target for line in lines[:-1])]
    assert lines[-1].target == case.state
    assert len({line.digest for line in lines}) == len(lines)
    assert all(len(line.digest) == 64 and line.digest == history.digest(line) for line in lines)
    assert history.faults(case) == []


def test_line_is_signed_by_who_did_it_and_the_systems_own_by_nobody(world: World, case: Application) -> None:
    by = {line.act: line.by for line in case.history.select_related("by")}
    assert by["submit"] == by["pass_village_review"] == world.clerk
    assert by["close_village_posting"] is None


CHANGED = {
    "text": "改过",
    "act": "reject",
    "level": "district",
    "at": "2021-01-01 00:00:00",
    "batch": "00000000000000000000000000000000",
    "data": '{"amount": "1.00"}',
    "previous": "0" * 64,
    "digest": "0" * 64,
    "by_id": None,
}


@pytest.mark.parametrize("column", CHANGED)
def test_changed_column_of_a_line_is_found(case: Application, column: str) -> None:
    rewrite(
        f"UPDATE applications_historyentry SET {column} = %s WHERE application_id = %s AND seq = 3",
        CHANGED[column],
        case.pk,
    )
    assert "第3条与摘要不符。" in history.faults(case)


def test_changed_line_with_a_digest_made_anew_breaks_the_chain_behind_it(case: Application) -> None:
    line = case.history.get(seq=3)
    line.text = "改过"
    rewrite(
        "UPDATE applications_historyentry SET text = %s, digest = %s WHERE id = %s",
        line.text,
        history.digest(line),
        line.pk,
    )
    assert history.faults(case) == ["第3条被换过，第4条记的前一条摘要与它不符。"]


def test_gap_in_the_numbers_is_found(case: Application) -> None:
    rewrite("DELETE FROM applications_historyentry WHERE application_id = %s AND seq = 3", case.pk)
    assert history.faults(case)[0] == "第3条缺失，其后是第4条。"


def test_end_cut_off_is_found(case: Application) -> None:
    rewrite(
        "DELETE FROM applications_historyentry WHERE application_id = %s AND seq = %s", case.pk, case.revision
    )
    assert history.faults(case) == [
        f"记录到第{case.revision - 1}条，申请的修订号是{case.revision}。",
        "最后一条记录的状态与申请的状态不一致。",
    ]


def test_whole_history_gone_is_found(case: Application) -> None:
    rewrite("DELETE FROM applications_historyentry WHERE application_id = %s", case.pk)
    assert history.faults(case) == [
        f"记录到第0条，申请的修订号是{case.revision}。",
        "最后一条记录的状态与申请的状态不一致。",
    ]


def test_state_written_past_the_history_is_found(case: Application) -> None:
    rewrite("UPDATE applications_application SET state = 'announced' WHERE id = %s", case.pk)
    assert history.faults(stages.again(case)) == ["最后一条记录的状态与申请的状态不一致。"]


def test_line_of_another_case_does_not_fit_in(world: World, case: Application) -> None:
    other = stages.draft(world)
    assert history.faults(other) == []
    rewrite("DELETE FROM applications_historyentry WHERE application_id = %s", other.pk)
    rewrite(
        "UPDATE applications_historyentry SET application_id = %s WHERE application_id = %s AND seq = 1",
        other.pk,
        case.pk,
    )
    assert history.faults(other) == ["第1条与摘要不符。"]


def test_second_line_with_the_same_number_is_impossible(case: Application) -> None:
    twin = last_line(case)
    twin.pk = None
    twin._state.adding = True
    with pytest.raises(Exception, match=r"(?i)unique"), transaction.atomic():
        twin.save()


def update(line: HistoryEntry) -> None:
    HistoryEntry.objects.filter(pk=line.pk).update(text="改过")


def update_through_the_base_manager_of_history(line: HistoryEntry) -> None:
    HistoryEntry._base_manager.filter(pk=line.pk).update(text="改过")


def update_through_the_case(line: HistoryEntry) -> None:
    line.application.history.update(text="改过")


def delete_lines(line: HistoryEntry) -> None:
    HistoryEntry.objects.filter(pk=line.pk).delete()


def delete_lines_raw(line: HistoryEntry) -> None:
    HistoryEntry.objects.filter(pk=line.pk)._raw_delete("default")


def update_or_create(line: HistoryEntry) -> None:
    HistoryEntry.objects.update_or_create(pk=line.pk, defaults={"text": "改过"})


def delete_line(line: HistoryEntry) -> None:
    line.delete()


def overwrite_by_a_new_object(line: HistoryEntry) -> None:
    values = {name: value for name, value in vars(line).items() if not name.startswith("_")}
    HistoryEntry(**{**values, "text": "改过"}).save()


def overwrite_by_bulk_create(line: HistoryEntry) -> None:
    line.text = "改过"
    HistoryEntry.objects.bulk_create(
        [line], update_conflicts=True, update_fields=["text"], unique_fields=["id"]
    )


def overwrite_by_a_fixture(line: HistoryEntry) -> None:
    (record,) = json.loads(serializers.serialize("json", [line]))
    record["fields"]["text"] = "改过"
    path = Path(settings.MEDIA_ROOT) / f"line-{line.pk}.json"
    path.write_text(json.dumps([record]))
    call_command("loaddata", str(path), verbosity=0)


def change_and_save(line: HistoryEntry) -> None:
    line.text = "改过"
    line.save()


def change_and_bulk_update(line: HistoryEntry) -> None:
    line.text = "改过"
    HistoryEntry.objects.bulk_update([line], ["text"])


HISTORY_DOORS: tuple[Callable[[HistoryEntry], Any], ...] = (
    update,
    update_through_the_base_manager_of_history,
    update_through_the_case,
    delete_lines,
    delete_lines_raw,
    update_or_create,
    delete_line,
    change_and_save,
    change_and_bulk_update,
    overwrite_by_a_new_object,
    overwrite_by_bulk_create,
    overwrite_by_a_fixture,
)


@pytest.mark.parametrize("door", HISTORY_DOORS, ids=lambda door: door.__name__)
def test_history_is_only_appended_to(case: Application, door: Callable[[HistoryEntry], Any]) -> None:
    before = list(HistoryEntry.objects.values())
    with pytest.raises(HistoryIsAppendOnly):
        door(last_line(case))
    assert list(HistoryEntry.objects.values()) == before
