"""How long a login lasts (会话): ended when idle for too long, and when too old whatever is done in it.

The source is GB/T 22239-2019 8.1.4.1 b; the limits are settings.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from registry import clock

MINUTE = 60
BACKGROUND = "X-Background"
"""Sent by an open page that asks without anybody at it; whoever sends it can only shorten their own session."""


@receiver(user_logged_in)
def begin(request: HttpRequest, **kwargs: Any) -> None:
    """Note when the session began."""
    request.session["since"] = request.session["seen"] = clock.ticks()


class SessionLimits:
    """End what has run out. When a session was last used is written at most once a minute, so that reading pages
    stays reading; what an open page asks for by itself is no use."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        session = request.session
        if SESSION_KEY in session:
            now = clock.ticks()
            idle, old = now - session.get("seen", 0), now - session.get("since", 0)
            if idle > settings.SESSION_IDLE_SECONDS or old > settings.SESSION_COOKIE_AGE:
                logout(request)
            elif idle >= MINUTE and BACKGROUND not in request.headers:
                session["seen"] = now
        return self.get_response(request)
