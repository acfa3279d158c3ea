"""The keys of one installation (密钥): read from one file that only its owner can read."""

import base64
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

KEY_BYTES = 32
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class KeyFileUnusable(ImproperlyConfigured):
    """The key file is missing, readable by others or damaged."""


@dataclass(frozen=True)
class Keyring:
    """The keys of one installation: one that seals, all that open, and a separate one for look-ups."""

    current: str
    ciphers: Mapping[str, AESGCM] = field(repr=False)
    index_key: bytes = field(repr=False)
    old_index_key: bytes | None = field(repr=False, default=None)
    """That of before, as long as a rotation is under way: look-ups have to find either."""


def keyring() -> Keyring:
    """Give the keys of settings.SENSITIVE_KEY_FILE, read again when the file has been replaced (a rotation)."""
    path = str(settings.SENSITIVE_KEY_FILE)
    try:
        found = os.stat(path)
    except OSError:
        return _read_key_file(path, ())
    return _read_key_file(path, (found.st_ino, found.st_mtime_ns, found.st_size))


def forget_keys() -> None:
    """Drop the keys read so far, so that the next use reads the file again."""
    _read_key_file.cache_clear()


def write_key_file(path: Path) -> None:
    """Write fresh random keys to a new file that only its owner can read; never replace one that exists."""
    keys = {"current": "k1", "keys": {"k1": _random_key()}, "index": _random_key()}
    try:
        _write(path, keys)
    except FileExistsError:
        raise KeyFileUnusable(f"密钥文件 {path} 已经存在，不能覆盖：覆盖后已加密的数据将无法读取。") from None


def begin_rotation() -> str:
    """Put a new key and a new look-up key in force, beside the old ones; a rotation under way goes on.

    Out: the id of the key in force.
    """
    keys = _content()
    if "old_index" not in keys:
        number = max((int(key[1:]) for key in keys["keys"] if re.fullmatch(r"k\d{1,9}", key)), default=0) + 1
        keys["keys"][f"k{number}"] = _random_key()
        keys |= {"current": f"k{number}", "old_index": keys["index"], "index": _random_key()}
        _replace(keys)
    return keyring().current


def end_rotation() -> None:
    """Drop the old look-up key: no row needs it. The old keys stay, for the backups that were sealed with them."""
    keys = _content()
    keys.pop("old_index", None)
    _replace(keys)


def drop_old_keys() -> list[str]:
    """Take every key but the current one out of the file; their ids."""
    keys = _content()
    old = sorted(keys["keys"].keys() - {keys["current"]})
    keys["keys"] = {keys["current"]: keys["keys"][keys["current"]]}
    _replace(keys)
    return old


def _content() -> dict[str, Any]:
    """The file as it stands, once it has passed every check."""
    keyring()
    content: dict[str, Any] = json.loads(Path(settings.SENSITIVE_KEY_FILE).read_text(encoding="utf-8"))
    return content


def _replace(keys: Mapping[str, Any]) -> None:
    """Replace the key file in one step: a kill leaves the old file or the new one, never half of one."""
    path = Path(settings.SENSITIVE_KEY_FILE)
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    _write(fresh, keys)
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write(path: Path, keys: Mapping[str, Any]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(keys, file)
        file.flush()
        os.fsync(file.fileno())


def _random_key() -> str:
    return base64.b64encode(os.urandom(KEY_BYTES)).decode("ascii")


@lru_cache(maxsize=8)
def _read_key_file(path: str, state: tuple[int, ...]) -> Keyring:
    try:
        with open(path, encoding="utf-8") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise KeyFileUnusable(f"密钥文件 {path} 能被其他用户读取，请把权限改为 600。")
            content = json.load(file)
        ciphers = {key_id: AESGCM(_key(text)) for key_id, text in content["keys"].items()}
        current, index_key = content["current"], _key(content["index"])
        old_index_key = _key(content["old_index"]) if "old_index" in content else None
    except OSError as error:
        hint = "请运行 manage.py init_keys 生成，或从备份恢复。"
        raise KeyFileUnusable(f"读不到密钥文件 {path}（{error.strerror}）。{hint}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeyFileUnusable(f"密钥文件 {path} 的内容不完整或已损坏，请从备份恢复。") from error
    if current not in ciphers or not all(KEY_ID.fullmatch(key_id) for key_id in ciphers):
        raise KeyFileUnusable(f"密钥文件 {path} 没有当前密钥，或者密钥编号不合规。")
    return Keyring(current, ciphers, index_key, old_index_key)


def _key(text: str) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return key
