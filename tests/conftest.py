"""What all tests share: keys, a place for files, the services a test may need, and a township of the tests' own."""

import gc
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.conf import settings as django_settings
from django.db.backends.base.operations import BaseDatabaseOperations
from hypothesis import Phase
from hypothesis import settings as hypothesis_settings

from registry import sensitive
from tests import kept
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


@pytest.fixture(autouse=True)
def no_broker(request: pytest.FixtureRequest) -> Iterator[None]:
    """Wake-ups go nowhere unless a test is about the broker: the rows are what counts."""
    if "broker" in request.keywords:
        yield
        return
    with mock.patch("celery.app.task.Task.apply_async", return_value=None):
        yield


FLUSH = BaseDatabaseOperations.execute_sql_flush


@contextmanager
def guarded_flush() -> Iterator[None]:
    """Emptying all tables as an installation would: with the triggers on."""
    with mock.patch.object(BaseDatabaseOperations, "execute_sql_flush", FLUSH):
        yield


@pytest.fixture(scope="session", autouse=True)
def tables_emptied_past_the_guards() -> Iterator[None]:
    """Between transactional tests Django empties all tables, the append-only ones too."""
    flush = FLUSH

    def flush_unguarded(operations: Any, statements: list[str]) -> None:
        with unguarded(operations.connection):
            flush(operations, statements)

    BaseDatabaseOperations.execute_sql_flush = flush_unguarded
    yield
    BaseDatabaseOperations.execute_sql_flush = flush


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
