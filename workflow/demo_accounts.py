"""The logins of the demonstration township (演示账号): who they are, and the one password they share.

They exist only where `load_demo` has run, and that refuses outside a demo.
"""

from typing import TypedDict

DEMO_PASSWORD = "demo-2021"


class DemoLogin(TypedDict):
    """One login: how to sign in, and in plain Chinese which hats the person wears."""

    username: str
    password: str
    name: str
    roles: str


def _login(username: str, name: str, roles: str) -> DemoLogin:
    return {"username": username, "password": DEMO_PASSWORD, "name": name, "roles": roles}


DEMO_LOGINS: list[DemoLogin] = [
    _login("cun1", "陈一村", "村级经办人（示例一村）"),
    _login("cun1b", "周一村", "村级经办人（示例一村，第二位）"),
    _login("cun2", "吴二村", "村级经办人（示例二村）"),
    _login("xiang1", "郑乡甲", "乡镇审核员"),
    _login("xiang2", "王乡乙", "乡镇审核员（第二位）"),
    _login("qu1", "冯区甲", "区级审定员"),
    _login("qu2", "褚区乙", "区级审定员（第二位）"),
    _login("jiandu", "卫监督", "监督员（只读）"),
    _login("admin", "蒋管理", "系统管理员（可进后台）"),
]
