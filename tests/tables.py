"""All tables, made once in a run of the tests: every other database of the run begins as a copy."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from django.conf import settings
from django.db import connection

_TEMPLATE = f"test_{settings.DATABASES['default']['NAME']}_migrated"
"""The database of that name on the suite's PostgreSQL. Read before the tests' own database takes the place of NAME."""


def server() -> str:
    """The address of the PostgreSQL that the suite runs on, without a database's name."""
    given = settings.DATABASES["default"]
    account = ":".join(quote(part, safe="") for part in (given["USER"], given["PASSWORD"]) if part)
    return f"postgres://{account}@{given['HOST'] or '127.0.0.1'}:{given['PORT'] or 5432}"


def make(folder: Path) -> str:
    """Apply all migrations to a new database, of the kind that the suite runs on; gives its address."""
    if connection.vendor == "sqlite":
        address = f"sqlite:///{folder / 'migrated.sqlite3'}"
    else:
        drop()
        address = f"{server()}/{_TEMPLATE}"
        with psycopg.connect(f"{server()}/postgres", autocommit=True, connect_timeout=5) as admin:
            admin.execute(f'CREATE DATABASE "{_TEMPLATE}"'.encode())
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": address},
        check=True,
    )
    return address


def drop() -> None:
    """On PostgreSQL what `make` made is gone; a file goes with its folder."""
    if connection.vendor == "postgresql":
        with psycopg.connect(f"{server()}/postgres", autocommit=True, connect_timeout=5) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{_TEMPLATE}" WITH (FORCE)'.encode())


def copy_file(made: str, path: Path) -> None:
    """A copy of what `make` made on SQLite."""
    shutil.copy(made.removeprefix("sqlite:///"), path)


def name(made: str) -> str:
    """What PostgreSQL calls what `make` made there, for CREATE DATABASE … TEMPLATE."""
    return made.rpartition("/")[2]


@contextmanager
def in_place(made: str) -> Iterator[None]:
    """Meanwhile the database that Django makes for the tests has the tables already: nothing is left to migrate."""
    if connection.vendor == "postgresql":
        connection.settings_dict["TEST"]["TEMPLATE"] = name(made)
        yield
        return
    # In memory it lives as long as a connection to it: this one, until Django has its own.
    with closing(sqlite3.connect(connection.creation._get_test_db_name(), uri=True)) as memory:
        with closing(sqlite3.connect(made.removeprefix("sqlite:///"))) as file:
            file.backup(memory)
        yield
