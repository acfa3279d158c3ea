"""Signing in and out, and the own password (登录、退出、修改密码)."""

from base64 import b32encode
from typing import Any

import segno
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.generic import FormView
from django_otp import login as remember
from django_otp.plugins.otp_totp.models import TOTPDevice

from registry import clock, factor
from registry.demo import is_demo_database
from workflow.demo_accounts import by_role
from workflow.forms.session import CodeForm, SignInForm
from workflow.views import step_up


class Login(LoginView):
    """Sign in; whoever is signed in goes to the desk. A demo, and only a demo, shows its logins."""

    form_class = SignInForm
    redirect_authenticated_user = True

    def form_invalid(self, form: SignInForm) -> HttpResponse:  # type: ignore[override]
        """The page again, and 429 where too many tries came from here."""
        return self.render_to_response(
            self.get_context_data(form=form), status=429 if form.is_locked else 200
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        groups = by_role() if settings.DEMO and is_demo_database() else []
        # Django's view names the site by its address.
        return {**super().get_context_data(demo_groups=groups, **kwargs), "site_name": settings.SITE_NAME}


class Password(PasswordChangeView):
    """Choose another password; all other sessions of the person end with the old one."""

    template_name = "registration/password.html"
    success_url = reverse_lazy("desk")

    def form_valid(self, form: forms.BaseForm) -> HttpResponse:
        person = form.user  # type: ignore[attr-defined]
        person.must_change_password, person.initial_until = False, None
        person.password_set_at = clock.now()
        answer = super().form_valid(form)  # type: ignore[arg-type]
        messages.success(self.request, "密码已修改，其他地方的登录已全部退出。")
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "site_name": settings.SITE_NAME}


class SecondFactor(LoginRequiredMixin, FormView):
    """Ask for a one-time code; the first time, show the secret that the telephone has to learn.

    A code counts once, and each wrong one doubles the next wait: both are django-otp's.
    """

    form_class = CodeForm
    template_name = "registration/second_factor.html"

    @property
    def device(self) -> TOTPDevice:
        """The person's device; one that is not confirmed yet where there is none."""
        mine = TOTPDevice.objects.filter(user_id=self.request.user.pk)
        found = mine.order_by("-confirmed", "pk").first()
        return found or TOTPDevice.objects.create(user_id=self.request.user.pk, name="手机", confirmed=False)

    def form_valid(self, form: CodeForm) -> HttpResponse:
        device = self.device
        if wrong := factor.refusal_of(device, form.cleaned_data["code"]):
            form.add_error("code", wrong)
            return self.form_invalid(form)
        if not device.confirmed:
            device.confirmed = True
            device.save(update_fields=["confirmed"])
        remember(self.request, device)
        step_up.note(self.request)
        return super().form_valid(form)

    def form_invalid(self, form: CodeForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def get_success_url(self) -> str:
        target = self.request.GET.get("next", "")
        safe = url_has_allowed_host_and_scheme(
            target, allowed_hosts={self.request.get_host()}, require_https=self.request.is_secure()
        )
        return target if safe else str(reverse_lazy("desk"))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        device = self.device
        if not device.confirmed:
            code = segno.make(device.config_url, error="m").svg_data_uri(scale=5, border=2)
            kwargs |= {"qr": code, "secret": b32encode(device.bin_key).decode()}
        return super().get_context_data(**kwargs)


login = Login.as_view()
logout = LogoutView.as_view()
password = Password.as_view()
second_factor = SecondFactor.as_view()
