"""System checks: a demo and a real installation never share a database; keys and journal are safe."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core import checks
from django.db import connection
from pytest_django import Settings

from registry import demo, sensitive
from registry.checks import demo_and_production_are_apart, sqlite_is_safe_in_wal_mode
from registry.models import ClockOffset, DemoMarker
from tests.registry import places

NOW = datetime(2021, 10, 1, tzinfo=UTC)


def found_in_database() -> list[str | None]:
    return [m.id for m in demo_and_production_are_apart(databases=["default"])]


@pytest.mark.parametrize(
    ("is_demo", "offset", "marker", "users", "expected"),
    [
        (False, False, False, False, []),
        (False, False, False, True, []),
        (False, True, False, True, ["registry.E002"]),
        (False, False, True, True, ["registry.E003"]),
        (False, True, True, True, ["registry.E002", "registry.E003"]),
        (True, False, False, False, []),
        (True, True, True, True, []),
        (True, False, True, False, []),
        (True, False, False, True, ["registry.E004"]),
        (True, True, False, True, ["registry.E004"]),
    ],
)
@pytest.mark.django_db
def test_demo_and_production_do_not_share_a_database(
    settings: Settings, is_demo: bool, offset: bool, marker: bool, users: bool, expected: list[str]
) -> None:
    settings.DEMO = is_demo
    if offset:
        ClockOffset.objects.create(pk=1, days=1, set_at=NOW)
    if marker:
        DemoMarker.objects.create(pk=1, created_at=NOW)
    if users:
        places.user()
    assert found_in_database() == expected
    messages = checks.run_checks(tags=[checks.Tags.database], databases=["default"])
    assert [m.id for m in messages if str(m.id).startswith("registry.E")] == expected


@pytest.mark.django_db
def test_without_a_named_database_nothing_is_asked(settings: Settings) -> None:
    settings.DEMO = False
    ClockOffset.objects.create(pk=1, days=1, set_at=NOW)
    assert demo_and_production_are_apart(databases=None) == []


def test_a_bad_key_file_is_an_error_under_deploy_only(settings: Settings, tmp_path: Path) -> None:
    def ids(*, deploy: bool) -> list[str | None]:
        messages = checks.run_checks(tags=[checks.Tags.security], include_deployment_checks=deploy)
        return [m.id for m in messages if str(m.id).startswith("registry.")]

    settings.SECOND_FACTOR = True
    settings.SENSITIVE_KEY_FILE = path = tmp_path / "keys.json"
    assert (ids(deploy=False), ids(deploy=True)) == ([], ["registry.E001"])
    sensitive.write_key_file(path)
    assert ids(deploy=True) == []
    path.chmod(0o644)
    sensitive.forget_keys()
    assert ids(deploy=True) == ["registry.E001"]


@pytest.mark.parametrize(("on", "expected"), [(True, []), (False, ["registry.W003"])])
def test_a_deployment_without_the_second_factor_is_warned_of(
    settings: Settings, on: bool, expected: list[str]
) -> None:
    settings.SECOND_FACTOR = on
    messages = checks.run_checks(tags=[checks.Tags.security], include_deployment_checks=True)
    assert [m.id for m in messages if m.id == "registry.W003"] == expected
    assert not [m for m in checks.run_checks(tags=[checks.Tags.security]) if m.id == "registry.W003"]


@pytest.mark.parametrize(
    ("vendor", "version", "journal", "expected"),
    [
        ("sqlite", (3, 40, 1), "wal", ["registry.W001"]),
        ("sqlite", (3, 51, 2), "wal", ["registry.W001"]),
        ("sqlite", (3, 51, 3), "wal", []),
        ("sqlite", (3, 40, 1), "delete", []),
        ("postgresql", (15, 0), "wal", []),
    ],
)
def test_an_old_sqlite_in_wal_mode_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, vendor: str, version: tuple[int, ...], journal: str, expected: list[str]
) -> None:
    class Cursor:
        def __enter__(self) -> "Cursor":
            return self

        def __exit__(self, *error: object) -> None: ...

        def execute(self, sql: str) -> None:
            assert sql == "PRAGMA journal_mode"

        def fetchone(self) -> tuple[str]:
            return (journal,)

    fake = SimpleNamespace(vendor=vendor, get_database_version=lambda: version, cursor=Cursor)
    monkeypatch.setattr("registry.checks.connections", {"default": fake})
    assert [m.id for m in sqlite_is_safe_in_wal_mode(databases=["default"])] == expected


@pytest.mark.django_db
def test_this_database_answers_the_journal_check() -> None:
    mode = "none"
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode")
            mode = cursor.fetchone()[0]
    assert bool(sqlite_is_safe_in_wal_mode(databases=["default"])) is (mode == "wal")


@pytest.mark.django_db
def test_a_demo_act_needs_both_the_setting_and_the_mark(settings: Settings) -> None:
    settings.DEMO = True
    assert not demo.is_demo_database()
    with pytest.raises(demo.NotADemoDatabase, match="不是演示库"):
        demo.require_demo()
    demo.mark(now=NOW)
    demo.require_demo()
    settings.DEMO = False
    assert demo.is_demo_database()
    with pytest.raises(demo.NotADemoDatabase, match="不在演示模式下"):
        demo.require_demo()


@pytest.mark.django_db
def test_only_an_empty_database_in_a_demo_is_marked(settings: Settings) -> None:
    settings.DEMO = False
    with pytest.raises(demo.NotADemoDatabase, match="不在演示模式下"):
        demo.mark(now=NOW)
    settings.DEMO = True
    places.user()
    with pytest.raises(demo.NotADemoDatabase, match="已有用户或户"):
        demo.mark(now=NOW)
    assert not DemoMarker.objects.exists()


@pytest.mark.django_db
def test_marking_twice_changes_nothing(settings: Settings) -> None:
    settings.DEMO = True
    first = demo.mark(now=NOW)
    places.user()
    assert demo.mark(now=datetime(2022, 1, 1, tzinfo=UTC)) == first
    assert DemoMarker.objects.get().created_at == NOW
