"""`manage.py rotate_keys`: re-encrypt everything under a new key; `--forget-old` then removes the old ones."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from registry import rotation
from registry.keys import KeyFileUnusable
from registry.refusal import Refused
from registry.sensitive import SealBroken, UnknownKey


class Command(BaseCommand):
    help = "换一把新密钥，把所有加密字段和盲索引重新加密；中断后再次运行会接着做。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--forget-old", action="store_true", help="确认没有数据再用旧密钥后，把旧密钥从密钥文件里移除"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._forget() if options["forget_old"] else self._rotate()
        except Refused as refused:
            raise CommandError(refused.sentence) from refused
        except (KeyFileUnusable, SealBroken, UnknownKey) as error:
            raise CommandError(f"{error}") from error

    def _rotate(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            total = sum(model._base_manager.count() for model in rotation.tables())
            task = bar.add_task("重新加密", total=total)
            current = rotation.rotate(progress=lambda rows: bar.advance(task, rows))
        self.stdout.write(
            f"全部加密数据已改用密钥 {current}。请立即另行备份密钥文件；旧备份还要旧密钥才能读，"
            "不再需要时运行 manage.py rotate_keys --forget-old。"
        )

    def _forget(self) -> None:
        old = rotation.forget_old()
        self.stdout.write(f"已从密钥文件移除：{'、'.join(old)}。" if old else "密钥文件里没有旧密钥。")
