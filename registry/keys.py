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


def keyring() -> Keyring:
    """Give the keys of settings.SENSITIVE_KEY_FILE, read once per process."""
    return _read_key_file(str(settings.SENSITIVE_KEY_FILE))


def forget_keys() -> None:
    """Drop the keys read so far, so that the next use reads the file again."""
    _read_key_file.cache_clear()


def write_key_file(path: Path) -> None:
    """Write fresh random keys to a new file that only its owner can read; never replace one that exists."""
    keys = {"current": "k1", "keys": {"k1": _random_key()}, "index": _random_key()}
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise KeyFileUnusable(f"密钥文件 {path} 已经存在，不能覆盖：覆盖后已加密的数据将无法读取。") from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(keys, file)
        file.flush()
        os.fsync(file.fileno())


def _random_key() -> str:
    return base64.b64encode(os.urandom(KEY_BYTES)).decode("ascii")


@lru_cache(maxsize=8)
def _read_key_file(path: str) -> Keyring:
    try:
        with open(path, encoding="utf-8") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise KeyFileUnusable(f"密钥文件 {path} 能被其他用户读取，请把权限改为 600。")
            content = json.load(file)
        ciphers = {key_id: AESGCM(_key(text)) for key_id, text in content["keys"].items()}
        current, index_key = content["current"], _key(content["index"])
    except OSError as error:
        hint = "请运行 manage.py init_keys 生成，或从备份恢复。"
        raise KeyFileUnusable(f"读不到密钥文件 {path}（{error.strerror}）。{hint}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeyFileUnusable(f"密钥文件 {path} 的内容不完整或已损坏，请从备份恢复。") from error
    if current not in ciphers or not all(KEY_ID.fullmatch(key_id) for key_id in ciphers):
        raise KeyFileUnusable(f"密钥文件 {path} 没有当前密钥，或者密钥编号不合规。")
    return Keyring(current=current, ciphers=ciphers, index_key=index_key)


def _key(text: str) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return key
