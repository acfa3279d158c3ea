"""What every request carries: an id for the log, and who is asking (操作人)."""

import logging
import time
from collections.abc import Callable
from functools import cache

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from registry import appointments, clock, tracing

log = logging.getLogger("access")


class TraceMiddleware:
    """Give the request its id and leave one line of it in the log: no query, no body, no name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        trace = tracing.begin(request.headers.get(tracing.HEADER, ""))
        began = time.perf_counter()
        try:
            response = self.get_response(request)
            response[tracing.HEADER] = trace
            told = {
                "method": request.method,
                "path": request.path,
                "status": response.status_code,
                "ms": round((time.perf_counter() - began) * 1000),
            }
            log.info("%(method)s %(path)s %(status)s %(ms)sms", told, extra=told)
            return response
        finally:
            tracing.end()


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


class KeptByNobody:
    """What somebody signed in is shown stays in no cache, of the browser or on the way (ASVS 5 14.3.2)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        signed_in = SESSION_KEY in request.session
        response = self.get_response(request)
        if signed_in and "no-store" not in response.get("Cache-Control", ""):
            response["Cache-Control"] = "private, no-store"
        return response


class PermissionsPolicy:
    """No page of ours asks for the camera, the microphone or the place: photos come by a file field."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        return response
