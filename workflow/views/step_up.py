"""A code entered anew before acts that weigh most (再次验证): a batch of final approvals, full numbers in one file.

ASVS 5 7.5.3: whoever finds a desk unlocked approves nothing and takes nothing along. What was typed goes through the page
that asks and is then carried out as it was sent.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_otp.plugins.otp_totp.models import TOTPDevice

from registry import clock, factor
from workflow.forms.session import CodeForm

SEEN = "code_at"
"""When in this session the last right code was entered."""


class StepUpForm(CodeForm):
    """The code under a name that no other form has."""

    prefix = "step_up"


def note(request: HttpRequest) -> None:
    """A right code has just been entered."""
    request.session[SEEN] = clock.ticks()


def ask(request: HttpRequest) -> HttpResponse | None:
    """The page that asks for a code, or nothing where one was entered lately, comes along, or is not asked of the person."""
    if not settings.STEP_UP_SECONDS or not factor.is_asked_of(request.actor):  # type: ignore[attr-defined]
        return None
    if 0 <= clock.ticks() - request.session.get(SEEN, float("-inf")) <= settings.STEP_UP_SECONDS:
        return None
    tried = "step_up-code" in request.POST
    form = StepUpForm(request.POST if tried else None)
    if tried and form.is_valid():
        device = TOTPDevice.objects.filter(user_id=request.user.pk, confirmed=True).order_by("pk").first()
        wrong = factor.refusal_of(device, form.cleaned_data["code"]) if device else "请先绑定手机验证器。"
        if not wrong:
            note(request)
            return None
        form.add_error("code", wrong)
    left_out = {"csrfmiddlewaretoken", "step_up-code"}
    sent = [
        (name, value) for name, values in request.POST.lists() if name not in left_out for value in values
    ]
    context = {"form": form, "sent": sent, "minutes": settings.STEP_UP_SECONDS // 60}
    return render(request, "registration/step_up.html", context, status=422)
