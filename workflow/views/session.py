"""Signing in and out, and the own password (登录、退出、修改密码)."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.http import HttpResponse
from django.urls import reverse_lazy

from registry.demo import is_demo_database
from workflow.demo_accounts import DEMO_LOGINS


class Login(LoginView):
    """Sign in; whoever is signed in goes to the desk. A demo, and only a demo, shows its logins."""

    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        logins = DEMO_LOGINS if settings.DEMO and is_demo_database() else []
        # Django's view names the site by its address.
        return {**super().get_context_data(demo_logins=logins, **kwargs), "site_name": settings.SITE_NAME}


class Password(PasswordChangeView):
    """Choose another password; all other sessions of the person end with the old one."""

    template_name = "registration/password.html"
    success_url = reverse_lazy("desk")

    def form_valid(self, form: forms.BaseForm) -> HttpResponse:
        person = form.user  # type: ignore[attr-defined]
        person.must_change_password = False
        answer = super().form_valid(form)  # type: ignore[arg-type]
        messages.success(self.request, "密码已修改，其他地方的登录已全部退出。")
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "site_name": settings.SITE_NAME}


login = Login.as_view()
logout = LogoutView.as_view()
password = Password.as_view()
