"""Log files: one a day for every process, long numbers cut, kept as long as the setting says and never too short."""

import logging
import multiprocessing
import stat
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from axes.models import AccessFailureLog, AccessLog
from django.conf import settings as configured
from django.core import checks
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from pytest_django import Settings

from registry import logfiles, logins
from registry.logfiles import DailyFile, Numberless, StackOfFaults

NOW = datetime(2021, 10, 1, 4, tzinfo=UTC)
DAYS = 200


def said(text: str, *args: object, at: datetime = NOW, **extra: object) -> logging.LogRecord:
    record = logging.LogRecord("access", logging.INFO, __file__, 1, text, args, None)
    record.created = at.timestamp()
    vars(record).update(extra)
    return record


def test_each_line_goes_to_the_file_of_its_day_which_only_its_owner_reads(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    handler = DailyFile(str(folder))
    for number in range(3):
        handler.handle(said("第%s行", number, at=NOW + timedelta(days=number // 2)))
    handler.handle(said("又是第一天"))
    handler.close()
    first, second = sorted(folder.iterdir())
    assert (first.name, second.name) == ("approval-2021-10-01.log", "approval-2021-10-02.log")
    assert first.read_text(encoding="utf-8") == "第0行\n第1行\n又是第一天\n"
    assert second.read_text(encoding="utf-8") == "第2行\n"
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def write_many(folder: str, who: int) -> None:
    handler = DailyFile(folder)
    for number in range(200):
        handler.handle(said("%s-%s-%s", who, number, "x" * 500))
    handler.close()


def test_lines_of_processes_that_write_at_once_are_all_whole(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_many, args=(str(tmp_path), who)) for who in range(4)]
    for one in writers:
        one.start()
    for one in writers:
        one.join(60)
        assert one.exitcode == 0
    (file,) = tmp_path.glob("*.log")
    lines = file.read_text().splitlines()
    assert sorted(lines) == sorted(f"{who}-{number}-{'x' * 500}" for who in range(4) for number in range(200))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("GET /nothing/99999919600101123X/ 404", "GET /nothing/99…/ 404"),
        ("6299000000000000001", "62…"),
        ("phone 19900000001 called", "phone 19… called"),
        ("GET /applications/1234567/ 200 15ms", "GET /applications/1234567/ 200 15ms"),
        ("2021-10-01 12:00:00,123", "2021-10-01 12:00:00,123"),
        ("entry 1614567890", "entry 1614567890"),
    ],
)
def test_long_numbers_are_cut_and_short_ones_stay(text: str, kept: str) -> None:
    record = said("%s", text, path=text)
    assert Numberless().filter(record)
    assert (record.getMessage(), vars(record)["path"]) == (kept, kept)


def test_a_number_in_a_traceback_is_cut_too() -> None:
    try:
        raise ValueError("no room for 99999919600101123X")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed", (), sys.exc_info())
    Numberless().filter(record)
    text = logging.Formatter().format(record)
    assert "99999919600101123X" not in text
    assert "ValueError: no room for 99…" in text


@pytest.mark.parametrize(("status", "shown"), [(403, False), (404, False), (500, True), (None, True)])
def test_a_refused_page_is_logged_in_one_line_and_a_fault_with_its_stack(
    status: int | None, shown: bool
) -> None:
    try:
        raise PermissionDenied("您没有这项任职。")
    except PermissionDenied:
        record = logging.LogRecord("x", logging.WARNING, __file__, 1, "refused", (), sys.exc_info())
    if status:
        record.status_code = status
    assert StackOfFaults().filter(record)
    assert ("Traceback" in logging.Formatter().format(record)) is shown


def test_a_line_with_a_carriage_return_stays_one_line(tmp_path: Path) -> None:
    handler = DailyFile(str(tmp_path))
    handler.handle(said("a\rb"))
    handler.close()
    (file,) = tmp_path.iterdir()
    assert file.read_bytes() == b"a\\rb\n"


def test_every_line_of_the_settings_goes_to_stderr_and_to_the_file() -> None:
    assert configured.LOGGING["root"]["handlers"] == ["stderr", "file"]
    for handler in configured.LOGGING["handlers"].values():
        assert handler["filters"] == ["traced", "stacks", "numberless"]
    assert configured.AXES_ACCESS_FAILURE_LOG_PER_USER_LIMIT is None


@pytest.mark.parametrize(
    ("days", "found"), [(1095, []), (183, []), (182, ["registry.E005"]), (0, ["registry.E005"])]
)
def test_a_setting_under_six_months_is_refused(settings: Settings, days: int, found: list[str]) -> None:
    assert configured.LOG_DAYS == 1095
    settings.LOG_DAYS = days
    messages = checks.run_checks(tags=[checks.Tags.security])
    assert [one.id for one in messages if one.id == "registry.E005"] == found


def kept(tmp_path: Path, settings: Settings) -> list[date]:
    """Files and login rows of today, of the last day that is kept, and of the one before it."""
    settings.LOG_DIR = tmp_path
    days = [date(2021, 10, 1) - timedelta(days=back) for back in (0, DAYS, DAYS + 1)]
    for day in days:
        (tmp_path / logfiles.name(day)).write_text("line\n")
    (tmp_path / "approval-notes.log").write_text("somebody's own\n")
    for model in (AccessLog, AccessFailureLog):
        for back in (0, DAYS - 1, DAYS + 1):
            made = model.objects.create(username="u", ip_address="127.0.0.1")
            model.objects.filter(pk=made.pk).update(attempt_time=NOW - timedelta(days=back))
    return days


@pytest.mark.django_db
def test_what_is_older_than_the_setting_is_purged_and_nothing_else(
    tmp_path: Path, settings: Settings
) -> None:
    days = kept(tmp_path, settings)
    settings.LOG_DAYS = DAYS
    assert logins.purge(now=NOW) == (1, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["approval-notes.log", *(logfiles.name(day) for day in days[:2])]
    )
    assert (AccessLog.objects.count(), AccessFailureLog.objects.count()) == (2, 2)
    assert logins.purge(now=NOW) == (0, 0)


@pytest.mark.django_db
def test_the_job_cannot_delete_what_is_younger_than_six_months(tmp_path: Path, settings: Settings) -> None:
    kept(tmp_path, settings)
    settings.LOG_DAYS = 30
    before = sorted(tmp_path.iterdir())
    with pytest.raises(logins.KeptTooShort):
        logins.purge(now=NOW)
    assert sorted(tmp_path.iterdir()) == before
    assert (AccessLog.objects.count(), AccessFailureLog.objects.count()) == (3, 3)


@pytest.mark.django_db
def test_the_retention_command_says_what_it_purged(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(tmp_path, settings)
    settings.LOG_DAYS = DAYS
    monkeypatch.setattr("registry.clock.now", lambda: NOW)
    call_command("retention")
    assert "清理了1个过期的日志文件和2条过期的登录记录。" in capsys.readouterr().out
