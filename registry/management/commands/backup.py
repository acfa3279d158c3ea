"""`manage.py backup FILE`: database and media into one archive, while work goes on. The keys are kept apart."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from registry import backups, clock
from registry.refusal import Refused


class Command(BaseCommand):
    help = "把数据库和附件备份到一个文件（不含密钥）；备份时可以照常办理。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="备份文件，不能已经存在，例如 /srv/backup/2021-04-03.tar")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        try:
            with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
                task = bar.add_task("备份", total=backups.media_count() + 1)
                made = backups.write(path, at=clock.now(), progress=lambda n: bar.advance(task, n))
        except Refused as refused:
            raise CommandError(refused.sentence) from refused
        self.stdout.write(
            f"已备份到 {path}：数据库和{len(made['files']) - 1}个附件。密钥不在里面，"
            f"请另行保管 {settings.SENSITIVE_KEY_FILE}。"
        )
