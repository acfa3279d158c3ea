"""`manage.py init_keys`: make the secrets of this installation, once."""

import os
import secrets
import stat
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from registry import sensitive


class Command(BaseCommand):
    help = "生成签名密钥和加密密钥文件（已有的不动），权限只限本人。"
    # The checks would ask for the very keys that are missing.
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the secret key and the key file where absent; never show, replace or widen one."""
        signing, sealing = Path(settings.VAR_DIR) / "secret_key", Path(settings.SENSITIVE_KEY_FILE)
        for folder in {signing.parent, sealing.parent}:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._narrow(signing.parent, 0o700)
        if not signing.exists():
            handle = os.open(signing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(secrets.token_urlsafe(64) + "\n")
            self.stdout.write(f"已生成签名密钥：{signing}。")
        else:
            self.stdout.write(f"签名密钥已存在，未改动：{signing}。")
        if not sealing.exists():
            sensitive.write_key_file(sealing)
            self.stdout.write(f"已生成加密密钥文件：{sealing}。请另行备份，丢失后加密数据无法读取。")
        else:
            self.stdout.write(f"加密密钥文件已存在，未改动：{sealing}。")
        for path in (signing, sealing):
            self._narrow(path, 0o600)

    def _narrow(self, path: Path, mode: int) -> None:
        if stat.S_IMODE(path.stat().st_mode) & ~mode:
            path.chmod(mode)
            self.stdout.write(f"已把权限收紧为 {mode:o}：{path}。")
