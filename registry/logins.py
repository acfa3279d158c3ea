"""Records of logins and log files (登录记录与日志): what is older than LOG_DAYS is purged, nothing younger."""

from datetime import datetime, timedelta
from pathlib import Path

from axes.models import AccessFailureLog, AccessLog
from django.conf import settings
from django.utils import timezone

from registry import logfiles
from registry.refusal import Refused


class KeptTooShort(Refused):
    """A setting under which logs would go sooner than the law allows."""


def purge(*, now: datetime) -> tuple[int, int]:
    """Delete log files and login rows older than LOG_DAYS; how many of each. Refuses less than six months."""
    days = settings.LOG_DAYS
    if days < logfiles.SHORTEST_DAYS:
        raise KeptTooShort(f"LOG_DAYS={days}：日志至少要保存{logfiles.SHORTEST_DAYS}天，没有清理任何内容。")
    files = logfiles.old(Path(settings.LOG_DIR), days=days, today=timezone.localdate(now))
    for path in files:
        path.unlink(missing_ok=True)
    before, rows = now - timedelta(days=days), 0
    for model in (AccessLog, AccessFailureLog):
        rows += model.objects.filter(attempt_time__lt=before).delete()[0]
    return len(files), rows
