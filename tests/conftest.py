"""What all tests share: keys, a place for files, the services a test may need, and a township of the tests' own."""

import fcntl
import gc
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
import pytest
from celery.app.task import Task
from django.conf import settings as django_settings
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.operations import BaseDatabaseOperations
from django.test import TransactionTestCase
from hypothesis import Phase
from hypothesis import settings as hypothesis_settings

from registry import sensitive
from tests import kept, tables
from tests.tampering import unguarded
from tests.world import World

if os.environ.get("CI"):
    # A failed example is printed as it was found: making it smaller took longer than all that was still to run.
    unshrunk = [phase for phase in Phase if phase not in (Phase.shrink, Phase.explain)]
    hypothesis_settings.register_profile(
        "unshrunk", hypothesis_settings.get_profile("ci"), phases=unshrunk, print_blob=True
    )
    hypothesis_settings.load_profile("unshrunk")

REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What asks for no database says the same on any: pytest-django refuses it every query."""
    for item in items:
        if isinstance(item, pytest.Function) and not _asks_for_database(item):
            item.add_marker("any_database")


def _asks_for_database(item: pytest.Function) -> bool:
    by_class = item.cls is not None and issubclass(item.cls, TransactionTestCase)
    by_mark = item.get_closest_marker("django_db") is not None
    return by_class or by_mark or "migrated" in item.fixturenames


def pytest_collection_finish() -> None:
    """What is loaded by now stays: it need not be looked through for garbage again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="session", autouse=True)
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keys of the session's own: a test never touches those of an installation."""
    given = django_settings.SENSITIVE_KEY_FILE
    path = tmp_path_factory.mktemp("keys") / "sensitive_keys.json"
    sensitive.write_key_file(path)
    django_settings.SENSITIVE_KEY_FILE = path
    sensitive.forget_keys()
    yield path
    django_settings.SENSITIVE_KEY_FILE = given
    sensitive.forget_keys()


@pytest.fixture(scope="session", autouse=True)
def files_of_the_session(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Uploads, mail and broker files of tests go to a directory of their own; hashing is quick."""
    django_settings.MEDIA_ROOT = tmp_path_factory.mktemp("media")
    django_settings.BROKER_DIR = tmp_path_factory.mktemp("broker")
    django_settings.EMAIL_FILE_PATH = tmp_path_factory.mktemp("mail")
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    django_settings.STORAGES = {
        **django_settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(scope="session", autouse=True)
def wire() -> Iterator[dict[str, bool]]:
    """The wire to the broker, cut or not. Patched once: a patch per test and one of the test's own beside it are taken
    off in an order that is not theirs to choose, and one of them would stay."""
    laid, real = {"cut": False}, Task.apply_async

    def apply_async(task: Task, *args: Any, **options: Any) -> Any:
        return None if laid["cut"] else real(task, *args, **options)

    with mock.patch.object(Task, "apply_async", apply_async):
        yield laid


@pytest.fixture(autouse=True)
def no_broker(request: pytest.FixtureRequest, wire: dict[str, bool]) -> Iterator[None]:
    """Wake-ups go nowhere unless a test is about the broker: the rows are what counts."""
    wire["cut"] = "broker" not in request.keywords
    yield
    wire["cut"] = False


FLUSH = BaseDatabaseOperations.execute_sql_flush


@contextmanager
def guarded_flush() -> Iterator[None]:
    """Emptying all tables as an installation would: with the triggers on."""
    with mock.patch.object(BaseDatabaseOperations, "execute_sql_flush", FLUSH):
        yield


def _deletions(made: BaseDatabaseWrapper) -> list[str]:
    """What empties the tables that hold rows. TRUNCATE makes files anew for all sixty, which takes a second."""
    names = made.introspection.django_table_names(only_existing=True, include_views=False)
    asked = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\")" for name in names)
    with made.cursor() as cursor:
        cursor.execute(asked)
        return [f'DELETE FROM "{name}"' for (name,) in cursor.fetchall()]


@pytest.fixture(scope="session", autouse=True)
def tables_emptied_past_the_guards() -> Iterator[None]:
    """Between transactional tests Django empties all tables, the append-only ones too."""
    flush = FLUSH

    def flush_unguarded(operations: Any, statements: list[str]) -> None:
        made = operations.connection
        with transaction.atomic(using=made.alias), unguarded(made):
            flush(operations, _deletions(made) if made.vendor == "postgresql" else statements)

    BaseDatabaseOperations.execute_sql_flush = flush_unguarded
    yield
    BaseDatabaseOperations.execute_sql_flush = flush


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run of the tests see, and no other run."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Of the processes of this run one at a time is in here: the first makes what the others take."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def migrated(shared: Path) -> str:
    """The address of a database with all tables and what the migrations put into them, to be copied and left alone."""
    note = shared / "migrated.txt"
    with one_at_a_time(shared / "migrated.lock"):
        if not note.exists():
            note.write_text(tables.make(shared))
    return note.read_text()


@pytest.fixture(scope="session")
def tables_in_place(migrated: str) -> Iterator[None]:
    with tables.in_place(migrated):
        yield


@pytest.fixture(scope="session")
def django_db_setup(tables_in_place: None, django_db_setup: None) -> None:
    """As pytest-django makes it, of tables that are there."""


def pytest_unconfigure(config: pytest.Config) -> None:
    """The process that started the others ends last."""
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        with suppress(psycopg.OperationalError):
            tables.drop()


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    """A county with a township of two villages, people in every role, households and two programmes."""
    made: World = kept.world(patched=lambda: bool(monkeypatch._setattr or monkeypatch._setitem))
    return made


def answers(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something listens on a port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def need(present: bool, what: str) -> None:
    """Skip openly where a service is absent; in CI its absence is a failure."""
    if present:
        return
    if REQUIRE_ALL:
        pytest.fail(f"{what} is required in CI and absent")
    pytest.skip(f"{what} is absent")
