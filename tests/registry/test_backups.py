"""Backup while somebody writes, restore into an empty place; damaged or strange archives change nothing."""

import base64
import json
import shutil
import tarfile
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from random import Random

import pytest

from registry import backups
from tests.registry.installation import Installation, empty, filled

WRITE = """
import pathlib
from datetime import date
from decimal import Decimal
from applications.models import Application, Programme
from registry import clock
from registry.models import Household, User
from workflow import intake
folder = pathlib.Path({folder!r})
clerk, programme = User.objects.get(name="王村一"), Programme.objects.order_by("pk").first()
now = Application.objects.order_by("pk").first().entered_at
count = 0
for household in Household.objects.filter(members__isnull=False).distinct().order_by("-pk"):
    intake.enter(intake.Form(programme, household, Decimal("3"), date(2021, 3, 1), committed=True), by=clerk, now=now)
    count += 1
    (folder / "written").write_text(str(count))
    if (folder / "enough").exists():
        break
print(count)
"""


# Also what only looks at an empty target asks the kind of database that the suite runs on.
pytestmark = pytest.mark.usefixtures("migrated")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, migrated: str) -> Iterator[Installation]:
    with filled(tmp_path_factory.mktemp("backed") / "var", households=400, migrated=migrated) as made:
        yield made


@pytest.fixture(scope="module")
def archive(place: Installation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made while another process enters one application after the other."""
    path = tmp_path_factory.mktemp("archive") / "backup.tar"
    writer = place.start("shell", "-v0", "-c", WRITE.format(folder=str(place.folder)))
    until = time.monotonic() + 60
    while not (place.folder / "written").exists():
        assert writer.poll() is None, writer.communicate()
        assert time.monotonic() < until
        time.sleep(0.05)
    said = place.do("backup", str(path))
    assert writer.poll() is None, "the writer was done before the backup"
    (place.folder / "enough").touch()
    out, err = writer.communicate(timeout=60)
    assert writer.returncode == 0, err
    assert int(out) > 1
    assert "密钥不在里面" in said
    return path


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Installation]:
    with empty(tmp_path / "restored") as made:
        yield made


def tables(place: Installation) -> int:
    if place.url.startswith("sqlite"):
        return len(place.ask("SELECT 1 FROM sqlite_master"))
    return len(place.ask("SELECT 1 FROM pg_tables WHERE schemaname = 'public'"))


def media(place: Installation) -> dict[str, bytes]:
    root = place.folder / "media"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_restored_backup_is_whole_and_passes_both_checks(
    place: Installation, archive: Path, target: Installation
) -> None:
    assert "已恢复" in target.do("restore", str(archive))
    shutil.copy2(place.keys, target.keys)
    assert "未发现改动" in target.do("verify_history")
    assert "一致" in target.do("check_workflow")
    assert media(target) == media(place) != {}
    count = "SELECT count(*) FROM applications_application"
    assert 2 < target.ask(count)[0][0] <= place.ask(count)[0][0]
    read = (
        "from registry.models import Member; print(all(len(m.id_number) == 18 for m in Member.objects.all()))"
    )
    assert target.do("shell", "-v0", "-c", read).strip() == "True"
    before = target.ask(count), media(target)
    code, _, err = target.run("restore", str(archive))
    assert code == 1
    assert "目标数据库不是空的" in err
    assert (target.ask(count), media(target)) == before


def test_keys_are_never_in_the_archive(place: Installation, archive: Path) -> None:
    content, kept = archive.read_bytes(), json.loads(place.keys.read_text())
    for key in (*kept["keys"].values(), kept["index"]):
        assert key.encode() not in content
        assert base64.b64decode(key) not in content
    assert (place.folder / "secret_key").read_bytes().strip() not in content
    with tarfile.open(archive) as opened:
        assert {name.split("/")[0] for name in opened.getnames()} <= {
            "media",
            "manifest.json",
            *backups.DATABASE.values(),
        }
    assert archive.stat().st_mode & 0o777 == 0o600


def test_backup_writes_over_nothing(place: Installation, archive: Path) -> None:
    before = archive.read_bytes()
    code, _, err = place.run("backup", str(archive))
    assert code == 1
    assert "已经存在" in err
    assert archive.read_bytes() == before


def test_damaged_archive_leaves_the_target_as_it_was(
    archive: Path, target: Installation, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.tar"
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    code, _, err = target.run("restore", str(damaged))
    assert code == 1
    assert "没有恢复任何内容" in err
    assert "Traceback" not in err
    assert (tables(target), media(target)) == (0, {})


def test_media_that_are_there_already_stop_a_restore(archive: Path, target: Installation) -> None:
    (target.folder / "media").mkdir()
    (target.folder / "media" / "kept.txt").write_text("示例")
    code, _, err = target.run("restore", str(archive))
    assert code == 1
    assert "附件目录" in err
    assert (tables(target), media(target)) == (0, {"kept.txt": "示例".encode()})


def test_every_flipped_byte_and_every_cut_is_noticed(archive: Path, tmp_path: Path) -> None:
    """Padding between the files carries nothing; everything else is under a checksum."""
    rng, content = Random(20211231), archive.read_bytes()
    copy = tmp_path / "copy.tar"
    with tarfile.open(archive) as opened:
        entries = [(entry.offset_data, entry.size) for entry in opened if entry.name != "manifest.json"]
    for _ in range(20):
        begin, size = rng.choice([entry for entry in entries if entry[1]])
        at = begin + rng.randrange(size)
        copy.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises(backups.BackupRefused, match="没有恢复任何内容"):
            backups.verify(copy)
    last = entries[-1][0] + entries[-1][1]
    for _ in range(10):
        copy.write_bytes(content[: rng.randrange(last)])
        with pytest.raises(backups.BackupRefused, match="没有恢复任何内容"):
            backups.verify(copy)
    copy.write_bytes(content)
    assert backups.verify(copy)["format"] == 1


def strange(path: Path, name: str, *, kind: bytes = tarfile.REGTYPE) -> None:
    with tarfile.open(path, "w") as made:
        entry = tarfile.TarInfo(name)
        entry.type = kind
        entry.linkname = "/etc/passwd" if kind == tarfile.SYMTYPE else ""
        made.addfile(entry, BytesIO())


@pytest.mark.parametrize("name", ["../out", "/out", "media/../../out", "sensitive_keys.json"])
def test_archive_with_a_strange_name_is_refused(tmp_path: Path, name: str) -> None:
    strange(tmp_path / "strange.tar", name)
    with pytest.raises(backups.BackupRefused, match="不该有"):
        backups.verify(tmp_path / "strange.tar")


def test_archive_with_a_link_is_refused(tmp_path: Path) -> None:
    strange(tmp_path / "strange.tar", "media/link", kind=tarfile.SYMTYPE)
    with pytest.raises(backups.BackupRefused, match="不该有"):
        backups.verify(tmp_path / "strange.tar")


@pytest.mark.parametrize("content", [b"", b"not a tar"])
def test_file_that_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "some").write_bytes(content)
    with pytest.raises(backups.BackupRefused, match="没有恢复任何内容"):
        backups.verify(tmp_path / "some")
    with pytest.raises(backups.BackupRefused, match="找不到"):
        backups.verify(tmp_path / "none")
