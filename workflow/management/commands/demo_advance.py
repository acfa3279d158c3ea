"""`manage.py demo_advance DAYS`: move the demo's clock on. No row is rewritten; production refuses."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from registry import clock, demo
from registry.refusal import Refused


class Command(BaseCommand):
    help = "Move the demo clock on by a number of days (demo mode only)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("days", type=int, help="days to add to the stored offset")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            demo.require_demo()
            clock.advance(days=options["days"])
        except Refused as refused:
            raise CommandError(refused.sentence) from None
        self.stdout.write(f"演示时钟已拨到{clock.now().astimezone():%Y年%m月%d日 %H:%M}。")
