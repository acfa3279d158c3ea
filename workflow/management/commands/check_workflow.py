"""`manage.py check_workflow`: cases, tasks, history and sealed sheets agree; anything else is printed and exits with 1."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from applications import history
from applications.models import Application
from workflow import consistency, seals


class Command(BaseCommand):
    help = (
        "Check that each open case has exactly one open task at its state's node, and its history no gap, "
        "and that each sheet is what was displayed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--skip-history", action="store_true", help="leave the history out")

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(consistency.faults())
        found += [f"{posting}: its list is not what was sealed" for posting in seals.broken(seals.sealed())]
        if not options["skip_history"]:
            for case in Application.objects.order_by("pk").iterator(chunk_size=500):
                found += [f"{case.number}: {fault}" for fault in history.faults(case)]
        for fault in found:
            self.stderr.write(fault)
        if found:
            raise CommandError(f"发现{len(found)}处不一致。")
        self.stdout.write(
            f"已核对{Application.objects.count()}件申请：状态、任务和办理记录一致，公示名单与封存一致。"
        )
