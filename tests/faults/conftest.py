"""A prepared installation per session of tests; each test takes a copy of it, with processes of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests import tables
from tests.conftest import answers, need, one_at_a_time
from tests.faults import system
from tests.faults.system import System, Template

FIRST = [
    "tests/faults/test_kills.py",
    "tests/faults/test_contests.py",
    "tests/faults/test_beats.py",
    "tests/faults/test_queues.py",
    "tests/faults/test_kills_grown.py",
]
"""Modules of few and long tests: begun last, they would keep one of two workers busy when the other has ended."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first; `make test` lets xdist hand the modules out in this order."""
    items.sort(key=lambda item: _rank(item.nodeid.partition("::")[0]))


def _rank(module: str) -> int:
    return FIRST.index(module) if module in FIRST else len(FIRST)


@pytest.fixture(scope="session")
def admin() -> str:
    """The server of the tests' own database, where there is one: other databases can be made beside it."""
    if connection.vendor == "sqlite":
        return ""
    return f"{tables.server()}/postgres"


@pytest.fixture(scope="session")
def template(
    tmp_path_factory: pytest.TempPathFactory, admin: str, shared: Path, migrated: str
) -> Iterator[Template]:
    """On SQLite one for all processes of the run; on a server each makes its own, which goes with it."""
    if admin:
        place = tmp_path_factory.mktemp("faults") / "template"
        with system.template(place, admin=admin, copied_from=migrated) as made:
            yield made
        return
    path = shared / "template"
    with one_at_a_time(shared / "template.lock"):
        if not path.exists():
            making = shared / "template.unfinished"
            making.mkdir()
            tables.copy_file(migrated, making / "db.sqlite3")
            System(making).prepare()
            making.rename(path)
    yield Template(path)


@pytest.fixture(scope="session")
def suite_on_sqlite(admin: str) -> None:
    """For tests whose systems are the same whatever database the suite runs on: once in a whole check is enough."""
    if admin:
        pytest.skip("starts systems of its own, the same on any database: runs with the suite on SQLite")


@pytest.fixture(scope="session")
def suite_on_postgresql(admin: str) -> None:
    """For tests whose systems need a PostgreSQL: the server of the suite's own database."""
    if not admin:
        pytest.skip("needs a PostgreSQL server: runs with the suite on PostgreSQL")


@pytest.fixture
def redis() -> Iterator[str]:
    """A database of Redis of the test's own."""
    need(answers(6379), "Redis")
    with system.redis_database() as address:
        yield address
