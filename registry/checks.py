"""System checks (系统检查): keys, the demo's clock and mark, and the SQLite underneath."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from registry import sensitive
from registry.models import ClockOffset, DemoMarker, User

# https://sqlite.org/wal.html#walresetbug: mended in 3.51.3.
SAFE_WAL = (3, 51, 3)


@register(Tags.security, deploy=True)
def sensitive_keys_are_usable(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Encrypted columns need a key file that only its owner can read."""
    try:
        sensitive.keyring()
    except sensitive.KeyFileUnusable as error:
        return [Error(str(error), id="registry.E001")]
    return []


@register(Tags.security, deploy=True)
def visitors_are_told_apart(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """TLS ends at a proxy; unless that is believed, everybody comes from its address and one locks out all."""
    if settings.HTTPS and not settings.PROXY_HOPS:
        return [
            Warning(
                "HTTPS=1 而 PROXY_HOPS=0：所有访问都算作来自代理服务器，一人输错密码会影响所有人登录。",
                hint="请把 PROXY_HOPS 设为网站前面自有代理的层数，通常是 1。",
                id="registry.W002",
            )
        ]
    return []


@register(Tags.database)
def demo_and_production_are_apart(
    app_configs: Sequence[AppConfig] | None = None, databases: Iterable[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """A demo database or shifted clock never runs in production, nor a demo on a database of real people."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        tables = set(connections[alias].introspection.table_names())
        if not {model._meta.db_table for model in (ClockOffset, DemoMarker, User)} <= tables:
            continue
        marked = DemoMarker.objects.using(alias).exists()
        if not settings.DEMO and ClockOffset.objects.using(alias).exists():
            found.append(
                Error(
                    "数据库里有演示时钟的偏移，正式系统不能使用这个数据库。",
                    hint="正式系统请使用另外的数据库；演示系统请设置 DEMO=1。",
                    id="registry.E002",
                )
            )
        if not settings.DEMO and marked:
            found.append(
                Error(
                    "这是演示库，正式系统不能使用它。",
                    hint="正式系统请使用另外的数据库；演示系统请设置 DEMO=1。",
                    id="registry.E003",
                )
            )
        if settings.DEMO and not marked and User.objects.using(alias).exists():
            found.append(
                Error(
                    "数据库里已有用户，又没有演示库标记，演示系统不能使用它。",
                    hint="演示系统请使用另外的数据库。",
                    id="registry.E004",
                )
            )
    return found


@register(Tags.database)
def sqlite_is_safe_in_wal_mode(
    app_configs: Sequence[AppConfig] | None = None, databases: Iterable[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """WAL before SQLite 3.51.3 can, rarely, corrupt a database that two processes write to."""
    return [
        Warning(
            "SQLite 低于 3.51.3 又使用 WAL 日志：两个进程同时写入时，数据库有极小的可能损坏。",
            hint="请改用默认的 SQLITE_JOURNAL_MODE=DELETE，或升级 SQLite，或改用 PostgreSQL。",
            id="registry.W001",
        )
        for alias in databases or ()
        if _is_unsafe_wal(connections[alias])
    ]


def _is_unsafe_wal(connection: BaseDatabaseWrapper) -> bool:
    if connection.vendor != "sqlite" or connection.get_database_version() >= SAFE_WAL:
        return False
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        return str(cursor.fetchone()[0]).lower() == "wal"
