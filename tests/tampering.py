"""Changing the history as somebody with the owner's rights on the database would: guards off, raw statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection as default
from django.db.backends.base.base import BaseDatabaseWrapper

TABLES = (
    "applications_historyentry",
    "applications_dailydigest",
    "applications_sealedhead",
    "applications_sealedrecord",
    "applications_programmechange",
    "registry_user",
    "registry_accountchange",
    "registry_registerchange",
    "registry_interest",
    "applications_disclosure",
    "applications_removal",
)


@contextmanager
def unguarded(connection: BaseDatabaseWrapper = default) -> Iterator[None]:
    """Without the triggers that refuse a change, which are back afterwards."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            _switch(cursor, "DISABLE")
            yield
            _switch(cursor, "ENABLE")
            return
        places = ", ".join(["%s"] * len(TABLES))
        cursor.execute(
            f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ({places})", TABLES
        )
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        yield
        for _, sql in triggers:
            cursor.execute(sql)


def _switch(cursor: Any, way: str) -> None:
    # A table with foreign keys still to be checked cannot be altered.
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in TABLES:
        cursor.execute(f"ALTER TABLE {table} {way} TRIGGER USER")
    cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def rewrite(sql: str, *values: object) -> int:
    """One raw statement past the guards; the number of rows."""
    with unguarded(), default.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)
