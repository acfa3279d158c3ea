"""Backup and restore (备份与恢复): database and media in one archive with checksums; the keys never in it.

The archive is a plain tar: `manifest.json` last, written when everything before it has its SHA-256, so that a
cut-off archive has none and is refused.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO, Any, cast

from django.conf import settings
from django.db import connection

from registry.refusal import Refused

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
PIECE = 1 << 20

Progress = Callable[[int], None]


class BackupRefused(Refused):
    """A backup that cannot be made, or an archive that must not be restored."""


def write(path: Path, *, at: datetime, progress: Progress = lambda count: None) -> Mapping[str, Any]:
    """Write an archive of the database at one moment and of all media; readers and writers go on.

    In: a path that does not exist yet, the moment. Out: the manifest. Source of the rule: GB/T 22239-2019
    8.1.4.9. Media come after the database: a row never points to a file that the archive lacks.
    """
    media = Path(settings.MEDIA_ROOT).resolve()
    if Path(settings.SENSITIVE_KEY_FILE).resolve().is_relative_to(media):
        raise BackupRefused("密钥文件放在附件目录里，会和数据进同一个备份；请先把它移到别处。")
    if path.exists():
        raise BackupRefused(f"{path} 已经存在，不能覆盖；请换一个文件名。")
    part = path.with_name(f"{path.name}.part")
    try:
        with TemporaryDirectory(dir=path.parent) as folder, _private(part) as file:
            with tarfile.open(fileobj=file, mode="w") as archive:
                files = {}
                for name, source in _sources(Path(folder), media):
                    files[name] = _add(archive, name, source)
                    progress(1)
                manifest = {
                    "format": FORMAT,
                    "made_at": at.astimezone(UTC).isoformat(),
                    "database": connection.vendor,
                    "files": files,
                }
                text = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
                entry = tarfile.TarInfo(MANIFEST)
                entry.size = len(text)
                archive.addfile(entry, BytesIO(text))
            file.flush()
            os.fsync(file.fileno())
        verify(part)
        part.replace(path)
    except OSError as error:
        raise BackupRefused(f"备份没有写成（{error.strerror or error}）。") from error
    finally:
        part.unlink(missing_ok=True)
    return manifest


def media_count() -> int:
    """How many files a backup takes in besides the database."""
    return sum(1 for _ in _media(Path(settings.MEDIA_ROOT).resolve()))


def restore(path: Path, *, progress: Progress = lambda count: None) -> Mapping[str, Any]:
    """Put an archive into an empty database and an empty media folder; anything else is refused untouched.

    The whole archive is read and compared with its checksums before anything is written.
    """
    manifest = verify(path)
    _refuse_other_database(manifest)
    _refuse_what_is_not_empty()
    media = Path(settings.MEDIA_ROOT)
    media.parent.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(dir=media.parent) as folder, tarfile.open(path) as archive:
            for entry in archive:
                if entry.name != MANIFEST:
                    _unpack(archive, entry, Path(folder) / entry.name)
                    progress(1)
            base = Path(folder) / DATABASE[connection.vendor]
            _check_database(base)
            _load(base)
            base.unlink()
            media.mkdir(exist_ok=True)
            for each in (Path(folder) / "media").glob("*"):
                each.rename(media / each.name)
    except OSError as error:
        raise BackupRefused(f"恢复没有完成（{error.strerror or error}），请清空目标后再试。") from error
    return manifest


def verify(path: Path) -> dict[str, Any]:
    """Read a whole archive and compare it with its manifest; the manifest of a sound one."""
    found: dict[str, dict[str, Any]] = {}
    manifest: dict[str, Any] | None = None
    try:
        with tarfile.open(path, mode="r:") as archive:
            for entry in archive:
                _refuse_strange(entry)
                if manifest is not None or entry.name in found:
                    raise BackupRefused(
                        f"{path} 的内容多出了 {entry.name}，不是完整的备份，没有恢复任何内容。"
                    )
                file = archive.extractfile(entry)
                assert file is not None
                if entry.name == MANIFEST:
                    manifest = json.load(file)
                else:
                    found[entry.name] = _sum(file)
    except FileNotFoundError as error:
        raise BackupRefused(f"找不到备份文件 {path}。") from error
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        raise BackupRefused(f"{path} 已损坏或者不是备份文件，没有恢复任何内容。") from error
    if manifest is None:
        raise BackupRefused(f"{path} 不完整（没有清单），没有恢复任何内容。")
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BackupRefused(f"{path} 的格式不是这个版本能恢复的，没有恢复任何内容。")
    listed = manifest["files"]
    wrong = sorted(name for name in listed.keys() | found.keys() if listed.get(name) != found.get(name))
    if wrong:
        raise BackupRefused(f"{path} 已损坏：{wrong[0]} 与清单的校验和不符，没有恢复任何内容。")
    return manifest


def _refuse_strange(entry: tarfile.TarInfo) -> None:
    """Only plain files, under the two places that a backup has."""
    place = PurePosixPath(entry.name)
    known = entry.name in {MANIFEST, *DATABASE.values()} or place.parts[0] == "media"
    if not entry.isreg() or place.is_absolute() or ".." in place.parts or not known:
        raise BackupRefused(f"备份文件里有不该有的内容（{entry.name}），没有恢复任何内容。")


def _refuse_other_database(manifest: Mapping[str, Any]) -> None:
    if manifest["database"] != connection.vendor:
        raise BackupRefused(
            f"这是 {manifest['database']} 的备份，现在配置的是 {connection.vendor}，不能互相恢复，没有恢复任何内容。"
        )


def _refuse_what_is_not_empty() -> None:
    if connection.introspection.table_names():
        raise BackupRefused("目标数据库不是空的，恢复只能进行到空数据库里，没有恢复任何内容。")
    media = Path(settings.MEDIA_ROOT)
    if media.exists() and any(media.iterdir()):
        raise BackupRefused(f"附件目录 {media} 不是空的，没有恢复任何内容。")


def _sources(folder: Path, media: Path) -> Iterator[tuple[str, Path]]:
    copy = folder / DATABASE[connection.vendor]
    _dump(copy)
    yield copy.name, copy
    copy.unlink()
    for path in _media(media):
        yield f"media/{path.relative_to(media).as_posix()}", path


def _media(media: Path) -> Iterator[Path]:
    return (path for path in sorted(media.rglob("*")) if path.is_file() and not path.is_symlink())


def _dump(copy: Path) -> None:
    """The database as it stands at one moment."""
    if connection.vendor == "postgresql":
        _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={copy}")
        return
    # In one step: a copy in pieces begins anew with every write of another process.
    with (
        closing(sqlite3.connect(_file().as_uri() + "?mode=ro", uri=True, timeout=20)) as base,
        closing(sqlite3.connect(copy)) as into,
    ):
        base.backup(into)
    _check_database(copy)


def _check_database(copy: Path) -> None:
    """Refuse a copy that the database's own tool cannot read."""
    if connection.vendor == "postgresql":
        _run("pg_restore", "--list", str(copy), connect=False)
        return
    try:
        with closing(sqlite3.connect(copy)) as base:
            sound = base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    except sqlite3.DatabaseError:
        sound = False
    if not sound:
        raise BackupRefused("数据库文件没有通过完整性检查。")


