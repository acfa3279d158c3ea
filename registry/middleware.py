"""What every request carries: an id for the log, and who is asking (操作人)."""

import logging
import time
from collections.abc import Callable
from functools import cache

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from registry import appointments, clock, tracing

log = logging.getLogger("access")
refused = logging.getLogger("access.refused")
REFUSALS = (403, 404)
METHODS = ("GET", "HEAD", "POST")


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


class RefusedAccess:
    """Leave a line for each refusal of somebody signed in: who (by key), which kind of address, which status.

    Source of the rule: ASVS 5 16.3.2. The address is told as its pattern: what was typed into it is not taken in.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code in REFUSALS and request.user.is_authenticated:
            told_refused(request, status=response.status_code)
        return response


def told_refused(request: HttpRequest, *, status: int, what: str = "") -> None:
    """Write the line of a refusal; `what` names the fields in which a foreign or unknown id was sent."""
    route = f"/{request.resolver_match.route}" if request.resolver_match else "(no such address)"
    told = {"method": request.method, "route": route, "status": status, "user": request.user.pk, "what": what}
    refused.warning("refused %(status)s %(method)s %(route)s user=%(user)s %(what)s", told, extra=told)


class ActorMiddleware:
    """Put `moment()`, `today` and `actor` on the request; none asks the database until somebody looks at it.

    All three are of one moment, asked for once: a page is of the time at which it was asked for.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        moment = cache(clock.now)
        today = cache(lambda: clock.day(moment()))
        request.moment = moment  # type: ignore[attr-defined]
        request.today = SimpleLazyObject(today)  # type: ignore[attr-defined]
        request.actor = SimpleLazyObject(  # type: ignore[attr-defined]
            lambda: appointments.actor(request.user, on=today())
        )
        return self.get_response(request)


class OwnPasswordFirst:
    """The administration opens to nobody whose password is a given one or has aged; the desk's pages ask by themselves."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(reverse("admin:index")) and request.user.is_authenticated:
            person = request.user
            if person.must_change_password or person.password_has_aged(on=clock.today()):
                return HttpResponseRedirect(reverse("password"))
        return self.get_response(request)


class ReadOrPost:
    """Pages are read or posted to: nothing else reaches a view, whatever its class would make of it.

    Django's classes answer OPTIONS and hand PUT and DELETE to methods of these names, which one might come to have.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in METHODS:
            return HttpResponseNotAllowed(METHODS)
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
