"""A second factor (双因素登录) for those who sign for public money and those who administer (GB/T 22239 8.1.4.1 d)."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django_otp.plugins.otp_totp.models import TOTPDevice

from registry.appointments import Actor

MOST_WRONG_CODES = 10

# Where somebody without the second factor may still go: to give it, to choose a password, to leave, and what is public.
OPEN_TO_ALL = ("second-factor", "password", "login", "logout", "public-board", "healthz", "readyz")


def is_asked_of(actor: Actor) -> bool:
    """Whether the person needs a second factor: by role, or because the whole administration is open to them."""
    if not settings.SECOND_FACTOR or actor.user_id is None:
        return False
    return getattr(actor.user, "is_superuser", False) or any(
        role in settings.SECOND_FACTOR_ROLES for role in actor.roles
    )


def refusal_of(device: TOTPDevice, code: str) -> str:
    """Why a code is not taken; nothing where it is right. A code counts once, each wrong one doubles the next wait."""
    allowed, _wait = device.verify_is_allowed()
    if not allowed:
        return "输错次数较多，请稍等片刻再试。"
    if not device.verify_token(code):
        # Whoever has the password could draw the next wait out for days: it ends growing at nine minutes.
        TOTPDevice.objects.filter(pk=device.pk, throttling_failure_count__gt=MOST_WRONG_CODES).update(
            throttling_failure_count=MOST_WRONG_CODES
        )
        return "验证码不对或已经用过，请输入手机上现在显示的6位数字。"
    return ""


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
