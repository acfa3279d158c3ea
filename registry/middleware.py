"""Who is asking (操作人), put on every request."""

from collections.abc import Callable
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from registry import appointments, clock


class ActorMiddleware:
    """Put `actor` and `today` on the request; neither asks the database until somebody looks at it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        today = cache(clock.today)
        request.today = SimpleLazyObject(today)  # type: ignore[attr-defined]
        request.actor = SimpleLazyObject(  # type: ignore[attr-defined]
            lambda: appointments.actor(request.user, on=today())
        )
        return self.get_response(request)