def _load(base: Path) -> None:
    if connection.vendor == "postgresql":
        _run(
            "pg_restore",
            "--exit-on-error",
            "--single-transaction",
            "--no-owner",
            "--no-privileges",
            f"--dbname={connection.settings_dict['NAME']}",
            str(base),
        )
        return
    connection.close()
    target = _file()
    fresh = target.with_name(f"{target.name}.new")
    shutil.copyfile(base, fresh)
    with fresh.open("rb") as file:
        os.fsync(file.fileno())
    fresh.replace(target)


def _file() -> Path:
    return Path(connection.settings_dict["NAME"]).resolve()


def _run(tool: str, *arguments: str, connect: bool = True) -> None:
    """Call PostgreSQL's client; address and password by the environment, where no list of processes shows them."""
    given = connection.settings_dict
    names = {
        "PGHOST": "HOST",
        "PGPORT": "PORT",
        "PGUSER": "USER",
        "PGPASSWORD": "PASSWORD",
        "PGDATABASE": "NAME",
    }
    place = {name: f"{given[key]}" for name, key in names.items() if given[key]} if connect else {}
    try:
        done = subprocess.run([tool, *arguments], env={**os.environ, **place}, capture_output=True, text=True)
    except FileNotFoundError:
        raise BackupRefused(
            f"这台机器没有 {tool}，请安装 PostgreSQL 客户端（postgresql-client）后再试。"
        ) from None
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["没有说明"])[-1]
        raise BackupRefused(f"{tool} 没有成功：{said}")


def _private(path: Path) -> IO[bytes]:
    """A new file that only its owner can read: a backup holds names and addresses in plain text."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")


class _Summed:
    """A file whose bytes are summed up as they are read: an upload that still grows is kept as far as it was."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sum = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self.sum.update(piece)
        return piece


def _add(archive: tarfile.TarFile, name: str, source: Path) -> dict[str, Any]:
    with source.open("rb") as file:
        entry = tarfile.TarInfo(name)
        entry.size = os.fstat(file.fileno()).st_size
        summed = _Summed(file)
        archive.addfile(entry, cast(IO[bytes], summed))
        return {"sha256": summed.sum.hexdigest(), "size": entry.size}


def _unpack(archive: tarfile.TarFile, entry: tarfile.TarInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    file = archive.extractfile(entry)
    assert file is not None
    with target.open("wb") as into:
        shutil.copyfileobj(file, into, PIECE)
        into.flush()
        os.fsync(into.fileno())


def _sum(file: IO[bytes]) -> dict[str, Any]:
    found, size = hashlib.sha256(), 0
    while piece := file.read(PIECE):
        found.update(piece)
        size += len(piece)
    return {"sha256": found.hexdigest(), "size": size}
