"""A second factor (双因素登录) for those who sign for public money and those who administer (GB/T 22239 8.1.4.1 d)."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from registry.appointments import Actor

# Where somebody without the second factor may still go: to give it, to choose a password, to leave, and what is public.
OPEN_TO_ALL = ("second-factor", "password", "login", "logout", "public-board", "healthz", "readyz")


def is_asked_of(actor: Actor) -> bool:
    """Whether the person needs a second factor: by role, or because the whole administration is open to them."""
    if not settings.SECOND_FACTOR or actor.user_id is None:
        return False
    return getattr(actor.user, "is_superuser", False) or any(
        role in settings.SECOND_FACTOR_ROLES for role in actor.roles
    )


class SecondFactorMiddleware:
    """Lead whoever needs a second factor and has not given it in this session to the page that asks for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SECOND_FACTOR and not self._is_open(request.path) and self._is_missing(request):
            target = f"{reverse('second-factor')}?{urlencode({'next': request.get_full_path()})}"
            return HttpResponseRedirect(target)
        return self.get_response(request)

    @staticmethod
    def _is_open(path: str) -> bool:
        return any(path.startswith(reverse(name)) for name in OPEN_TO_ALL)

    @staticmethod
    def _is_missing(request: HttpRequest) -> bool:
        user = request.user
        if not user.is_authenticated or user.is_verified():  # type: ignore[attr-defined]
            return False
        return is_asked_of(request.actor)  # type: ignore[attr-defined]
