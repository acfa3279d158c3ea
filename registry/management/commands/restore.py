"""`manage.py restore FILE`: put a backup into an empty database and an empty media folder."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress

from registry import backups
from registry.refusal import Refused


class Command(BaseCommand):
    help = "把备份恢复到空的数据库和空的附件目录；先核对整个备份，有问题就什么都不动。"
    # The checks would ask a database that is still empty.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="manage.py backup 写的文件")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with Progress(console=Console(stderr=True), transient=True) as bar:
                task = bar.add_task("恢复", total=None)
                made = backups.restore(options["file"], progress=lambda n: bar.advance(task, n))
        except Refused as refused:
            raise CommandError(refused.sentence) from refused
        self.stdout.write(
            f"已恢复{made['made_at']}的备份：数据库和{len(made['files']) - 1}个附件。"
            "请放回密钥文件，然后运行 verify_history 和 check_workflow。"
        )
