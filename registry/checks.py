"""System checks (系统检查): keys, the demo's clock and mark, and the SQLite underneath."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from registry import logfiles, sensitive
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


@register(Tags.security, deploy=True)
def second_factor_is_on(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Whoever signs for public money or administers gives two factors (GB/T 22239-2019 8.1.4.1 d)."""
    if settings.SECOND_FACTOR:
        return []
    return [
        Warning(
            "SECOND_FACTOR=0：区级审定员和系统管理员只凭密码就能登录。",
            hint="正式系统请去掉 SECOND_FACTOR=0；只有演示系统不要求验证器。",
            id="registry.W003",
        )
    ]


@register(Tags.security)
def logs_are_kept_long_enough(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Logs are kept for six months by law; a shorter setting would purge what an inspection asks for."""
    if settings.LOG_DAYS >= logfiles.SHORTEST_DAYS:
        return []
    return [
        Error(
            f"LOG_DAYS={settings.LOG_DAYS}：日志至少要保存六个月（{logfiles.SHORTEST_DAYS}天）。",
            hint="请把 LOG_DAYS 设为 183 以上，或者去掉这一行，默认保存三年（1095天）。",
            id="registry.E005",
        )
    ]


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
