"""Telling a demo database (演示库) from a real one."""

from datetime import datetime

from django.conf import settings

from registry.models import DemoMarker, Household, User
from registry.refusal import Refused


class NotADemoDatabase(Refused):
    """The act belongs to a demo, and this is not one."""


def is_demo_database() -> bool:
    """Tell whether this database carries the demo mark."""
    return DemoMarker.objects.exists()


def require_demo() -> None:
    """Refuse unless both the settings and the database say demo."""
    if not settings.DEMO:
        raise NotADemoDatabase("系统不在演示模式下，不能执行演示操作。")
    if not is_demo_database():
        raise NotADemoDatabase("这个数据库不是演示库，不能执行演示操作。")


def mark(*, now: datetime) -> DemoMarker:
    """Mark a database as a demo one, unless it holds people already; marking twice changes nothing."""
    if not settings.DEMO:
        raise NotADemoDatabase("系统不在演示模式下，不能把数据库标为演示库。")
    if not is_demo_database() and (User.objects.exists() or Household.objects.exists()):
        raise NotADemoDatabase("数据库里已有用户或户，不能标为演示库。")
    return DemoMarker.objects.get_or_create(pk=1, defaults={"created_at": now})[0]
