"""`manage.py demo_logins`: the demonstration's logins as a table; refuses outside a demo."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.cells import cell_len

from registry import demo
from registry.models import User
from registry.refusal import Refused
from workflow.demo_accounts import DEMO_PASSWORD, by_role


class Command(BaseCommand):
    help = "列出演示账号（只限演示模式）。"

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line for each login that is there, under the name of its role."""
        try:
            demo.require_demo()
        except Refused as refused:
            raise CommandError(refused.sentence) from None
        active = set(User.objects.filter(is_active=True).values_list("username", flat=True))
        groups = [
            (group["role"], [login for login in group["logins"] if login["username"] in active])
            for group in by_role()
        ]
        if not any(logins for _, logins in groups):
            raise CommandError("演示账号还没有载入，请先运行 manage.py load_demo。")
        self.stdout.write(f"演示账号〔示例〕，密码都是 {DEMO_PASSWORD}：")
        lines = [
            ("" if place else role, login["username"], login["name"], login["place"])
            for role, logins in groups
            for place, login in enumerate(logins)
        ]
        widths = [max(cell_len(line[column]) for line in lines) for column in range(len(lines[0]))]
        for line in lines:
            # Chinese characters are two columns wide, so that str.ljust would not align them.
            cells = [text + " " * (width - cell_len(text)) for text, width in zip(line, widths, strict=True)]
            self.stdout.write("  " + "  ".join(cells).rstrip())
