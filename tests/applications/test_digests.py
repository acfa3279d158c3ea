"""The daily digest: once a day, over the ends of the chains that grew, each holding the one before."""

from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from docx import Document

from applications import digests, history
from applications.models import (
    DailyDigest,
    Disclosure,
    Ground,
    HistoryEntry,
    ProgrammeAct,
    ProgrammeChange,
    Purpose,
    Removal,
    SealedHead,
    SealedRecord,
    Way,
)
from applications.models.history import HistoryIsAppendOnly
from applications.states import State
from applications.templatetags.daily_digest import daily_digest
from registry.models import AccountAct, AccountChange, RegisterAct, RegisterChange
from tests import stages
from tests.tampering import TABLES
from tests.workflow.views.pages import clock_at
from tests.world import World
from workflow import sweeps


def test_digest_covers_the_end_of_each_chain_that_grew(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    quiet = stages.draft(world)
    first = digests.seal(now=moment)
    assert first is not None
    assert (first.cases, first.entries, first.previous) == (2, HistoryEntry.objects.count(), "")
    heads = list(first.heads.order_by("case").values_list("number", "seq", "digest"))
    last = {each.pk: each.history.latest("seq").digest for each in (case, quiet)}
    assert heads == [
        (case.number, case.revision, last[case.pk]),
        (quiet.number, 1, last[quiet.pk]),
    ]
    later = stages.forward(world, case, State.TOWNSHIP_POSTING, moment) + timedelta(days=1)
    second = digests.seal(now=later)
    assert second is not None
    assert (second.cases, second.entries, second.previous) == (1, 1, first.digest)
    assert [head.number for head in second.heads.all()] == [case.number]


def test_day_is_sealed_once_and_also_when_nothing_happened(world: World) -> None:
    stages.draft(world)
    first = digests.seal(now=world.now)
    assert first is not None
    assert digests.seal(now=world.now + timedelta(hours=2)) is None
    second = digests.seal(now=world.later(1))
    assert second is not None
    assert (second.cases, second.entries, second.previous) == (0, 0, first.digest)
    assert second.digest != first.digest
    assert DailyDigest.objects.count() == 2


def test_clock_set_back_seals_nothing(world: World) -> None:
    digests.seal(now=world.later(5))
    assert digests.seal(now=world.later(2)) is None
    assert DailyDigest.objects.count() == 1


def test_sweep_seals_the_day_that_has_ended(world: World) -> None:
    stages.draft(world)
    sweeps.run(now=world.later(1))
    sweeps.run(now=world.later(1))
    (made,) = DailyDigest.objects.all()
    assert (made.day, made.entries) == (world.now.date(), 1)


def test_chain_costs_a_step_one_statement(world: World) -> None:
    """One to read the ends; the line itself is written with or without a chain."""
    cases = [stages.draft(world) for _ in range(5)]
    for case in cases:
        case.revision += 1
    lines = [history.Line(case, "note", "draft", "draft") for case in cases]
    with CaptureQueriesContext(connection) as asked:
        history.record(lines, by=None, at=world.now, batch=uuid4())
    on_history = [query["sql"].split()[0] for query in asked if "applications_historyentry" in query["sql"]]
    assert sorted(on_history) == ["INSERT", "SELECT"]


COLUMN = {
    "applications_programmechange": "text",
    "applications_disclosure": "reason",
    "applications_removal": "reason",
    "registry_accountchange": "reason",
    "registry_registerchange": "reason",
}
APPEND_ONLY = sorted(set(TABLES) - {"registry_user", "registry_interest"})
"""The tables of which no line is ever changed. A user is changed, a declared tie withdrawn, and neither is ever deleted
(`tests/registry/test_users.py`, `tests/workflow/test_interests.py`)."""
CHANGES = [
    *(f"UPDATE {table} SET {COLUMN.get(table, 'digest')} = '0'" for table in APPEND_ONLY),
    *(f"DELETE FROM {table}" for table in APPEND_ONLY),
]
ON_SQLITE = [f"REPLACE INTO {table} SELECT * FROM {table}" for table in APPEND_ONLY]
ON_POSTGRESQL = [f"TRUNCATE {table} CASCADE" for table in APPEND_ONLY]


@pytest.mark.parametrize(
    "statement", [*CHANGES, *(ON_SQLITE if connection.vendor == "sqlite" else ON_POSTGRESQL)]
)
def test_database_refuses_to_change_a_line(world: World, statement: str) -> None:
    stages.draft(world)
    digests.seal(now=world.now)
    ProgrammeChange.objects.create(
        programme=world.grain, at=world.now, by=world.administrator, act=ProgrammeAct.CREATE
    )
    household = world.household()
    act: dict[str, Any] = {
        "household": household,
        "by": world.administrator,
        "at": world.now,
        "reason": "抽查",
    }
    Disclosure.objects.create(way=Way.SCREEN, purpose=Purpose.IDENTITY, **act)
    Removal.objects.create(ground=Ground.DECISION, document="示例〔2021〕1号", **act)
    AccountChange.objects.create(
        user=world.clerk, act=AccountAct.UNLOCK, by=world.administrator, at=world.now, reason="抽查"
    )
    RegisterChange.objects.create(act=RegisterAct.CORRECT_HOUSEHOLD, **act)
    SealedRecord.objects.create(
        day=DailyDigest.objects.get(), record="disclosure", upto=1, rows=1, digest="1" * 64
    )
    models: tuple[Any, ...] = (
        HistoryEntry,
        DailyDigest,
        SealedHead,
        SealedRecord,
        ProgrammeChange,
        Disclosure,
        Removal,
        AccountChange,
        RegisterChange,
    )
    assert sorted(model._meta.db_table for model in models) == APPEND_ONLY
    before = [list(model.objects.values()) for model in models]
    assert all(before)
    connection.check_constraints()  # PostgreSQL truncates no table with checks still to come
    with pytest.raises(IntegrityError, match="只能追加"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert before == [list(model.objects.values()) for model in models]


@pytest.mark.parametrize("model", [DailyDigest, SealedHead])
def test_digests_are_only_added_to_by_the_program_too(world: World, model: type) -> None:
    stages.draft(world)
    digests.seal(now=world.now)
    before = list(model.objects.values())
    row = model.objects.get()
    for door in (
        lambda: model.objects.update(digest="0"),
        lambda: model.objects.all().delete(),
        row.delete,
        row.save,
    ):
        with pytest.raises(HistoryIsAppendOnly):
            door()
    assert list(model.objects.values()) == before


def test_announcement_prints_the_digest_before_its_day_and_keeps_it(world: World, client: Client) -> None:
    case, moment = stages.reach(world, State.ANNOUNCEMENT)
    before = digests.seal(now=moment)
    assert before is not None
    posting, _ = stages.announced(world, [case], now=moment)
    digests.seal(now=moment + timedelta(days=1))
    line = f"办理记录日摘要（截至{before.day}，SHA-256）：{before.digest}"
    assert daily_digest(posting.displayed_on) == line
    assert client.get(reverse("public-sheet", args=[posting.pk])).content.decode().count(line) == 1
    client.force_login(world.approver)
    with clock_at(moment):
        paper = client.get(reverse("posting-print", args=[posting.pk])).content.decode()
        word = client.get(reverse("posting-document", args=[posting.pk])).content
    assert paper.count(line) == 1
    assert [one.text for one in Document(BytesIO(word)).paragraphs].count(line) == 1


def test_nothing_is_printed_before_the_first_digest(world: World) -> None:
    assert daily_digest(world.now.date()) == ""
    assert daily_digest(None) == ""
