"""`manage.py sweep`: one round of everything that is due, and delivery, without a broker (for cron)."""

from typing import Any

from django.core.management.base import BaseCommand

from notifications import outbox
from registry import clock
from workflow import sweeps


class Command(BaseCommand):
    help = "Close due postings, remind, escalate and deliver messages once, without a broker."

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        done = sweeps.run(now=now)
        sent = outbox.drain(now=now)
        self.stdout.write(
            f"期满办结{done.closed}张公示，放行{done.released}件，催办{done.reminded}件，督办{done.escalated}件，"
            f"发送{sent}条消息。"
        )
        for failure in done.failed:
            self.stderr.write(failure)
