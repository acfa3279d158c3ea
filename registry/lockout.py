"""Wrong passwords (登录锁定): what they lock and for how long. django-axes counts them; the rules are here.

Locked is a name together with the network it was tried from (GB/T 22239-2019 8.1.4.1 b), never the name alone: whoever
guesses from elsewhere locks out nobody (ASVS 5 6.3.1). A name that does not exist is counted and answered the same.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.db.models import Count, Max, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from registry import clock, throttle
from registry.models import User

STEP = timedelta(minutes=5)
LONGEST = timedelta(minutes=15)
"""The first lock, by which each further wrong password draws the next one out, and the end of that growing."""

SPRAY_SPAN = timedelta(minutes=15)
"""One network that tries many names within this span is locked until the span has passed."""


@dataclass(frozen=True)
class Lock:
    """A name locked for one network, until when."""

    network: str
    failures: int
    until: datetime


def span(failures: int) -> timedelta:
    """How long the last of so many wrong passwords locks: 5, 10, then 15 minutes."""
    over = failures - settings.AXES_FAILURE_LIMIT
    return min(STEP * (over + 1), LONGEST) if over >= 0 else timedelta()


def network(request: HttpRequest) -> str | None:
    """The network a request comes from, as the address it begins with; for axes, which keeps addresses."""
    found = throttle.client(request.META).partition("/")[0]
    try:
        return str(ip_address(found))
    except ValueError:
        return None


def own_page(request: HttpRequest, response: HttpResponse, credentials: Any = None) -> HttpResponse:
    """The login page itself says that one has to wait: axes need not put a page of its own in its place."""
    return response


def locks(usernames: list[str], *, now: datetime) -> dict[str, list[Lock]]:
    """The locks in force on these names, one per network. One query."""
    rows = (
        AccessAttempt.objects.filter(username__in=usernames, attempt_time__gte=now - timedelta(days=1))
        .order_by()
        .values("username", "ip_address")
        .annotate(failures=Sum("failures_since_start"), last=Max("attempt_time"))
    )
    found: dict[str, list[Lock]] = {}
    for row in rows.order_by("username", "ip_address"):
        until = row["last"] + span(row["failures"])
        if row["failures"] >= settings.AXES_FAILURE_LIMIT and until > now:
            lock = Lock(row["ip_address"] or "", row["failures"], until)
            found.setdefault(row["username"], []).append(lock)
    return found


def tried(*, now: datetime) -> list[str]:
    """The names that were tried with a wrong password so lately that they may be locked."""
    recent = AccessAttempt.objects.filter(attempt_time__gt=now - LONGEST, username__isnull=False)
    return list(recent.order_by().values_list("username", flat=True).distinct())


def unlock(username: str) -> int:
    """Forget the wrong passwords of a name, from wherever they came; the number of rows."""
    return int(AccessAttempt.objects.filter(username=username).delete()[0])


class Handler(AxesDatabaseHandler):
    """axes with two rules of its own: locks that grow and end, and networks that go through a list of names."""

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        """Whether the name is locked for this network, or the network for every name."""
        now: datetime = request.axes_attempt_time  # type: ignore[attr-defined]
        (attempts,) = self.get_user_attempts(request, credentials)
        told = attempts.aggregate(failures=Sum("failures_since_start"), last=Max("attempt_time"))
        if told["last"] is not None and told["last"] + span(told["failures"]) > now:
            return True
        return self._sprays(request.axes_ip_address, now)  # type: ignore[attr-defined]

    def remove_out_of_limit_failure_logs(self, *, username: str, limit: int | None = None) -> int:
        """None is forgotten by number: all are kept as long as LOG_DAYS says."""
        return 0

    @staticmethod
    def _sprays(address: str | None, now: datetime) -> bool:
        recent = AccessAttempt.objects.filter(ip_address=address, attempt_time__gt=now - SPRAY_SPAN)
        names: int = recent.aggregate(names=Count("username", distinct=True))["names"]
        return names >= settings.LOGIN_SPRAY_NAMES


class StaffBackend(ModelBackend):
    """Django's own, but for a given password that ran out: it lets nobody in and keeps nobody in."""

    def user_can_authenticate(self, user: Any) -> bool:
        can: bool = super().user_can_authenticate(user)
        return can and not (isinstance(user, User) and user.initial_has_run_out(now=moment()))


def moment() -> datetime:
    """Now by this machine's clock: asked at every request, and no matter of law."""
    return datetime.fromtimestamp(clock.ticks(), tz=timezone.get_default_timezone())
