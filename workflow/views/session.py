"""Signing in and out (登录、退出)."""

from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView, LogoutView

from registry.demo import is_demo_database
from workflow.demo_accounts import by_role


class Login(LoginView):
    """Sign in; whoever is signed in goes to the desk. A demo, and only a demo, shows its logins."""

    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        groups = by_role() if settings.DEMO and is_demo_database() else []
        # Django's view names the site by its address.
        return {**super().get_context_data(demo_groups=groups, **kwargs), "site_name": settings.SITE_NAME}


login = Login.as_view()
logout = LogoutView.as_view()
