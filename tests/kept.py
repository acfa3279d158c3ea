"""The township of the tests, and what is brought about in it: made once in a process, then put back row by row.

Laying the township out anew by its verbs, and leading a case to where a test begins, takes most of the time of many
tests: under the profiler `test_comparison.py` went from 228 s to 85 s.
What a stage of `tests.stages` makes is kept under the way that led there: the township, then one stage after another,
each with its arguments. As soon as anything else is written the way is lost, and stages are made by their verbs again.
"""

import pickle
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache, wraps
from itertools import count
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.models import FileField, Model

from tests.tampering import unguarded

APPS = ("registry", "applications", "notifications", "workflow", "viewflow")
READING = frozenset({"SELECT", "SAVEPOINT", "RELEASE", "EXPLAIN", "SET"})
"""The first words of statements that leave the rows as they are. A savepoint rolled back does not."""
MOST = 600
"""Stages kept in a process; the oldest go first."""

P = ParamSpec("P")
R = TypeVar("R")
Rows = dict[int | str, tuple[Any, ...]]


@dataclass(frozen=True)
class Table:
    """A table as the database has it."""

    name: str
    key: str
    columns: tuple[str, ...]
    files: tuple[FileField, ...]


@dataclass
class Kept:
    """What a stage did to the rows, the files it wrote, and what it gave back."""

    added: dict[Table, list[tuple[Any, ...]]] = field(default_factory=dict)
    changed: dict[Table, Rows] = field(default_factory=dict)
    gone: dict[Table, list[int | str]] = field(default_factory=dict)
    files: dict[Path, bytes] = field(default_factory=dict)
    given: bytes = b""
    number: int = field(default_factory=count(1).__next__)
    """Its own: what was built upon it fits to nothing that is made a second time, with other keys."""


