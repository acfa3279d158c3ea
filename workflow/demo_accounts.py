"""The logins of the demonstration township (演示账号): who they are, and the one password they share.

They exist only where `load_demo` has run, and that refuses outside a demo.
"""

from itertools import groupby
from typing import TypedDict

from registry.models import Role

DEMO_PASSWORD = "demo-2021"


class DemoLogin(TypedDict):
    """One login: how to sign in, the role, and where; `unit` is the number of a clerk's village, from 0."""

    username: str
    password: str
    name: str
    role: Role
    place: str
    unit: int


class DemoGroup(TypedDict):
    """The logins of one role, under its name."""

    role: str
    logins: list[DemoLogin]


def _login(username: str, name: str, role: Role, place: str, unit: int = -1) -> DemoLogin:
    return {
        "username": username,
        "password": DEMO_PASSWORD,
        "name": name,
        "role": role,
        "place": place,
        "unit": unit,
    }


CLERK, REVIEWER, APPROVER = Role.VILLAGE_CLERK, Role.TOWNSHIP_REVIEWER, Role.DISTRICT_APPROVER

DEMO_LOGINS: list[DemoLogin] = [
    _login("cun1", "陈一村", CLERK, "示例一村", 0),
    _login("cun1b", "周一村", CLERK, "示例一村（第二位）", 0),
    _login("cun2", "吴二村", CLERK, "示例二村", 1),
    _login("cun3", "孙三村", CLERK, "示例三村", 2),
    _login("cun4", "李四村", CLERK, "示例四村", 3),
    _login("cun5", "赵五村", CLERK, "示例五村", 4),
    _login("cun6", "钱六村", CLERK, "示例六村", 5),
    _login("cun7", "沈七村", CLERK, "示例七村", 6),
    _login("cun8", "韩社区", CLERK, "示例社区", 7),
    _login("xiang1", "郑乡甲", REVIEWER, "寒亭镇"),
    _login("xiang2", "王乡乙", REVIEWER, "寒亭镇（第二位）"),
    _login("qu1", "冯区甲", APPROVER, "宣州区"),
    _login("qu2", "褚区乙", APPROVER, "宣州区（第二位）"),
    _login("jiandu", "卫监督", Role.SUPERVISOR, "宣州区"),
    _login("admin", "蒋管理", Role.ADMINISTRATOR, "宣州区（可进后台）"),
]


def by_role() -> list[DemoGroup]:
    """The logins under the names of their roles, in the order of the chain."""
    groups = groupby(DEMO_LOGINS, key=lambda login: login["role"])
    return [{"role": role.label, "logins": list(logins)} for role, logins in groups]
