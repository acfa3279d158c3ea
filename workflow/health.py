"""Whether everything works (健康检查): what a person or a monitor has to know, each with a plain sentence."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from shutil import disk_usage

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from notifications import outbox
from registry import sensitive
from workflow.models import Heartbeat

SILENT = timedelta(minutes=3)
"""Without a sweep for as long, beat or the worker is gone: it comes each minute."""
LATE = timedelta(minutes=2)
"""A message that has been due for as long is not being delivered: a delivery comes each half minute."""
ROOM = 500 * 1024 * 1024
DRIFT = timedelta(seconds=30)


@dataclass(frozen=True)
class Finding:
    """One thing looked at: its name for monitors, whether it is right, and a sentence for people."""

    name: str
    ok: bool
    sentence: str


def findings(*, now: datetime) -> list[Finding]:
    """Look at everything that the system stands on; nothing here raises."""
    looks: tuple[Callable[[datetime], Finding], ...] = (_schema, _keys, sweep, _delivery, _disk, _clocks)
    return [_tried(look, now) for look in looks]


def no_database() -> list[Finding]:
    """What is said when not even the time can be asked for."""
    return [Finding("database", False, "数据库没有应答。")]


def _tried(look: Callable[[datetime], Finding], now: datetime) -> Finding:
    try:
        return look(now)
    except DatabaseError as failure:
        return Finding(look.__name__.strip("_"), False, f"数据库没有正常应答（{type(failure).__name__}）。")


def _schema(now: datetime) -> Finding:
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    sentence = f"有{missing}个数据库迁移没有执行，请先运行 migrate。" if missing else "数据库结构与程序一致。"
    return Finding("schema", not missing, sentence)


def _keys(now: datetime) -> Finding:
    try:
        sensitive.keyring()
    except sensitive.KeyFileUnusable as failure:
        return Finding("keys", False, str(failure))
    return Finding("keys", True, "敏感字段的密钥可用。")


def sweep(now: datetime) -> Finding:
    """Whether the round of due dates has run lately: without it nothing closes and nobody is reminded."""
    last = Heartbeat.objects.filter(name="sweep").first()
    if last is None:
        return Finding("sweep", False, "到期巡检还没有运行过，请检查 beat 和 worker。")
    silent = now - last.at
    if silent < -DRIFT:
        # Whether it still runs shows at the next round; until then nobody knows.
        return Finding(
            "sweep", False, "上次到期巡检的时间在将来：时钟被往回拨过，请核对时钟、beat 和 worker。"
        )
    told = f"到期巡检上次运行在{_ago(silent)}，处理{last.items}项。"
    return Finding("sweep", silent <= SILENT, told if silent <= SILENT else f"{told}请检查 beat 和 worker。")


def _delivery(now: datetime) -> Finding:
    oldest = outbox.oldest_due(now=now)
    late = now - oldest if oldest else timedelta(0)
    if late <= LATE:
        return Finding("delivery", True, "没有积压的消息。")
    return Finding("delivery", False, f"有消息到点{_ago(late, past='')}还没有发出，请检查 worker。")


def _disk(now: datetime) -> Finding:
    place = settings.VAR_DIR if settings.VAR_DIR.exists() else settings.BASE_DIR
    free = disk_usage(place).free
    sentence = f"数据盘剩余{free // 1024**2}MB。"
    return Finding("disk", free >= ROOM, sentence if free >= ROOM else f"{sentence}请尽快清理。")


def _clocks(now: datetime) -> Finding:
    """The database's clock decides; an application server far from it is told. A demo shifts its clock on purpose."""
    apart = timedelta(0) if settings.DEMO else abs(now - timezone.now())
    sentence = f"应用服务器与数据库的时钟相差{int(apart.total_seconds())}秒。"
    return Finding(
        "clocks", apart <= DRIFT, sentence if apart <= DRIFT else f"{sentence}以数据库为准，请校时。"
    )


def _ago(span: timedelta, *, past: str = "前") -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes}分钟{past}" if minutes else f"{max(0, int(span.total_seconds()))}秒{past}"
