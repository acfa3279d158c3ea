"""Triggers that refuse a change: all of them are named, and one that is there but does nothing is noticed."""

from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from applications import guards, verification
from tests.tampering import TABLES

NEVER_DELETED = ("registry_user", "registry_interest")
"""Tables whose rows may change; all others are only added to."""

pytestmark = pytest.mark.django_db
sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="triggers of SQLite")
postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="triggers of PostgreSQL")


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def named() -> list[str]:
    return [fault.where.removeprefix("数据表 ") for fault in verification.unguarded()]


def test_every_append_only_table_and_the_users_are_guarded() -> None:
    assert sorted(guards.tables()) == sorted(TABLES)
    assert named() == []


@pytest.fixture
def undone() -> Iterator[None]:
    """What a test does to the triggers is rolled back with it."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@sqlite
@pytest.mark.parametrize("table", TABLES)
def test_a_trigger_of_sqlite_with_another_body_is_noticed(undone: None, table: str) -> None:
    act = "DELETE" if table in NEVER_DELETED else "UPDATE"
    name = f"{table}_no_{act.lower()}"
    run(f"DROP TRIGGER {name}", f"CREATE TRIGGER {name} BEFORE {act} ON {table} BEGIN SELECT 1; END")
    assert named() == [table]


@sqlite
def test_a_trigger_of_sqlite_with_a_condition_is_noticed(undone: None) -> None:
    name, table = "applications_historyentry_no_update", "applications_historyentry"
    text = guards.written()[name]
    run(f"DROP TRIGGER {name}", text.replace(" BEGIN ", " WHEN OLD.id < 0 BEGIN "))
    assert named() == [table]


@sqlite
def test_a_missing_trigger_of_sqlite_is_noticed(undone: None) -> None:
    run("DROP TRIGGER registry_user_no_replace")
    assert named() == ["registry_user"]


EMPTY = "CREATE OR REPLACE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"


@postgresql
@pytest.mark.parametrize(
    ("function", "tables"),
    [
        ("registry_no_deletion", {"registry_user"}),
        ("registry_append_only", {"registry_accountchange"}),
        ("registry_declarations_stay", {"registry_interest"}),
        ("registry_register_append_only", {"registry_registerchange"}),
        ("applications_append_only", {table for table in TABLES if table.startswith("applications_")}),
    ],
)
def test_a_function_of_postgresql_replaced_by_an_empty_one_is_noticed(
    undone: None, function: str, tables: set[str]
) -> None:
    run(EMPTY.format(function))
    assert set(named()) == tables


@postgresql
@pytest.mark.parametrize("way", ["DISABLE TRIGGER", "ENABLE REPLICA TRIGGER"])
@pytest.mark.parametrize("table", TABLES)
def test_a_trigger_of_postgresql_that_does_not_fire_is_noticed(undone: None, table: str, way: str) -> None:
    name = f"{table}_no_deletion" if table in NEVER_DELETED else f"{table}_append_only"
    run(f"ALTER TABLE {table} {way} {name}")
    assert named() == [table]


@postgresql
def test_a_trigger_of_postgresql_that_lets_one_way_through_is_noticed(undone: None) -> None:
    table = "applications_historyentry"
    text = guards.written()[f"{table}_append_only"]
    run(f"DROP TRIGGER {table}_append_only ON {table}", text.replace("UPDATE OR DELETE OR", "DELETE OR"))
    assert named() == [table]


@postgresql
def test_a_trigger_of_postgresql_with_a_condition_is_noticed(undone: None) -> None:
    table = "registry_accountchange"
    text = guards.written()[f"{table}_append_only"]
    run(
        f"DROP TRIGGER {table}_append_only ON {table}",
        text.replace("UPDATE OR DELETE OR TRUNCATE", "DELETE").replace("EXECUTE", "WHEN (false) EXECUTE"),
    )
    assert named() == [table]
