"""The one clock (时钟): database time, and in a demo a stored offset on top."""

import time
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.utils import timezone

from registry.models import ClockOffset
from registry.refusal import Refused

# Neither moves with a transaction's start: clock_timestamp() on purpose, not now().
DATABASE_NOW = {
    "postgresql": "clock_timestamp()",
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f', 'now')",
}
DAY_SECONDS = 86_400


class ClockNotAdjustable(Refused):
    """Only a demo may shift its clock."""


def now() -> datetime:
    """Give the moment by the database's clock; in a demo the stored offset is added. One statement."""
    if not settings.DEMO:
        return _ask("0")
    table = ClockOffset._meta.db_table
    return _ask(f"COALESCE((SELECT days * {DAY_SECONDS} + seconds FROM {table} WHERE id = 1), 0)")


def today() -> date:
    """Give the local day (Asia/Shanghai) of the present moment."""
    return day(now())


def day(moment: datetime) -> date:
    """Give the local day of a moment."""
    return moment.astimezone(timezone.get_default_timezone()).date()


def ticks() -> int:
    """Seconds by this machine's clock, for what is no matter of law: how long a session was idle."""
    return int(time.time())


def set_offset(*, days: int = 0, seconds: int = 0) -> ClockOffset:
    """Set how far the demo clock runs ahead; refused outside a demo."""
    _require_demo()
    shift = {"days": days, "seconds": seconds, "set_at": _ask("0")}
    return ClockOffset.objects.update_or_create(pk=1, defaults=shift)[0]


def advance(*, days: int = 0, seconds: int = 0) -> ClockOffset:
    """Move the demo clock on from where it stands; refused outside a demo, and backwards."""
    _require_demo()
    if days < 0 or seconds < 0:
        raise ClockNotAdjustable("演示时钟只能往后拨。")
    with transaction.atomic():
        ClockOffset.objects.get_or_create(pk=1, defaults={"set_at": _ask("0")})
        kept = ClockOffset.objects.select_for_update().get(pk=1)
        return set_offset(days=kept.days + days, seconds=kept.seconds + seconds)


def _require_demo() -> None:
    if not settings.DEMO:
        raise ClockNotAdjustable("只有演示系统可以调整时钟。")


def _ask(offset: str) -> datetime:
    moment = DATABASE_NOW.get(connection.vendor)
    if moment is None:
        raise ImproperlyConfigured(f"不支持从 {connection.vendor} 数据库读取时间。")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {moment}, {offset}")
        stamp, shift = cursor.fetchone()
    if isinstance(stamp, str):
        stamp = datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)
    return stamp.astimezone(UTC) + timedelta(seconds=int(shift))
