"""`manage.py createsuperuser` is closed: it would make a login that may do everything, and leave no line of it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "已停用，请使用 appoint_administrator。"

    def add_arguments(self, parser: Any) -> None:
        """Whatever Django's own took is taken, and answered with the way that is open."""
        parser.add_argument("rest", nargs="*")

    def run_from_argv(self, argv: list[str]) -> None:
        """The options of Django's own are not looked at."""
        super().run_from_argv(argv[:2])

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError(
            "createsuperuser 不留记录，已停用。请使用 manage.py appoint_administrator 登录名 --name 姓名 "
            "--region 区划代码 --reason 原因 --back-office。"
        )
