"""A prepared installation per session of tests; each test takes a copy of it, with processes of its own."""

from collections.abc import Iterator

import pytest
from django.db import connection

from tests.conftest import answers, need
from tests.faults import system
from tests.faults.system import Template


@pytest.fixture(scope="session")
def admin() -> str:
    """The server of the tests' own database, where there is one: other databases can be made beside it."""
    if connection.vendor == "sqlite":
        return ""
    kept = connection.settings_dict
    account = f"{kept['USER']}:{kept['PASSWORD']}" if kept["PASSWORD"] else kept["USER"]
    return f"postgres://{account}@{kept['HOST'] or '127.0.0.1'}:{kept['PORT'] or 5432}/postgres"


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, admin: str) -> Iterator[Template]:
    with system.template(tmp_path_factory.mktemp("faults") / "template", admin=admin) as made:
        yield made


@pytest.fixture(scope="session")
def broker(admin: str) -> str:
    """Files beside SQLite, Redis beside PostgreSQL."""
    if admin:
        need(answers(6379), "Redis")
    return system.REDIS if admin else ""