class Way:
    """Where the test at hand stands: the number of the stage it reached last, or None where nobody knows."""

    def __init__(self) -> None:
        self.at: int | None = None
        self.making = False
        self.patched: Callable[[], bool] = lambda: False
        self.kept: dict[tuple[int, Hashable], Kept] = {}
        self.rows: dict[Table, Rows] = {}
        self.rows_of: int | None = None

    def watch(self) -> None:
        """Notice everything that is written from now on."""
        if self._noticed not in connection.execute_wrappers:
            connection.execute_wrappers.append(self._noticed)

    def _noticed(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if self.at is not None and sql.lstrip().partition(" ")[0].upper() not in READING:
            self.at = None
        return execute(sql, *rest)

    @property
    def is_known(self) -> bool:
        # What a test has set otherwise may change what a stage does.
        plain = settings._wrapped.__class__.__name__ == "Settings"
        if self.at is None or self.making or not plain or self.patched():
            return False
        return connection.in_atomic_block

    def go(self, stage: Hashable, make: Callable[[], R]) -> R:
        """Take a stage: from memory where this way was gone before, else by `make`."""
        assert self.at is not None
        key = (self.at, stage)
        if (found := self.kept.get(key)) is None:
            # What the stage before left is what this one finds.
            before = self.rows if self.rows_of == self.at else _rows()
            self.making = True
            try:
                given = make()
            finally:
                self.making = False
                self.at = None
            after = _rows()
            found = _difference(before, after)
            self.rows, self.rows_of = after, found.number
            found.given = pickle.dumps(given)
            while len(self.kept) >= MOST:
                del self.kept[next(iter(self.kept))]
            self.kept[key] = found
        else:
            put_back(found)
            given = pickle.loads(found.given)
        self.at = found.number
        return given


WAY = Way()


def world(*, patched: Callable[[], bool] = lambda: False) -> Any:
    """A world in an empty database: equal to what `build` makes, with objects of the caller's own.

    `patched` tells whether the test has changed the program by now: then it wants the program's verbs to be called.
    """
    from tests.world import build

    WAY.patched = patched
    WAY.watch()
    key = (0, "world")
    if (found := WAY.kept.get(key)) is None:
        before = _rows()
        WAY.making = True
        try:
            made = build()
        finally:
            WAY.making = False
        found = _difference(before, _rows())
        found.given = pickle.dumps(made)
        WAY.kept = {key: found}
    else:
        with transaction.atomic():
            put_back(found)
    WAY.at = found.number
    return pickle.loads(found.given)


def lose() -> None:
    """From here on the test makes each stage by its verbs."""
    WAY.at = None


def stage(make: Callable[P, R]) -> Callable[P, R]:
    """A function that brings something about with the real verbs, and may be kept: what it does follows from its
    arguments and the rows alone, and what it gives can be pickled."""

    @wraps(make)
    def taken(*args: P.args, **kwargs: P.kwargs) -> R:
        if WAY.is_known:
            try:
                name = (make.__qualname__, _frozen(args), _frozen(kwargs))
            except TypeError:
                lose()
            else:
                return WAY.go(name, lambda: make(*args, **kwargs))
        return make(*args, **kwargs)

    return taken


def _frozen(value: Any) -> Hashable:
    """An argument by its value, a row by what it holds in memory; TypeError for what has no value, as a file."""
    if isinstance(value, Model):
        held = [repr(value.__dict__.get(one.attname)) for one in value._meta.concrete_fields]
        return (value._meta.label, *held)
    if isinstance(value, Mapping):
        return tuple((name, _frozen(one)) for name, one in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(_frozen(one) for one in value)
    if is_dataclass(value):
        return tuple(_frozen(one) for one in vars(value).values())
    if value is None or isinstance(value, (str, int, float, Decimal, date, datetime, Enum)):
        return (type(value).__name__, value)
    raise TypeError(type(value))


@cache
def _tables() -> list[Table]:
    """The project's tables and Viewflow's."""
    models = [
        model for name in APPS for model in apps.get_app_config(name).get_models(include_auto_created=True)
    ]
    return [
        Table(
            model._meta.db_table,
            model._meta.pk.column,
            tuple(one.column for one in model._meta.local_concrete_fields),
            tuple(one for one in model._meta.local_concrete_fields if isinstance(one, FileField)),
        )
        for model in models
        if model._meta.managed and not model._meta.proxy
    ]


def _rows() -> dict[Table, Rows]:
    """All rows by their keys, as the database holds them."""
    # A sign before the name keeps SQLite's driver from making dates and numbers of what it reads.
    sign = "+" if connection.vendor == "sqlite" else ""
    found = {}
    with connection.cursor() as cursor:
        for table in _tables():
            names = ", ".join(f'{sign}"{column}"' for column in table.columns)
            cursor.execute(f'SELECT {names} FROM "{table.name}" ORDER BY "{table.key}"')
            place = table.columns.index(table.key)
            found[table] = {row[place]: _owned(row) for row in cursor.fetchall()}
    return found


def _owned(row: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(bytes(one) if isinstance(one, memoryview) else one for one in row)


def _difference(before: dict[Table, Rows], after: dict[Table, Rows]) -> Kept:
    found = Kept()
    for table, rows in after.items():
        known = before[table]
        if added := [row for key, row in rows.items() if key not in known]:
            found.added[table] = added
        if changed := {key: row for key, row in rows.items() if known.get(key, row) != row}:
            found.changed[table] = changed
        if gone := [key for key in known if key not in rows]:
            found.gone[table] = gone
        for one in table.files:
            place = table.columns.index(one.column)
            for name in {row[place] for row in (*added, *changed.values()) if row[place]}:
                path = Path(one.storage.path(name))
                found.files[path] = path.read_bytes()
    return found


def put_back(kept: Kept) -> None:
    """Do to the rows what the stage did, and see that its files are there."""
    for path, content in kept.files.items():
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    if kept.gone:
        with unguarded(), connection.cursor() as cursor:
            for table, keys in kept.gone.items():
                places = ", ".join(["%s"] * len(keys))
                cursor.execute(f'DELETE FROM "{table.name}" WHERE "{table.key}" IN ({places})', keys)
    with connection.cursor() as cursor:
        # First what was there: one due date of a case is settled before the next is open.
        for table, changed in kept.changed.items():
            names = ", ".join(f'"{column}" = %s' for column in table.columns)
            for key, row in changed.items():
                cursor.execute(f'UPDATE "{table.name}" SET {names} WHERE "{table.key}" = %s', [*row, key])
        for table, rows in kept.added.items():
            names = ", ".join(f'"{column}"' for column in table.columns)
            places = f"({', '.join(['%s'] * len(table.columns))})"
            cursor.execute(
                f'INSERT INTO "{table.name}" ({names}) VALUES {", ".join([places] * len(rows))}',
                [value for row in rows for value in row],
            )
