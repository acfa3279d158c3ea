"""`manage.py verify_history`: no line of the history and no file was changed, removed or put in; else it exits with 1."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from applications import verification
from applications.models import Application, Attachment, DailyDigest, HistoryEntry

SHOWN = 100


def anchor(text: str) -> tuple[date, str]:
    """A digest as somebody kept it outside: DAY=DIGEST, or the two parted by a blank."""
    day, _, digest = text.strip().replace("=", " ").partition(" ")
    try:
        found = date.fromisoformat(day), digest.strip().lower()
        if len(found[1]) != 64:
            raise ValueError
        int(found[1], 16)
    except ValueError:
        raise ArgumentTypeError(
            f"“{text.strip()}”不是“日期=日摘要”，例如 2021-04-03=（64位十六进制）。"
        ) from None
    return found


class Command(BaseCommand):
    help = "核验办理记录：每条链、每个附件、每天的日摘要，以及印在外面的日摘要。发现问题时以 1 退出。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--anchor", type=anchor, action="append", default=[], help="印出的日摘要，日期=日摘要，可重复"
        )
        parser.add_argument(
            "--without-files", action="store_true", help="不逐个读取附件的内容，只核验记录（附件很多时先用）"
        )
        parser.add_argument("--anchors", type=Path, help="文件，每行一个日期和日摘要")

    def handle(self, *args: Any, **options: Any) -> None:
        anchors = dict(options["anchor"]) | self._file(options["anchors"])
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        found = 0
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("核验", total=Application.objects.count())
            faults = verification.faults(
                anchors=anchors,
                progress=lambda n: bar.advance(task, n),
                contents=not options["without_files"],
            )
            for fault in faults:
                found += 1
                if found <= SHOWN:
                    self.stderr.write(f"{fault}")
        if found:
            raise CommandError(f"发现{found}处问题，每件申请只列第一处。")
        last = DailyDigest.objects.order_by("day").last()
        open_ = HistoryEntry.objects.filter(pk__gt=last.upto if last else 0).count()
        kept = f"封存到{last.day}，日摘要{last.digest}，其后{open_}条尚未封存。" if last else "还没有日摘要。"
        self.stdout.write(
            f"已核验{Application.objects.count()}件申请的办理记录，未发现改动；{kept}"
            + ("" if options["without_files"] else f"附件{Attachment.objects.count()}个，内容与登记相符。")
        )

    def _file(self, path: Path | None) -> dict[date, str]:
        if path is None:
            return {}
        try:
            return dict(
                anchor(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()
            )
        except OSError as error:
            raise CommandError(f"读不到{path}（{error.strerror}）。") from error
        except (ArgumentTypeError, UnicodeDecodeError) as error:
            raise CommandError(f"{path}：{error}") from error
