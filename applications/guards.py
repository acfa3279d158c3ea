"""The triggers that refuse a change (触发器): whether they stand as the migrations wrote them, word for word.

A trigger that is there and does nothing looks like a guard: so its text is compared, and on PostgreSQL that of its
function, and whether it fires in every session.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from django.db import connection

CREATED = re.compile(r"CREATE (TRIGGER|FUNCTION) (\w+)")
TRIGGER = re.compile(
    r"CREATE TRIGGER (\w+) BEFORE ([A-Z ]+) ON (?:\w+\.)?(\w+) FOR EACH STATEMENT EXECUTE FUNCTION (?:\w+\.)?(\w+)\(\)"
)
BODY = re.compile(r"\$\$(.*)\$\$", re.DOTALL)
TABLE = re.compile(r" ON (\w+) ")


def written() -> dict[str, str]:
    """Every trigger and function that the migrations make on this database: its name and its statement."""
    found = {}
    for app in ("registry", "applications"):
        package = import_module(f"{app}.migrations")
        for module in sorted(one.name for one in iter_modules(package.__path__)):
            statements = getattr(import_module(f"{app}.migrations.{module}"), connection.vendor, None)
            for statement in statements() if statements else ():
                made = CREATED.match(statement)
                assert made is not None, statement
                found[made[2]] = statement
    return found


def tables() -> list[str]:
    """The tables that are guarded."""
    found: dict[str, None] = {}
    for statement in written().values():
        if statement.startswith("CREATE TRIGGER") and (table := TABLE.search(statement)):
            found[table[1]] = None
    return list(found)


def open_tables() -> list[str]:
    """The guarded tables of which a trigger is missing, switched off, or another one than was written."""
    wrong = {"sqlite": _sqlite, "postgresql": _postgresql}[connection.vendor]()
    found = set(wrong)
    return [table for table in tables() if table in found]


def _sqlite() -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        standing = dict(cursor.fetchall())
    for name, statement in written().items():
        if standing.get(name) != statement and (table := TABLE.search(statement)):
            yield table[1]


def _postgresql() -> Iterator[str]:
    with connection.cursor() as cursor:
        # 'R' fires on a replica only; 'O' and 'A' in every session of ours.
        cursor.execute(
            "SELECT pg_get_triggerdef(t.oid), t.tgenabled, p.prosrc FROM pg_trigger t "
            "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid "
            "WHERE NOT t.tgisinternal AND pg_table_is_visible(c.oid)"
        )
        rows = cursor.fetchall()
    standing = {}
    for statement, enabled, source in rows:
        if (made := TRIGGER.fullmatch(statement)) and enabled in ("O", "A"):
            standing[made[1]] = (_events(made[2]), made[3], source)
    statements = written()
    for name, statement in statements.items():
        if made := TRIGGER.fullmatch(statement):
            body = BODY.search(statements[made[4]])
            assert body is not None
            if standing.get(name) != (_events(made[2]), made[3], body[1]):
                yield made[3]


def _events(text: str) -> frozenset[str]:
    return frozenset(text.split(" OR "))
