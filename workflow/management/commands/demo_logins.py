"""`manage.py demo_logins`: the demonstration's logins as a table; refuses outside a demo."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.cells import cell_len

from registry import demo
from registry.models import User
from registry.refusal import Refused
from workflow.demo_accounts import DEMO_LOGINS

HEAD = ("用户名", "密码", "姓名", "角色")


class Command(BaseCommand):
    help = "列出演示账号（只限演示模式）。"

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line for each login that is there."""
        try:
            demo.require_demo()
        except Refused as refused:
            raise CommandError(refused.sentence) from None
        active = set(User.objects.filter(is_active=True).values_list("username", flat=True))
        logins = [login for login in DEMO_LOGINS if login["username"] in active]
        if not logins:
            raise CommandError("演示账号还没有载入，请先运行 manage.py load_demo。")
        lines = [HEAD]
        lines += [(login["username"], login["password"], login["name"], login["roles"]) for login in logins]
        widths = [max(cell_len(line[column]) for line in lines) for column in range(len(HEAD))]
        self.stdout.write("演示账号〔示例〕：")
        for line in lines:
            # Chinese characters are two columns wide, so that str.ljust would not align them.
            cells = [text + " " * (width - cell_len(text)) for text, width in zip(line, widths, strict=True)]
            self.stdout.write("  " + "  ".join(cells).rstrip())
