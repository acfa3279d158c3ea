"""Whether everything works (健康检查): what a person or a monitor has to know, each with a plain sentence."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from shutil import disk_usage
from threading import Event

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from notifications import outbox
from registry import sensitive
from workflow import setbacks, signs
from workflow.models import Heartbeat, Setback
from workflow.signs import Sign

SILENT = timedelta(minutes=3)
"""Without a sweep for as long, beat or the worker is gone: it comes each minute."""
LATE = timedelta(minutes=2)
"""A message that has been due for as long is not being delivered: a delivery comes each half minute."""
ROOM = 500 * 1024 * 1024
DRIFT = timedelta(seconds=30)
SHOWN = 100
"""Things that did not go which a page lists."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at: its name for monitors, whether it is right, and a sentence for people."""

    name: str
    ok: bool
    sentence: str


@dataclass(frozen=True)
class Look:
    """One look at the system at a moment: what more than one finding or a page rests on is read once."""

    now: datetime

    @cached_property
    def heartbeats(self) -> list[Heartbeat]:
        return list(Heartbeat.objects.order_by("-at"))

    @cached_property
    def round(self) -> Heartbeat | None:
        """The last round of due dates."""
        return next((one for one in self.heartbeats if one.name == "sweep"), None)

    @cached_property
    def signs(self) -> list[Sign]:
        """The workers and beats that were heard of, the latest first."""
        return signs.among(self.heartbeats)

    @cached_property
    def setbacks(self) -> list[Setback]:
        """The first of what the rounds could not do, and one more where there are more than a page shows."""
        return list(Setback.objects.select_related("asked_by")[: SHOWN + 1])

    @cached_property
    def stubborn(self) -> int:
        """How many of them failed again and again."""
        if len(self.setbacks) <= SHOWN:
            return sum(one.attempts >= setbacks.STUBBORN for one in self.setbacks)
        return Setback.objects.filter(attempts__gte=setbacks.STUBBORN).count()


def findings(look: Look) -> list[Finding]:
    """Look at everything that the system stands on; nothing here raises."""
    looks: tuple[Callable[[Look], Finding], ...] = (
        _schema,
        _keys,
        sweep,
        beat,
        stuck,
        _delivery,
        _disk,
        _clocks,
    )
    return [_tried(one, look) for one in looks]


def no_database() -> list[Finding]:
    """What is said when not even the time can be asked for."""
    return [Finding("database", False, "数据库没有应答。")]


def _tried(one: Callable[[Look], Finding], look: Look) -> Finding:
    try:
        return one(look)
    except DatabaseError as failure:
        return Finding(one.__name__.strip("_"), False, f"数据库没有正常应答（{type(failure).__name__}）。")


def _schema(look: Look) -> Finding:
    missing = 0 if whole.is_set() else _missing_migrations()
    if not missing:
        whole.set()
    sentence = f"有{missing}个数据库迁移没有执行，请先运行 migrate。" if missing else "数据库结构与程序一致。"
    return Finding("schema", not missing, sentence)


whole = Event()
"""Set once no migration was missing: a program gets no new ones while it runs, and nobody takes one back under it."""


def _missing_migrations() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _keys(look: Look) -> Finding:
    try:
        sensitive.keyring()
    except sensitive.KeyFileUnusable as failure:
        return Finding("keys", False, str(failure))
    return Finding("keys", True, "敏感字段的密钥可用。")


def sweep(look: Look) -> Finding:
    """Whether the round of due dates has run lately: without it nothing closes and nobody is reminded."""
    last = look.round
    if last is None:
        return Finding("sweep", False, "到期巡检还没有运行过，请检查 beat 和 worker。")
    silent = look.now - last.at
    if silent < -DRIFT:
        # Whether it still runs shows at the next round; until then nobody knows.
        return Finding(
            "sweep", False, "上次到期巡检的时间在将来：时钟被往回拨过，请核对时钟、beat 和 worker。"
        )
    told = f"到期巡检上次运行在{_ago(silent)}，处理{last.items}项。"
    if last.unfinished:
        days, hours = divmod(last.lag_seconds // 3600, 24)
        told = f"{told}积压还没有处理完，最早的一项迟了{days}天{hours}小时，下一轮接着处理。"
    return Finding("sweep", silent <= SILENT, told if silent <= SILENT else f"{told}请检查 beat 和 worker。")


@dataclass(frozen=True)
class Lag:
    """The last round of due dates in figures, for a monitor that draws a curve."""

    last_run: datetime
    age_seconds: int
    lag_seconds: int
    """How late the oldest thing was that the round found."""
    unfinished: bool


def lag(look: Look) -> Lag | None:
    """When the last round ran, how long ago, and how late it was; None before the first."""
    last = look.round
    if last is None:
        return None
    return Lag(last.at, int((look.now - last.at).total_seconds()), last.lag_seconds, last.unfinished)


def beat(look: Look) -> Finding:
    """Whether a beat has been heard of lately, where there is one: without it a round comes only from cron, or never."""
    heard = max((sign.at for sign in look.signs if sign.kind == signs.BEAT), default=None)
    if heard is None or look.now - heard > signs.FORGOTTEN:
        # The rounds may come from cron (manage.py sweep); whether they come is looked at above.
        return Finding("beat", True, "最近一天没有 beat 的心跳，巡检由其他方式启动。")
    silent = look.now - heard
    told = f"beat 上次心跳在{_ago(silent)}。"
    well = -DRIFT <= silent <= SILENT
    return Finding("beat", well, told if well else f"{told}请检查 beat 和 worker。")


def stuck(look: Look) -> Finding:
    """Whether something that is due fails again and again: the rest goes on, but a person has to look at it."""
    number = look.stubborn
    told = f"有{number}项到期事项反复没有办成，请在运行状况页面查看原因。"
    return Finding("stuck", not number, told if number else "到期事项都能办成。")


def _delivery(look: Look) -> Finding:
    """Whether a round of delivery has run lately, once there was one, and nothing that is due lies about."""
    now, last = look.now, outbox.last_beat()
    if last is not None and now - last.at > SILENT:
        told = f"消息发送上次运行在{_ago(now - last.at)}，请检查 beat 和 worker。"
        return Finding("delivery", False, told)
    oldest = outbox.oldest_due(now=now)
    late = now - oldest if oldest else timedelta(0)
    if late <= LATE:
        return Finding("delivery", True, "没有积压的消息。")
    return Finding("delivery", False, f"有消息到点{_ago(late, past='')}还没有发出，请检查 worker。")


def _disk(look: Look) -> Finding:
    place = settings.VAR_DIR if settings.VAR_DIR.exists() else settings.BASE_DIR
    free = disk_usage(place).free
    sentence = f"数据盘剩余{free // 1024**2}MB。"
    return Finding("disk", free >= ROOM, sentence if free >= ROOM else f"{sentence}请尽快清理。")


def _clocks(look: Look) -> Finding:
    """The database's clock decides; an application server far from it is told. A demo shifts its clock on purpose."""
    apart = timedelta(0) if settings.DEMO else abs(look.now - timezone.now())
    sentence = f"应用服务器与数据库的时钟相差{int(apart.total_seconds())}秒。"
    return Finding(
        "clocks", apart <= DRIFT, sentence if apart <= DRIFT else f"{sentence}以数据库为准，请校时。"
    )


def _ago(span: timedelta, *, past: str = "前") -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes}分钟{past}" if minutes else f"{max(0, int(span.total_seconds()))}秒{past}"
