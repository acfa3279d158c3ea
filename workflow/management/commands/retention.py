"""`manage.py retention`: whose retention period has run, files of decided removals, and logs older than LOG_DAYS."""

from typing import Any

from django.core.management.base import BaseCommand

from applications.models import Removal
from registry import clock, logins
from workflow import removals


class Command(BaseCommand):
    help = (
        "列出个人信息保存期限已满的户，并清理已决定删除而还在磁盘上的文件，以及超过 LOG_DAYS 天的日志和登录记录。"
        "删除由管理员在户籍页面办理。"
    )

    def handle(self, *args: Any, **options: Any) -> None:
        cleared = sum(removals.delete_files(removal) for removal in Removal.objects.order_by("pk"))
        if cleared:
            self.stdout.write(f"清理了{cleared}个已决定删除的文件。")
        files, rows = logins.purge(now=clock.now())
        if files or rows:
            self.stdout.write(f"清理了{files}个过期的日志文件和{rows}条过期的登录记录。")
        found = 0
        for household in removals.due(today=clock.today()):
            found += 1
            self.stdout.write(household.number)
        self.stdout.write(f"{found}户的保存期限已满。" if found else "没有保存期限已满的户。")
