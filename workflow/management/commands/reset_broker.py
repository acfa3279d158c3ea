"""`manage.py reset_broker`: an empty folder for the filesystem broker at each start."""

import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand


def remove(path: Path) -> None:
    """Remove whatever stands at the path, folder, file or link, whole or damaged."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class Command(BaseCommand):
    help = "清空并重建文件消息目录；使用 Redis 或 RabbitMQ 时什么也不做。"
    # An empty exchange file stops every publisher, so this must run however broken the rest is.
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Empty and remake the broker's folders: a message is a wake-up call, the rows are the tasks."""
        if not settings.CELERY_BROKER_URL.startswith("filesystem://"):
            self._say("消息服务不是文件目录，无需重建。", options)
            return
        folder: Path = settings.BROKER_DIR
        if not folder.is_dir():
            remove(folder)
        for part in (folder / "queue", folder / "control"):
            remove(part)
            part.mkdir(parents=True)
            # Set apart from mkdir, which takes the umask off. Messages name cases: for this account only.
            part.chmod(0o700)
        folder.chmod(0o700)
        self._say(f"消息目录 {folder} 已清空重建。", options)

    def _say(self, sentence: str, options: dict[str, Any]) -> None:
        if options["verbosity"] > 0:
            self.stdout.write(sentence)
