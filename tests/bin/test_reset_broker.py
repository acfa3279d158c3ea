"""The filesystem broker's folder is made anew at each start, however damaged it is."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from kombu import Connection
from pytest_django import Settings


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    settings.CELERY_BROKER_URL = "filesystem://"
    settings.BROKER_DIR = tmp_path / "broker"
    return settings.BROKER_DIR


def damaged_exchange(folder: Path) -> None:
    (folder / "control").mkdir(parents=True)
    (folder / "control" / "celery.exchange").write_text("")
    (folder / "queue").mkdir()
    (folder / "queue" / "1_celery.celery.msg").write_text('{"cut')


def file_for_a_folder(folder: Path) -> None:
    folder.mkdir()
    (folder / "queue").write_text("")


def file_for_the_whole(folder: Path) -> None:
    folder.write_text("")


def link_to_elsewhere(folder: Path) -> None:
    kept = folder.parent / "kept"
    kept.mkdir()
    (kept / "paper").touch()
    folder.mkdir()
    (folder / "queue").symlink_to(kept)


def folders_inside(folder: Path) -> None:
    (folder / "queue" / "deep" / "deeper").mkdir(parents=True)


@pytest.mark.parametrize(
    "damage",
    [Path.exists, damaged_exchange, file_for_a_folder, file_for_the_whole, link_to_elsewhere, folders_inside],
)
def test_folders_are_empty_and_for_this_account_only_after_a_reset(
    folder: Path, damage: Callable[[Path], object]
) -> None:
    damage(folder)
    call_command("reset_broker", verbosity=0)
    assert {path: path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*"))} == {
        folder: 0o700,
        folder / "queue": 0o700,
        folder / "control": 0o700,
    }
    assert not (folder / "queue").is_symlink()


def test_reset_does_not_follow_a_link_to_files_elsewhere(folder: Path) -> None:
    link_to_elsewhere(folder)
    call_command("reset_broker", verbosity=0)
    assert (folder.parent / "kept" / "paper").exists()


def test_message_passes_again_after_the_reset_of_a_damaged_folder(folder: Path) -> None:
    damaged_exchange(folder)
    options = {
        "data_folder_in": str(folder / "queue"),
        "data_folder_out": str(folder / "queue"),
        "control_folder": str(folder / "control"),
    }

    def pass_one() -> object:
        with Connection("filesystem://localhost", transport_options=options) as connection:
            # A process that has just started has declared nothing yet.
            connection.transport.state.clear()
            queue = connection.SimpleQueue("celery")
            queue.put({"id": 7}, serializer="json")
            message = queue.get(timeout=5)
            message.ack()
            return message.payload

    with pytest.raises(ValueError, match="Expecting value"):
        pass_one()
    call_command("reset_broker", verbosity=0)
    assert pass_one() == {"id": 7}


def test_other_brokers_are_left_alone(folder: Path, settings: Settings) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:6379/9"
    damaged_exchange(folder)
    call_command("reset_broker", verbosity=0)
    assert (folder / "queue" / "1_celery.celery.msg").exists()
