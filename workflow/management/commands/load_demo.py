"""`manage.py load_demo`: the demonstration township with its story, once; refuses outside a demo."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from applications.models import Application, Programme
from registry import clock
from registry.models import Household, Member, MemberStatus, Region, RegionLevel
from registry.refusal import Refused
from workflow.demo import loading
from workflow.models import Objection, Posting


class Command(BaseCommand):
    help = "载入演示镇和它的办理故事（只限演示模式）；已经载入的不再改动，可以重复运行。"

    def handle(self, *args: Any, **options: Any) -> None:
        """Load with a progress bar, and say in one line what is there."""
        columns = (TextColumn("载入演示数据"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        quiet = options["verbosity"] == 0
        try:
            with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as progress:
                task = progress.add_task("", total=None)
                loaded = loading.load(
                    now=clock.now(),
                    told=lambda done, of: progress.update(task, completed=done, total=of),
                )
        except Refused as refused:
            raise CommandError(refused.sentence) from None
        if not quiet:
            self.stdout.write(self._summary() if loaded else "演示数据此前已经载入，没有改动。")

    def _summary(self) -> str:
        villages = Region.objects.filter(level=RegionLevel.VILLAGE).count()
        persons = Member.objects.filter(status=MemberStatus.ALIVE).count()
        states = Application.objects.order_by().values("state").distinct().count()
        return (
            f"演示数据已载入：1个镇{villages}个村（社区）、{Household.objects.count()}户{persons}人、"
            f"{Programme.objects.count()}个项目；{Application.objects.count()}件申请分布在{states}种状态，"
            f"公示和公告{Posting.objects.count()}张，异议{Objection.objects.count()}件。"
        )
