"""`manage.py appoint_administrator`: the first administrator of an installation, with a line in the record."""

import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from registry import clock
from registry.refusal import Refused
from workflow import installation
from workflow.installation import Wanted


class Command(BaseCommand):
    help = "任命系统管理员：没有账号的新建账号，每一项都写入账号记录。以后的人员由管理员在“账号”页面办理。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="登录名")
        parser.add_argument("--name", required=True, help="姓名")
        parser.add_argument("--region", required=True, help="管辖区划的12位代码，一般是区县")
        parser.add_argument("--region-name", default="", help="区划名称，系统里还没有这个区划时填写")
        parser.add_argument("--reason", required=True, help="原因，写入账号记录")
        parser.add_argument("--back-office", action="store_true", help="同时开放后台管理（维护区划）")
        parser.add_argument(
            "--let-in-again", action="store_true", help="已有账号进不来时：启用、换初始密码、解除验证器"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and print the password once; refused, say why."""
        wanted = Wanted(
            username=options["username"],
            name=options["name"],
            region=options["region"],
            region_name=options["region_name"],
            back_office=options["back_office"],
            let_in_again=options["let_in_again"],
        )
        try:
            given = installation.appoint_administrator(
                wanted, now=clock.now(), reason=options["reason"], at_the_machine=getpass.getuser()
            )
        except Refused as refused:
            raise CommandError(refused.sentence) from None
        self.stdout.write(f"{given.person.name}已任系统管理员，登录名 {given.person.username}。")
        if given.password:
            self.stdout.write(f"初始密码 {given.password} 只显示这一次，首次登录须先修改。")
