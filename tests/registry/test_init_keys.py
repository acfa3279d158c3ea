"""`init_keys` makes the secrets once, private, and never shows or replaces one."""

import io
import stat
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from registry import sensitive


@pytest.fixture
def var(settings: Settings, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path / "deep" / "var"
    settings.SENSITIVE_KEY_FILE = settings.VAR_DIR / "sensitive_keys.json"
    return Path(settings.VAR_DIR)


def run() -> str:
    out = io.StringIO()
    call_command("init_keys", stdout=out)
    return out.getvalue()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_run_makes_private_secrets_and_does_not_show_them(var: Path) -> None:
    shown = run()
    signing, sealing = var / "secret_key", var / "sensitive_keys.json"
    assert (mode(var), mode(signing), mode(sealing)) == (0o700, 0o600, 0o600)
    secret = signing.read_text(encoding="utf-8").strip()
    assert len(secret) >= 50
    assert secret not in shown
    sensitive.keyring()
    assert not any(word in shown for word in sealing.read_text(encoding="utf-8").split('"') if len(word) > 20)
    assert str(sealing) in shown


def test_a_second_run_changes_nothing(var: Path) -> None:
    run()
    before = {path.name: path.read_bytes() for path in var.iterdir()}
    assert "未改动" in run()
    assert {path.name: path.read_bytes() for path in var.iterdir()} == before


def test_open_permissions_are_narrowed(var: Path) -> None:
    run()
    var.chmod(0o755)
    (var / "secret_key").chmod(0o644)
    (var / "sensitive_keys.json").chmod(0o640)
    shown = run()
    assert (mode(var), mode(var / "secret_key"), mode(var / "sensitive_keys.json")) == (0o700, 0o600, 0o600)
    assert shown.count("已把权限收紧为") == 3
